"""Where else a target might be: the peaks of a response."""

from __future__ import annotations

import cv2
import numpy as np

from mobinet.targets.base import Response
from mobinet.types import Float64

_NEIGHBOURS = np.ones((3, 3), np.uint8)


def peaks(response: Response, at_least: float, count: int, apart: float = 0.4) -> list[tuple[float, Float64]]:
    """The highest local maxima of a score map with their boxes ``(4,)`` xyxy pixels, the best first.

    Args:
        response: of a matcher.
        at_least: score below which nothing is a peak.
        count: most peaks to give.
        apart: a peak whose box overlaps (IoU) more with that of a better one is the same object.
    """
    scores = response.score_map
    high = (scores >= cv2.dilate(scores, _NEIGHBOURS)) & (scores >= at_least)
    places = np.argwhere(high)
    found: list[tuple[float, Float64]] = []
    for row, column in places[np.argsort(-scores[high], kind="stable")][: 4 * count]:
        box = np.asarray(response.boxes[row, column], np.float64)
        if (box[2:] - box[:2] < 1).any() or any(overlap(box, other) > apart for _, other in found):
            continue
        found.append((float(scores[row, column]), box))
        if len(found) == count:
            break
    return found


def overlap(first: Float64, second: Float64) -> float:
    """Intersection over union of two boxes xyxy."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    if (sides <= 0).any():
        return 0.0
    common = float(sides.prod())
    return common / float((first[2:] - first[:2]).prod() + (second[2:] - second[:2]).prod() - common)
