"""Which detection belongs to which track: stages, each with its own tracks, detections and strictness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.assignment import assign_pairs
from mobinet.tracking.gating import Pairs
from mobinet.tracking.settings import TrackerSettings
from mobinet.types import Float64, Int64

Mask = NDArray[np.bool_]


class Stage(NamedTuple):
    """Matches ``tracks`` (``(N,)`` bool) to ``detections`` (``(M,)`` bool) that overlap by at least ``min_iou``.

    ``margin``: by how much of their size their boxes are widened for that, on each side.
    """

    tracks: Mask
    detections: Mask
    min_iou: float
    margin: float


def stages(confirmed: Mask, scores: Float64, settings: TrackerSettings) -> tuple[Stage, ...]:
    """The order of ByteTrack (Zhang et al. 2022, algorithm 1), with a wider search for the tracks that were left over
    (Yang et al., C-BIoU, WACV 2023).

    Sure detections go to the confirmed tracks first; a confirmed track that got none may take a doubtful one, which is
    then more likely a half-hidden object than a false alarm; tentative tracks take what sure ones are left, so that
    they never steal from an object that is known.

    Args:
        confirmed: ``(N,)`` which tracks are confirmed.
        scores: ``(M,)`` of the detections.
    """
    high = scores >= settings.high_score
    low = ~high & (scores >= settings.low_score)
    near, wide = settings.box_margin, settings.wide_box_margin
    return (
        Stage(confirmed, high, settings.min_iou, near),
        Stage(confirmed, high, settings.min_iou_wide, wide),
        Stage(confirmed, low, settings.min_iou_low, near),
        Stage(~confirmed, high, settings.min_iou_tentative, near),
    )


def associate(pairs: Pairs, plan: tuple[Stage, ...], shape: tuple[int, int], max_cost: float) -> Int64:
    """Runs the stages one after the other; what one matched is gone for the next.

    A pair costs one minus its overlap, and its misfit.

    Args:
        shape: number of tracks and of detections.
        max_cost: pairs that cost more are not made.

    Returns:
        ``(N,)`` int64: the detection of each track, -1 for none.
    """
    matches = np.full(shape[0], -1, np.int64)
    free = np.ones(shape[1], bool)
    for stage in plan:
        (chosen,) = (stage.tracks[pairs.tracks] & stage.detections[pairs.detections]).nonzero()
        if not len(chosen):
            continue
        candidates = pairs if len(chosen) == len(pairs.tracks) else pairs.take(chosen)
        overlap = candidates.overlap(stage.margin)
        cost = 1 - overlap + candidates.misfit
        cost[overlap < stage.min_iou] = np.inf
        made = assign_pairs(candidates.tracks, candidates.detections, cost, max_cost)
        tracks, detections = candidates.tracks[made], candidates.detections[made]
        matches[tracks] = detections
        free[detections] = False
        (left,) = ((matches[pairs.tracks] < 0) & free[pairs.detections]).nonzero()
        if not len(left):
            break
        pairs = pairs.take(left)
    return matches
