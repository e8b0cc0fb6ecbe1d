"""Places that may be the target: found, followed for some images, and judged on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mobinet.targets.backtracking import Verdict
from mobinet.targets.base import Matcher, Response
from mobinet.targets.evidence import Evidence, judge
from mobinet.targets.proposals import overlap, peaks
from mobinet.targets.sweep import sweep
from mobinet.targets.views import ViewBank
from mobinet.types import Float64, Image

_LEAST_PEAK = 0.3
_SAME = 0.6
_SIZE_SHARE = 0.3
_NEWEST = 4


@dataclass
class Candidate:
    """A place that looks like the target.

    Args:
        box: ``(4,)`` xyxy pixels, as of the last image.
        odds: log-odds in each image since it was found.
        verdict: of the look back, once there was one.
    """

    box: Float64
    odds: list[float] = field(default_factory=list)
    verdict: Verdict | None = None

    def follow(self, matcher: Matcher, bank: ViewBank, image: Image, template: Any) -> Evidence:
        """Finds it in the next image and judges it there; costs one search and two descriptions.

        What led the network away from the target may do so here: if the place itself looks better, it stays.
        """
        boxes = (inside(matcher.search(image, template, self.box).box, image), self.box)
        judged = [(box, judge(matcher, bank, image, box)) for box in boxes]
        self.box, evidence = max(judged, key=lambda item: item[1].odds)
        self.odds.append(evidence.odds)
        return evidence


def propose(
    matcher: Matcher,
    bank: ViewBank,
    image: Image,
    response: Response,
    expected: Float64,
    count: int,
    turn: int,
    refused: Sequence[Float64] = (),
    outside: Sequence[Float64] = (),
) -> tuple[Float64, Evidence] | None:
    """The most target-like place among the peaks of a response or, in turn, of a sweep through the whole image.

    Args:
        matcher, bank: to judge with; one description a place.
        image: to look in.
        response: of the search near by.
        expected: ``(4,)`` xyxy pixels: where the target would be; its size is what is looked for.
        count: most places of each kind.
        turn: number of the image: response and sweep take turns, and in the sweep the views, two at a time.
        refused: places that are passed over.
        outside: places that others propose.
    """
    views = bank.views()
    if turn % 2:
        found = [_resized(box, expected) for _, box in peaks(response, _LEAST_PEAK, count)]
    else:
        # one of the newest views, and each of the others in turn
        half = turn // 2
        shown = (views[-1 - half % min(_NEWEST, len(views))], views[half % len(views)])
        size = expected[2:] - expected[:2]
        found = [box for view in shown for _, box in sweep(image, view, size, count)]
    boxes: list[Float64] = []
    for box in (inside(place, image) for place in (*outside, *found)):
        if all(overlap(box, other) < _SAME for other in (*boxes, *refused)):
            boxes.append(box)
    judged = [(box, judge(matcher, bank, image, box)) for box in boxes]
    return max(judged, key=lambda item: item[1].odds, default=None)


def inside(box: Float64, image: Image) -> Float64:
    """The box moved so that its middle is in the image."""
    height, width = image.shape[:2]
    middle = (box[:2] + box[2:]) / 2
    moved: Float64 = box + np.tile(np.clip(middle, 1, (max(width - 1, 1), max(height - 1, 1))) - middle, 2)
    return moved


def _resized(box: Float64, known: Float64) -> Float64:
    """A peak's box with a size nearer to the known one: a single cell's guess of the size is rough."""
    size = (1 - _SIZE_SHARE) * (known[2:] - known[:2]) + _SIZE_SHARE * (box[2:] - box[:2])
    middle = (box[:2] + box[2:]) / 2
    return np.concatenate((middle - size / 2, middle + size / 2))
