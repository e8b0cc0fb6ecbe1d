"""Connected parts of the picture in which something happens: how many events, how fast, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events
from mobinet.types import Float64, Int64

# Sums that one pass over the events makes of each part.
_SUMS = 9
# Limbs move on their own: the mean is less certain by so much than if all events were one rigid body's.
_LIMBS = 3.0
# This share of a part's events lies beyond each side of its box.
_OUTSIDE = 0.02


@dataclass(frozen=True)
class Parts:
    """N connected parts.

    Args:
        boxes: ``(N, 4)`` float64 xyxy pixels, at the end of the window.
        velocities: ``(N, 2)`` pixels per second.
        spreads: ``(N, 2)`` standard deviation of the velocities.
        events, noise: ``(N,)`` events beyond the noise, and of noise to be expected.
    """

    boxes: Float64
    velocities: Float64
    spreads: Float64
    events: Float64
    noise: Float64

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, rows: Int64 | NDArray[np.bool_]) -> Parts:
        return Parts(
            self.boxes[rows],
            self.velocities[rows],
            self.spreads[rows],
            self.events[rows],
            self.noise[rows],
        )


def measure_parts(
    events: Events, newest_ns: Int64, labels: NDArray[np.int32], ages_ns: Int64, count: int, cell_px: int, now_ns: int
) -> Parts:
    """The parts at ``now_ns``.

    Positions of a part's events over their times are fitted by a line, whose slope is its velocity. Each event is moved
    along with it to ``now_ns``, and the box holds nearly all of them, and of the pixels that were active before.

    Args:
        events: of the window, inside the sensor.
        newest_ns: ``(H, W)`` time of each pixel's newest event.
        labels: ``(rows, columns)`` part of each cell, from 1 on; 0 for none.
        ages_ns: ``(rows, columns)`` how old a pixel's newest event may be to count; 0 where the window's events do.
        count: N.
        cell_px: side of a cell, pixels.
    """
    height, width = newest_ns.shape
    sums = np.zeros((count + 1, _SUMS), np.float64)
    _sum(events.t_ns, events.x, events.y, labels, cell_px, now_ns, sums)
    velocities, spreads = _velocities(sums[1:])
    # a histogram of columns and one of rows for each part; what moves out of the picture stays at its border
    columns, rows = np.zeros((count + 1, width), np.int32), np.zeros((count + 1, height), np.int32)
    moves = np.concatenate((np.zeros((1, 2)), trusted(velocities, spreads)))
    _spread(events.t_ns, events.x, events.y, labels, ages_ns, cell_px, now_ns, moves, columns, rows)
    if ages_ns.any():
        _add_pixels(newest_ns, labels, ages_ns, cell_px, now_ns, columns, rows)
    left, right = _limits(columns[1:])
    top, bottom = _limits(rows[1:])
    return Parts(np.stack((left, top, right, bottom), axis=1), velocities, spreads, np.zeros(count), np.zeros(count))


def _velocities(sums: Float64) -> tuple[Float64, Float64]:
    """Slopes of x and y over time and their standard deviations, ``(N, 2)``, pixels per second."""
    n, t, tt, x, y, tx, ty, xx, yy = sums.T
    n = np.maximum(n, 1.0)
    spread_t = np.maximum(tt - t * t / n, 1e-9)[:, None]
    slopes = np.stack((tx - t * x / n, ty - t * y / n), axis=1) / spread_t
    # a pixel at least, so that a part of one pixel is no exact measurement
    spread_p = np.maximum(np.stack((xx - x * x / n, yy - y * y / n), axis=1) / n[:, None], 1.0)
    return slopes, _LIMBS * np.sqrt(spread_p / spread_t)


def trusted(velocities: Float64, spreads: Float64) -> Float64:
    """``(N, 2)`` velocities, smaller where they may be chance."""
    squares = velocities * velocities
    less: Float64 = squares / np.maximum(squares + spreads * spreads, 1e-9) * velocities
    return less


def _limits(histogram: NDArray[np.int32]) -> tuple[Float64, Float64]:
    """``(N,)`` twice: the first place and the one behind the last that hold all but a share of each row."""
    rising = np.cumsum(histogram, axis=1)
    total = rising[:, -1:]
    outside = np.floor(_OUTSIDE * total)
    first = np.argmax(rising > outside, axis=1)
    last = np.argmax(rising >= total - outside, axis=1)
    return first.astype(np.float64), last + 1.0


@compiled
def _sum(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    labels: NDArray[np.int32],
    cell: int,
    now_ns: int,
    sums: Float64,
) -> None:
    side = np.uint32(cell)
    for index in range(len(x)):
        part = labels[np.uint32(y[index]) // side, np.uint32(x[index]) // side]
        if part > 0:
            t, at_x, at_y = (t_ns[index] - now_ns) * 1e-9, np.float64(x[index]), np.float64(y[index])
            sums[part, 0] += 1.0
            sums[part, 1] += t
            sums[part, 2] += t * t
            sums[part, 3] += at_x
            sums[part, 4] += at_y
            sums[part, 5] += t * at_x
            sums[part, 6] += t * at_y
            sums[part, 7] += at_x * at_x
            sums[part, 8] += at_y * at_y


@compiled
def _spread(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    labels: NDArray[np.int32],
    ages_ns: Int64,
    cell: int,
    now_ns: int,
    moves: Float64,
    columns: NDArray[np.int32],
    rows: NDArray[np.int32],
) -> None:
    side = np.uint32(cell)
    right, bottom = columns.shape[1] - 1, rows.shape[1] - 1
    for index in range(len(x)):
        row, column = np.uint32(y[index]) // side, np.uint32(x[index]) // side
        part = labels[row, column]
        if part > 0 and ages_ns[row, column] == 0:
            t = (now_ns - t_ns[index]) * 1e-9
            to_x = int(np.floor(x[index] + moves[part, 0] * t + 0.5))
            to_y = int(np.floor(y[index] + moves[part, 1] * t + 0.5))
            columns[part, max(0, min(right, to_x))] += 1
            rows[part, max(0, min(bottom, to_y))] += 1


@compiled
def _add_pixels(
    newest_ns: Int64,
    labels: NDArray[np.int32],
    ages_ns: Int64,
    cell: int,
    now_ns: int,
    columns: NDArray[np.int32],
    rows: NDArray[np.int32],
) -> None:
    height, width = newest_ns.shape
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            part, age = labels[row, column], ages_ns[row, column]
            if part == 0 or age == 0:
                continue
            for y in range(row * cell, min(row * cell + cell, height)):
                for x in range(column * cell, min(column * cell + cell, width)):
                    if now_ns - newest_ns[y, x] <= age:
                        columns[part, x] += 1
                        rows[part, y] += 1
