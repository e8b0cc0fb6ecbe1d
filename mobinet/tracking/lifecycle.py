"""When a track is born, confirmed and dropped. Lives are counted in seconds, not in frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.tracking import motion
from mobinet.tracking.found import Found
from mobinet.tracking.newcomers import Newcomers
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64


def recent(table: TrackTable, stamp_ns: int, newcomers: Newcomers, settings: TrackerSettings) -> NDArray[np.bool_]:
    """``(N,)`` which tracks were unseen for :func:`coast_s` at most."""
    return table.last_stamps_ns >= stamp_ns - _ns(coast_s(newcomers, settings))


def coast_s(newcomers: Newcomers, settings: TrackerSettings) -> float:
    """How long a track may be unseen, seconds.

    Until ``max_strangers`` newcomers are to be expected in its place: from then on, who turns up there is not taken for
    it. Never longer than ``max_coast_s``, nor sooner than tentative tracks end.
    """
    if settings.max_strangers <= 0 or newcomers.per_place_s <= 0:
        return settings.max_coast_s
    wait_s = settings.max_strangers / newcomers.per_place_s
    return min(settings.max_coast_s, max(settings.max_tentative_coast_s, wait_s))


def worth_keeping(table: TrackTable, stamp_ns: int, settings: TrackerSettings) -> NDArray[np.bool_]:
    """``(N,)`` which tracks live on: all but the tentative ones unseen for more than ``max_tentative_coast_s``."""
    return table.confirmed | (table.last_stamps_ns >= stamp_ns - _ns(settings.max_tentative_coast_s))


def count_hits(
    table: TrackTable, rows: Int64 | slice, scores: Float64, stamp_ns: int, settings: TrackerSettings
) -> None:
    """Books one detection for each of ``rows``, ``(K,)`` or the slice of all; ``scores`` are theirs."""
    table.hits[rows] += 1
    table.scores[rows] = scores
    table.last_stamps_ns[rows] = table.own_stamps_ns[rows] = stamp_ns
    table.confirm(settings.confirm_hits)


def give_birth(first_id: int, found: Found, stamp_ns: int, settings: TrackerSettings) -> TrackTable:
    """New tracks, one for each of K detections, with ids from ``first_id`` on."""
    table = TrackTable.of_size(len(found.scores))
    table.looks = found.looks
    motion.initiate(table, found.measurements, settings, found.variances)
    table.scores[:] = found.scores
    table.ids[:] = range(first_id, first_id + len(table))
    table.classes[:] = found.classes
    table.hits[:] = 1
    table.confirm(settings.confirm_hits)
    table.first_stamps_ns[:] = table.last_stamps_ns[:] = table.own_stamps_ns[:] = stamp_ns
    return table


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
