"""Which detection belongs to which track: stages, each with its own tracks, detections and strictness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.assignment import assign
from mobinet.tracking.gating import Pairs
from mobinet.tracking.settings import TrackerSettings
from mobinet.types import Float64, Int64

Mask = NDArray[np.bool_]


class Stage(NamedTuple):
    """Matches ``tracks`` (``(N,)`` bool) to ``detections`` (``(M,)`` bool) that overlap by at least ``min_iou``."""

    tracks: Mask
    detections: Mask
    min_iou: float


def stages(confirmed: Mask, scores: Float64, settings: TrackerSettings) -> tuple[Stage, ...]:
    """The order of ByteTrack (Zhang et al. 2022, algorithm 1).

    Sure detections go to the confirmed tracks first; a confirmed track that got none may take a doubtful one, which is
    then more likely a half-hidden object than a false alarm; tentative tracks take what sure ones are left, so that
    they never steal from an object that is known.

    Args:
        confirmed: ``(N,)`` which tracks are confirmed.
        scores: ``(M,)`` of the detections.
    """
    high = scores >= settings.high_score
    low = ~high & (scores >= settings.low_score)
    return (
        Stage(confirmed, high, settings.min_iou),
        Stage(confirmed, low, settings.min_iou_low),
        Stage(~confirmed, high, settings.min_iou_tentative),
    )


def associate(pairs: Pairs, plan: tuple[Stage, ...]) -> Int64:
    """Runs the stages one after the other; what one matched is gone for the next.

    Returns:
        ``(N,)`` int64: the detection of each track, -1 for none.
    """
    matches = np.full(pairs.iou.shape[0], -1, np.int64)
    free = np.ones(pairs.iou.shape[1], bool)
    for stage in plan:
        rows = np.flatnonzero(stage.tracks & (matches < 0))
        columns = np.flatnonzero(stage.detections & free)
        if not (len(rows) and len(columns)):
            continue
        block = np.ix_(rows, columns)
        cost = np.where(pairs.possible[block], 1.0 - pairs.iou[block], np.inf)
        found = assign(cost, limit=1.0 - stage.min_iou)
        matches[rows[found.rows]] = columns[found.columns]
        free[columns[found.columns]] = False
    return matches
