"""When a track is born, confirmed and dropped. Lives are counted in seconds, not in frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mobinet.tracking.motion import initiate
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64, TrackState


def drop_expired(table: TrackTable, stamp_ns: int, settings: TrackerSettings) -> TrackTable:
    """The tracks that were seen within ``max_coast_s`` before ``stamp_ns``."""
    return table.select(stamp_ns - table.last_stamps_ns <= _ns(settings.max_coast_s))


def worth_keeping(table: TrackTable, stamp_ns: int, settings: TrackerSettings) -> NDArray[np.bool_]:
    """``(N,)`` which tracks live on: all but the tentative ones unseen for more than ``max_tentative_coast_s``."""
    unseen = stamp_ns - table.last_stamps_ns
    return table.confirmed | (unseen <= _ns(settings.max_tentative_coast_s))


def count_hits(
    table: TrackTable, matched: NDArray[np.bool_], scores: Float64, stamp_ns: int, settings: TrackerSettings
) -> TrackTable:
    """Books one detection for each track where ``matched``, ``(N,)``; ``scores`` are those of the K detections."""
    hits = table.hits + matched
    new_scores = table.scores.copy()
    new_scores[matched] = scores
    return replace(
        table,
        hits=hits,
        scores=new_scores,
        confirmed=table.confirmed | (hits >= settings.confirm_hits),
        last_stamps_ns=np.where(matched, stamp_ns, table.last_stamps_ns),
    )


def give_birth(
    first_id: int, measurements: Float64, scores: Float64, classes: Int64, stamp_ns: int, settings: TrackerSettings
) -> TrackTable:
    """New tracks, one for each of K detections, with ids from ``first_id`` on.

    Args:
        measurements: ``(K, 4)`` cx, cy, w, h.
        scores, classes: ``(K,)``.
    """
    count = len(measurements)
    means, covariances = initiate(measurements, settings)
    stamps = np.full(count, stamp_ns, np.int64)
    return TrackTable(
        ids=np.arange(first_id, first_id + count, dtype=np.int64),
        means=means,
        covariances=covariances,
        classes=classes,
        scores=scores,
        hits=np.ones(count, np.int64),
        confirmed=np.full(count, settings.confirm_hits <= 1),
        first_stamps_ns=stamps,
        last_stamps_ns=stamps,
    )


def state_of(confirmed: bool, matched: bool) -> TrackState:
    """A tentative track stays so while it is missed; a confirmed one that is missed coasts."""
    if not confirmed:
        return TrackState.TENTATIVE
    return TrackState.CONFIRMED if matched else TrackState.COASTING


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
