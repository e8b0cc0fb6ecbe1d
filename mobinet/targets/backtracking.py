"""Follows a box backwards through the images that were kept, to see what it was before.

A candidate for a hidden target has one of three pasts. Its path *meets* the target's: it is the target, and never was
hidden. It leads to *another* place where the same thing is seen at the very time at which the target was surely
somewhere else: it is another object, however alike. Or the path *breaks off* on the way, as that of a thing does which
came out from behind something. Forward-backward consistency of a path is Kalal et al., "Forward-backward error:
automatic detection of tracking failures" (2010); here it decides between objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from mobinet.targets.base import Comparer, Matcher
from mobinet.targets.history import FrameHistory, KeptImage
from mobinet.targets.proposals import overlap
from mobinet.targets.views import colours_of
from mobinet.types import Float32, Float64, Image


class Past(Enum):
    """What a path backwards tells of a candidate."""

    MEETS = 0
    BREAKS_OFF = 1
    ANOTHER = 2


@dataclass(frozen=True)
class Verdict:
    """How a path backwards ended.

    Args:
        past: of the candidate.
        overlap: mean overlap (IoU) with the sure boxes that the path reached; 0 if it reached none.
        steps: searches that it took.
    """

    past: Past
    overlap: float
    steps: int


def look_back(
    matcher: Matcher,
    history: FrameHistory,
    image: Image,
    stamp_ns: int,
    box: Float64,
    sure: Sequence[tuple[int, Float64]],
    *,
    max_steps: int,
    meeting: float = 0.5,
    same_likeness: float = 0.7,
    same_colour: float = 0.85,
) -> Verdict:
    """Follows a candidate back to the last sure boxes of the target.

    Args:
        matcher: searches with the candidate as its example.
        history: the images before.
        image: in which the candidate is.
        stamp_ns: of the image.
        box: ``(4,)`` xyxy pixels: the candidate.
        sure: stamps and boxes at which the target was surely seen, in order.
        max_steps: most searches; a longer way is gone in longer strides.
        meeting: mean overlap (IoU) with the sure boxes from which a path meets the target's.
        same_likeness, same_colour: what the end of a path must have in common with the candidate to be the same thing.
    """
    way = _way(history, stamp_ns, sure[0][0], max_steps)
    if not way or way[-1].stamp_ns > sure[-1][0]:
        return Verdict(Past.BREAKS_OFF, 0.0, 0)
    template = matcher.describe(image, box)
    places = dict(sure)
    current, overlaps = box, []
    for kept in way:
        response = matcher.search(kept.image, template, kept.to_kept(current))
        current = kept.to_source(response.box)
        if kept.stamp_ns in places:
            overlaps.append(overlap(current, places[kept.stamp_ns]))
    met = float(np.mean(overlaps)) if overlaps else 0.0
    if met >= meeting:
        return Verdict(Past.MEETS, met, len(way))
    end = way[-1]
    same = _same(matcher, template, colours_of(image, box), end, end.to_kept(current), same_likeness, same_colour)
    return Verdict(Past.ANOTHER if same and met == 0.0 else Past.BREAKS_OFF, met, len(way))


def _way(history: FrameHistory, from_ns: int, until_ns: int, max_steps: int) -> list[KeptImage]:
    """The images between two stamps, the newest first, thinned out evenly; the oldest is always among them."""
    kept = [image for image in history.backwards(from_ns) if image.stamp_ns >= until_ns]
    if len(kept) <= max_steps:
        return kept
    chosen = np.unique(np.linspace(0, len(kept) - 1, max_steps).round().astype(int))
    return [kept[index] for index in chosen]


def _same(
    matcher: Matcher, template: Any, colours: Float32, kept: KeptImage, box: Float64, likeness: float, colour: float
) -> bool:
    """Whether a box of an old image shows the thing that is described."""
    middle, size = (box[:2] + box[2:]) / 2, (kept.image.shape[1], kept.image.shape[0])
    if (middle < 0).any() or (middle >= size).any():
        return False
    if float(colours @ colours_of(kept.image, box)) < colour:
        return False
    return (
        not isinstance(matcher, Comparer) or matcher.likeness(template, matcher.describe(kept.image, box)) >= likeness
    )
