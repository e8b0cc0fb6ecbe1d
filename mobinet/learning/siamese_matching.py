"""A loss on the features themselves: an object's template looks like its cells of the region, and like no others.

Without it a network first learns to find anything that stands out, and to tell objects apart much later. Both parts are
cross entropies over cosines (van den Oord et al., "Representation learning with contrastive predictive coding", 2018,
arXiv:1807.03748): where in the region is the template's object, and whose template fits the object.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mobinet.learning.siamese_network import cell_points, template_middle
from mobinet.learning.siamese_pairs import PRESENT

_TEMPERATURE = 0.1
_LEAST_REACH_PX = 9.0  # half a cell: the nearest one to the middle counts always


def matching_loss(templates: Tensor, regions: Tensor, boxes: Tensor, labels: Tensor, size: int) -> Tensor:
    """Scalar; 0 where no object is in its region.

    Args:
        templates: ``(B K, C, 8, 8)`` features.
        regions: ``(B, C, H, W)`` features; K templates one after the other belong to one.
        boxes: ``(B K, 4)`` xyxy pixels of the regions.
        labels: ``(B K,)`` PRESENT or something else.
        size: of the regions, pixels.
    """
    each = len(templates) // len(regions)
    examples = functional.normalize(template_middle(functional.normalize(templates, dim=1)).flatten(1), dim=1)
    cells = functional.normalize(regions, dim=1).flatten(2).repeat_interleave(each, dim=0)
    inner = _inner_cells(boxes, size)
    chosen = (labels == PRESENT) & (inner.sum(dim=1) > 0)
    if not bool(chosen.any()):
        return (templates.sum() + regions.sum()) * 0
    wanted = inner[chosen] / inner[chosen].sum(dim=1, keepdim=True)
    places = torch.einsum("pc,pcn->pn", examples[chosen], cells[chosen]) / _TEMPERATURE
    objects = functional.normalize(torch.einsum("pn,pcn->pc", wanted, cells[chosen]), dim=1)
    owners = (objects @ examples.T / _TEMPERATURE).masked_fill(_twins(boxes, each)[chosen], float("-inf"))
    right = torch.arange(len(examples), device=boxes.device)[chosen]
    return functional.cross_entropy(places, wanted) + functional.cross_entropy(owners, right)


def _inner_cells(boxes: Tensor, size: int) -> Tensor:
    """``(N, cells)`` 1 for cells in the inner half of a box's width and height, else 0."""
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    reach = (sides / 4).clamp(min=_LEAST_REACH_PX)
    away = (cell_points(size).to(boxes.device)[None] - middles[:, :, None]).abs()
    return (away < reach[:, :, None]).all(dim=1).to(boxes.dtype)


def _twins(boxes: Tensor, each: int) -> Tensor:
    """``(N, N)`` whether two templates are of one object: of one region and with one box."""
    group = torch.arange(len(boxes), device=boxes.device) // each
    same = (group[:, None] == group[None]) & (boxes[:, None] == boxes[None]).all(dim=2)
    return same & ~torch.eye(len(boxes), dtype=torch.bool, device=boxes.device)
