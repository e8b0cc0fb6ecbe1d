"""From which score on detections are worth to be reported, measured on images that were not learnt from.

A score of the network means how well a box fits, and what a good one is depends on how long it was trained. Nodes
report from 0.5 on; the scores of each class are shifted so that this is where precision and recall are balanced best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mobinet.boxes import iou_matrix
from mobinet.learning.detector_losses import IGNORED
from mobinet.learning.detector_network import CLASSES, DetectorNetwork, cell_middles
from mobinet.learning.detector_task import Example, plain_example
from mobinet.learning.images import LabelledImage
from mobinet.suppression import suppress
from mobinet.types import Float32, Float64, Int64

_LOWEST_SCORE = 0.05
_SUPPRESSION = 0.6
_OVERLAP = 0.5
_STEPS = np.arange(0.06, 0.95, 0.01)


class Balance(NamedTuple):
    """The score from which on detections of a class have the best F1 measure at an overlap of 0.5, and that measure."""

    score: float
    f1: float


def balance_scores(network: DetectorNetwork, images: Sequence[LabelledImage]) -> dict[str, Balance]:
    """Shifts the scores of each class so that 0.5 is the best threshold on ``images``; tells what it was before."""
    found = measure_balance(network, images)
    last = network.class_head[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    with torch.no_grad():
        for number, name in enumerate(CLASSES):
            last.bias[number] -= math.log(found[name].score / (1 - found[name].score))
    return found


def measure_balance(network: nn.Module, images: Sequence[LabelledImage]) -> dict[str, Balance]:
    """By class name; 0.5 and 0 for a class that the images do not have."""
    hits: list[list[tuple[float, bool]]] = [[] for _ in CLASSES]
    wanted = [0] * len(CLASSES)
    for image in images:
        example = plain_example(image)
        boxes, scores = _detect(network, example)
        for number in range(len(CLASSES)):
            hits[number] += judge(boxes, scores[:, number], example.boxes, example.labels, number)
            wanted[number] += int((example.labels == number).sum())
    return {name: best_balance(hits[number], wanted[number]) for number, name in enumerate(CLASSES)}


def _detect(network: nn.Module, example: Example) -> tuple[Float32, Float32]:
    """``(N, 4)`` boxes and ``(N, C)`` scores of all cells."""
    pixels = torch.from_numpy(np.ascontiguousarray(example.image.transpose(2, 0, 1))).float()[None] / 255
    with torch.no_grad():
        logits, distances = network(pixels)
    middles = cell_middles(*example.image.shape[:2])
    boxes: Tensor = torch.cat([middles - distances[0, :2], middles + distances[0, 2:]]).T
    return boxes.numpy().astype(np.float32), logits[0].sigmoid().T.numpy().astype(np.float32)


def judge(boxes: Float32, scores: Float32, true_boxes: Float32, labels: Int64, number: int) -> list[tuple[float, bool]]:
    """Score and rightness of each detection of a class; what falls on an object that does not count is left out.

    Args:
        boxes: ``(N, 4)`` xyxy pixels of all cells.
        scores: ``(N,)`` of the class.
        true_boxes, labels: ``(G, 4)`` and ``(G,)`` what is there.
        number: of the class.
    """
    keep = np.flatnonzero(scores >= _LOWEST_SCORE)
    one_class: Int64 = np.zeros(len(keep), np.int64)
    keep = keep[suppress(boxes[keep], scores[keep], one_class, _SUPPRESSION)]
    true, ignored = true_boxes[labels == number], true_boxes[labels == IGNORED]
    overlaps = iou_matrix(boxes[keep].astype(np.float64), true.astype(np.float64))
    forgiven = _covered(boxes[keep], ignored)
    judged = []
    for row, index in enumerate(keep):
        best = int(overlaps[row].argmax()) if overlaps.shape[1] else -1
        if best >= 0 and overlaps[row, best] >= _OVERLAP:
            judged.append((float(scores[index]), True))
            overlaps[:, best] = 0
        elif not forgiven[row]:
            judged.append((float(scores[index]), False))
    return judged


def _covered(boxes: Float32, others: Float32) -> NDArray[np.bool_]:
    """``(N,)`` whether half of a box lies in one of ``others``."""
    if not len(others) or not len(boxes):
        return np.zeros(len(boxes), bool)
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    return np.asarray((shared >= 0.5 * (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]).any(axis=1))


def best_balance(hits: Sequence[tuple[float, bool]], wanted: int) -> Balance:
    """The balance of a class of which there are ``wanted`` objects, from what ``judge`` says of all its detections."""
    scores: Float64 = np.array([score for score, _ in hits], np.float64)
    right = np.array([is_right for _, is_right in hits], bool)
    if not wanted or not right.any():
        return Balance(0.5, 0.0)
    f1 = [2 * right[scores >= step].sum() / ((scores >= step).sum() + wanted) for step in _STEPS]
    best = int(np.argmax(f1))
    return Balance(float(_STEPS[best]), float(f1[best]))
