"""What a tracker of one object does while it is out of sight, and once it is back.

An *absence* is a run of images without a true box, with an image with one before and after it: occlusion or out of
view, as in the ground truth of TLD (Kalal et al., "Tracking-Learning-Detection", 2012), which calls an object invisible
when more than half of it is hidden. It ends with a *return*. The images that are judged after a return are the next
``within``, or those up to the next absence if they are fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.evaluation.target import SUCCESS_OVERLAPS, checked_boxes, overlaps
from mobinet.settings import check_settings, setting
from mobinet.types import Float64, Int64, TargetState

_SEEN = (TargetState.TRACKING, TargetState.UNCERTAIN, TargetState.REFOUND)
_SURE = (TargetState.TRACKING, TargetState.REFOUND)
_GONE = (TargetState.OCCLUDED, TargetState.LOST)


@dataclass(frozen=True)
class AbsenceSettings:
    """What counts.

    Boxes of neighbours that walk side by side overlap by up to 0.3; a box below ``off_iou`` shows no part of the object
    worth the name, and is still allowed to be two thirds of a width beside it.
    """

    within: int = setting(30, "images after a return in which the object must be found again", minimum=1)
    found_iou: float = setting(0.5, "least overlap (IoU) at which a box is right", minimum=0.0, maximum=1.0)
    off_iou: float = setting(0.1, "overlap (IoU) below which a box is on something else", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class AbsenceScores:
    """Counts, which add up over sequences, and the shares made of them (0..1, NaN when there was nothing to judge).

    Args:
        absences: number of them.
        reacquired: returns after which, in a judged image, the tracker says that it sees the object (TRACKING,
            UNCERTAIN or REFOUND) with an overlap of at least ``found_iou``.
        false_reacquired: absences with an image, from the first without the object to the last judged one, in which
            the tracker is sure (TRACKING or REFOUND) of something else: its box overlaps the object's place by less
            than ``off_iou``. That tracker either never let go or took hold of the wrong thing.
        after: judged images after returns; ``success_after`` is their sum of success (OTB's area under the curve).
        hidden: images without the object from its first on; ``told`` those that are said to be so (OCCLUDED or LOST).
        visible: images with the object in which the network's own box is right (``found_iou``); ``false_alarms`` those
            of them that are called OCCLUDED or LOST.
    """

    absences: int = 0
    reacquired: int = 0
    false_reacquired: int = 0
    after: int = 0
    success_after_sum: float = 0.0
    hidden: int = 0
    told: int = 0
    visible: int = 0
    false_alarms: int = 0

    @property
    def success_after(self) -> float:
        """Area under the success curve of the judged images after returns."""
        return _share(self.success_after_sum, self.after)

    @property
    def reacquired_share(self) -> float:
        return _share(self.reacquired, self.absences)

    @property
    def told_share(self) -> float:
        return _share(self.told, self.hidden)

    @property
    def false_alarm_share(self) -> float:
        return _share(self.false_alarms, self.visible)


class Absence(NamedTuple):
    """Images ``start <= i < back`` lack the object; ``back <= i < end`` are judged."""

    start: int
    back: int
    end: int


def find_absences(there: NDArray[np.bool_], within: int) -> list[Absence]:
    """Absences in ``(N,)`` whether the object is there; none before its first image, none after its last."""
    if not there.any():
        return []
    first = int(np.argmax(there))
    changes = [int(change) for change in np.flatnonzero(np.diff(there.astype(np.int8))) + 1 if change > first]
    starts, backs = changes[::2], changes[1::2]
    ends = [*starts[1:], len(there)]
    return [
        Absence(start, back, min(back + within, end)) for start, back, end in zip(starts, backs, ends, strict=False)
    ]


def evaluate_absences(
    truth: Float64,
    results: Float64,
    states: Int64,
    network: Float64 | None = None,
    places: Float64 | None = None,
    settings: AbsenceSettings | None = None,
) -> AbsenceScores:
    """Scores of one sequence.

    Args:
        truth: ``(N, 4)`` xyxy pixels, a row of NaN where the object is out of sight.
        results: ``(N, 4)`` likewise, NaN where the tracker gives no box.
        states: ``(N,)`` of ``TargetState``; a tracker without states is TRACKING wherever it gives a box.
        network: ``(N, 4)`` what the network alone chose, for the false alarms; ``results`` by default.
        places: ``(N, 4)`` where the object really is while it is hidden; by default on the straight way from the last
            box before the absence to the first after it.

    Raises:
        InputError: lengths differ, or a box is inverted.
    """
    settings = settings or AbsenceSettings()
    truth, results = checked_boxes(truth, "truth"), checked_boxes(results, "results")
    network = results if network is None else checked_boxes(network, "network")
    there = ~np.isnan(truth[:, 0])
    places = _on_the_way(truth) if places is None else np.where(there[:, None], truth, places)
    lengths = {"results": len(results), "states": len(states), "network": len(network), "places": len(places)}
    for name, length in lengths.items():
        if length != len(truth):
            raise InputError(f"{name}: expected one an image, {len(truth)} as the truth, got {length}")
    overlap = overlaps(truth, results)
    found = np.isin(states, _SEEN) & (overlap >= settings.found_iou)
    reported = ~np.isnan(results[:, 0])
    astray = reported & np.isin(states, _SURE) & (overlaps(places, results) < settings.off_iou)
    gone = np.isin(states, _GONE)
    absences = find_absences(there, settings.within)
    judged = np.zeros(len(truth), bool)
    for absence in absences:
        judged[absence.back : absence.end] = True
    right = there & (overlaps(truth, network) >= settings.found_iou)
    hidden = ~there & np.logical_or.accumulate(there)
    return AbsenceScores(
        absences=len(absences),
        reacquired=sum(bool(found[each.back : each.end].any()) for each in absences),
        false_reacquired=sum(bool(astray[each.start : each.end].any()) for each in absences),
        after=int(judged.sum()),
        success_after_sum=float((overlap[judged][:, None] > SUCCESS_OVERLAPS).mean(axis=1).sum()),
        hidden=int(hidden.sum()),
        told=int((gone & hidden).sum()),
        visible=int(right.sum()),
        false_alarms=int((gone & right).sum()),
    )


def add_absences(scores: Sequence[AbsenceScores]) -> AbsenceScores:
    """All sequences together: every absence and every image counts the same."""
    names = AbsenceScores.__dataclass_fields__
    return AbsenceScores(**{name: sum(getattr(each, name) for each in scores) for name in names})


def _on_the_way(truth: Float64) -> Float64:
    """Boxes of the images without one, by linear interpolation; NaN before the first and after the last."""
    places = truth.copy()
    numbers, known = np.arange(len(truth)), np.flatnonzero(~np.isnan(truth[:, 0]))
    if len(known):
        for column in range(4):
            places[:, column] = np.interp(numbers, known, truth[known, column], left=np.nan, right=np.nan)
    return places


def _share(part: float, whole: int) -> float:
    return part / whole if whole else float("nan")
