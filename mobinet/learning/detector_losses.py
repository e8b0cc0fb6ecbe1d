"""Which cells learn which object, and what they learn.

Assignment after TOOD (Feng et al., "Task-aligned One-stage Object Detection", ICCV 2021, arXiv:2108.07755): of the
cells within an object, those learn it that already see it best, by score and overlap. Scores follow the quality focal
loss of Li et al., arXiv:2006.04388, boxes the generalised overlap of Rezatofighi et al., CVPR 2019, arXiv:1902.09630.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

_CELLS_EACH = 9
_SCORE_POWER, _OVERLAP_POWER = 0.5, 4.0
_REACH_PX = 6.0  # small objects hold no middle of a cell: the nearest may learn them too
_BOX_WEIGHT = 2.0
_TINY = 1e-9


class Targets(NamedTuple):
    """Objects of a batch, padded to G an image.

    Args:
        boxes: ``(B, G, 4)`` xyxy pixels.
        labels: ``(B, G)`` class numbers; -1 for padding, -2 for what is neither to be found nor background.
    """

    boxes: Tensor
    labels: Tensor


PADDING, IGNORED = -1, -2


def detection_losses(logits: Tensor, distances: Tensor, middles: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Scalars ``loss``, ``score_loss``, ``box_loss`` and ``overlap``, the mean overlap of cells with their objects.

    Args:
        logits: ``(B, C, N)`` of the classes.
        distances: ``(B, 4, N)`` pixels to left, top, right, bottom.
        middles: ``(2, N)`` of the cells, pixels.
        targets: what is in the images.
    """
    boxes = torch.cat([middles - distances[:, :2], middles + distances[:, 2:]], dim=1).transpose(1, 2)
    logits = logits.transpose(1, 2)
    wanted, objects = assign(logits.detach().sigmoid(), boxes.detach(), middles.T, targets)
    scores = logits.sigmoid()
    loss = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    loss = loss * (wanted - scores).abs() ** 2
    background = wanted.sum(dim=2) == 0
    loss = loss * ~(background & _inside_ignored(middles.T, targets))[..., None]
    weight = wanted.sum(dim=2)
    total = weight.sum().clamp(min=1.0)
    score_loss = loss.sum() / total
    chosen = weight > 0
    batch = torch.arange(len(boxes), device=boxes.device)[:, None].expand_as(objects)[chosen]
    overlap, generalised = paired_overlaps(boxes[chosen], targets.boxes[batch, objects[chosen]])
    box_loss = ((1 - generalised) * weight[chosen]).sum() / total
    mean = overlap.detach().mean() if len(overlap) else torch.zeros(())
    return {
        "loss": score_loss + _BOX_WEIGHT * box_loss,
        "score_loss": score_loss,
        "box_loss": box_loss,
        "overlap": mean,
    }


def assign(scores: Tensor, boxes: Tensor, middles: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    """What each cell shall say.

    Args:
        scores: ``(B, N, C)`` 0..1.
        boxes: ``(B, N, 4)`` xyxy pixels that the cells predict.
        middles: ``(N, 2)``.

    Returns:
        ``(B, N, C)`` wanted scores, 0 for background, and ``(B, N)`` the object that a cell learns, 0 for none.
    """
    real = targets.labels >= 0
    overlaps = pairwise_overlaps(targets.boxes, boxes)
    low, high = targets.boxes[:, :, None, :2], targets.boxes[:, :, None, 2:]
    inside = ((middles > low) & (middles < high)).all(dim=3)
    near = ((middles - (low + high) / 2).abs() < _REACH_PX).all(dim=3)
    candidate = (inside | near) & real[:, :, None]
    classes = targets.labels.clamp(min=0)[:, :, None].expand(-1, -1, scores.shape[1])
    own = scores.transpose(1, 2).gather(1, classes)
    fit = (own.clamp(min=_TINY) ** _SCORE_POWER * overlaps.clamp(min=1e-3) ** _OVERLAP_POWER) * candidate
    best = fit.topk(min(_CELLS_EACH, fit.shape[2]), dim=2)
    chosen = torch.zeros_like(candidate).scatter(2, best.indices, best.values > 0)
    # a cell that several objects want learns the one that it overlaps most
    rival = (overlaps + 1e-6) * chosen
    objects = rival.argmax(dim=1)
    chosen &= functional.one_hot(objects, fit.shape[1]).transpose(1, 2).bool()
    fit = fit * chosen
    # the best cell of an object wants its overlap as score, the others less
    scale = (overlaps * chosen).amax(dim=2, keepdim=True) / fit.amax(dim=2, keepdim=True).clamp(min=_TINY)
    quality = (fit * scale).amax(dim=1)
    labels = targets.labels.gather(1, objects).clamp(min=0)
    wanted = functional.one_hot(labels, scores.shape[2]) * quality[:, :, None]
    return wanted, objects


def pairwise_overlaps(a: Tensor, b: Tensor) -> Tensor:
    """``(B, G, N)`` intersection over union of ``(B, G, 4)`` with ``(B, N, 4)``."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=3)
    areas = _areas(a)[:, :, None] + _areas(b)[:, None, :]
    return shared / (areas - shared).clamp(min=_TINY)


def paired_overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """``(K,)`` overlap and generalised overlap of ``(K, 4)`` boxes, pair by pair."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (_areas(a) + _areas(b) - shared).clamp(min=_TINY)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1).clamp(min=_TINY)
    overlap = shared / union
    return overlap, overlap - (around - union) / around


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).prod(dim=-1)


def _inside_ignored(middles: Tensor, targets: Targets) -> Tensor:
    """``(B, N)`` cells whose middle lies in a box that does not count."""
    ignored = targets.labels == IGNORED
    low, high = targets.boxes[:, :, None, :2], targets.boxes[:, :, None, 2:]
    inside: Tensor = (((middles > low) & (middles < high)).all(dim=3) & ignored[:, :, None]).any(dim=1)
    return inside
