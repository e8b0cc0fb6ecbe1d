"""Which pairs of track and detection are possible at all, and how well they fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.tracking.appearance import unlikeness
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float32, Float64, Int64

# up to this many pairs, comparing all of them is faster than sorting
_DENSE_PAIRS = 20_000


class Pairs(NamedTuple):
    """K pairs that may match; none is missing.

    ``tracks``, ``detections``: ``(K,)`` rows of the table and of the measurements. ``expected``, ``found``:
    ``(K, 4)`` their boxes, cx, cy, w, h. ``misfit``: ``(K,)`` what height,
    direction and looks add to a pair's cost. ``slack``: ``(K, 2)`` pixels by which both boxes are wider on each side
    because it is not known better where they are; ``None`` for none.
    """

    tracks: Int64
    detections: Int64
    expected: Float64
    found: Float64
    misfit: Float64
    slack: Float64 | None = None

    def take(self, rows: Int64) -> Pairs:
        return Pairs(
            self.tracks.take(rows),
            self.detections.take(rows),
            self.expected.take(rows, axis=0),
            self.found.take(rows, axis=0),
            self.misfit.take(rows),
            None if self.slack is None else self.slack.take(rows, axis=0),
        )

    def overlap(self, margin: float) -> Float64:
        """``(K,)`` intersection over union of boxes that are wider by ``margin`` of their size on each side.

        As the buffered IoU of Yang et al. (C-BIoU, WACV 2023, eq. 1); a margin of 0 is the plain IoU.
        """
        scale = 1 + 2 * margin
        first, second = scale * self.expected[:, 2:], scale * self.found[:, 2:]
        if self.slack is not None:
            first, second = first + 2 * self.slack, second + 2 * self.slack
        apart = np.abs(self.expected[:, :2] - self.found[:, :2])
        sides = np.minimum(0.5 * (first + second) - apart, np.minimum(first, second))
        np.maximum(sides, 0, out=sides)
        both = sides[:, 0] * sides[:, 1]
        overlap: Float64 = both / (first[:, 0] * first[:, 1] + second[:, 0] * second[:, 1] - both)
        return overlap


class Leeway(NamedTuple):
    """What else may match where it is not known well what was seen, and where.

    ``tracks``, ``detections``: ``(N, 2)`` and ``(M, 2)`` pixels along x and y by which it is not known where they are.
    ``open_tracks``, ``open_detections``: ``(N,)`` and ``(M,)`` those whose class does not count.
    """

    tracks: Float64
    detections: Float64
    open_tracks: NDArray[np.bool_]
    open_detections: NDArray[np.bool_]


def gate(
    table: TrackTable,
    measurements: Float64,
    classes: Int64,
    looks: Float32,
    settings: TrackerSettings,
    leeway: Leeway | None = None,
) -> Pairs:
    """Pairs of one class whose widened boxes overlap, and how badly each fits apart from its overlap.

    Args:
        table: N tracks, predicted to the detections' time.
        measurements: ``(M, 4)`` cx, cy, w, h of the detections.
        classes: ``(M,)`` class codes.
        looks: ``(M, D)`` unit vectors, as those of the table.
    """
    widest = 1 + 2 * max(settings.box_margin, settings.wide_box_margin)
    if leeway is None:
        tracks, detections = overlapping(table.boxes, measurements, widest)
    else:
        first, second = _widened(table.boxes, leeway.tracks, widest), _widened(measurements, leeway.detections, widest)
        tracks, detections = overlapping(first, second, widest)
    same = table.classes[tracks] == classes[detections]
    if leeway is not None:
        same |= leeway.open_tracks[tracks] | leeway.open_detections[detections]
    if np.count_nonzero(same) < len(same):
        tracks, detections = tracks[same], detections[same]
    own = TrackTable(table.numbers.take(tracks, axis=0), table.marks, table.looks)
    expected, found = own.boxes, measurements.take(detections, axis=0)
    heights, others = expected[:, 3], found[:, 3]
    misfit = settings.height_weight * (1 - np.minimum(heights, others) / np.maximum(heights, others))
    if settings.direction_weight > 0:
        misfit -= settings.direction_weight * _agreement(own, found)
    if looks.shape[1] and settings.appearance_weight > 0:
        misfit += unlikeness(tracks, detections, table.looks[tracks], looks[detections], settings)
    slack = None if leeway is None else leeway.tracks.take(tracks, axis=0) + leeway.detections.take(detections, axis=0)
    return Pairs(tracks, detections, expected, found, misfit, slack)


def _widened(boxes: Float64, slack: Float64, scale: float) -> Float64:
    """Boxes cx, cy, w, h that, ``scale`` times as large, are wider by two ``slack`` on each side.

    One of them for each box of a pair: the pair's slack is the sum of both, and both boxes of it are wider by that.
    """
    return np.concatenate((boxes[:, :2], boxes[:, 2:] + 4 * slack / scale), axis=1)


def overlapping(first: Float64, second: Float64, scale: float) -> tuple[Int64, Int64]:
    """Rows of all pairs of boxes that overlap when each is ``scale`` times as large, by rising row of ``first``.

    Args:
        first: ``(N, 4)`` cx, cy, w, h.
        second: ``(M, 4)``.
    """
    half, other_half = (0.5 * scale) * first[:, 2:], (0.5 * scale) * second[:, 2:]
    if len(first) * len(second) <= _DENSE_PAIRS:
        apart = np.abs(first.T[:2, :, None] - second.T[:2, None])
        in_x, in_y = apart < half.T[:, :, None] + other_half.T[:, None]
        rows, columns = (in_x & in_y).nonzero()
        return rows, columns
    rows, columns = _near_in_x(first[:, 0], half[:, 0], second[:, 0], other_half[:, 0])
    apart = np.abs(first[rows, :2] - second[columns, :2])
    within = (apart < half[rows] + other_half[columns]).all(axis=1)
    rows, columns = rows[within], columns[within]
    order = np.lexsort((columns, rows))
    return rows[order], columns[order]


def _near_in_x(x: Float64, half: Float64, other_x: Float64, other_half: Float64) -> tuple[Int64, Int64]:
    """Rows of all pairs that could overlap by their x alone: for each first box a window of the sorted second ones."""
    order = np.argsort(other_x)
    reach = half + other_half.max()
    start = np.searchsorted(other_x[order], x - reach)
    count = np.searchsorted(other_x[order], x + reach) - start
    rows = np.repeat(np.arange(len(x)), count)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return rows, order[start[rows] + within]


def _agreement(tracks: TrackTable, found: Float64) -> Float64:
    """``(K,)`` in -1..1: whether a detection lies where its track was heading.

    The cosine between the track's velocity and the way from its last detection (Cao et al., OC-SORT, CVPR 2023,
    section 4.2), which counts less the slower the track is: below its own height a second the heading is mostly noise.

    Args:
        tracks: one row for each of K pairs.
        found: ``(K, 4)``.
    """
    vx, vy = tracks.velocities.T[:2]
    way_x, way_y = found.T[:2] - tracks.observed.T[:2]
    scale = np.maximum(np.hypot(vx, vy), tracks.boxes[:, 3]) * np.maximum(np.hypot(way_x, way_y), 1e-9)
    agreement: Float64 = (vx * way_x + vy * way_y) / scale
    return agreement
