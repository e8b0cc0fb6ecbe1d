"""Where events do not move with the rest of the picture.

Events that were moved along with the picture fall onto the edges of the scene at any time, and onto what moves by
itself only while that passes: the times of one pixel's events are spread over the whole span, or bundled. That is the
time-image of Mitrokhin et al., "Event-based Moving Object Detection and Tracking" (2018), with the spread of a pixel's
times in place of their mean, which an edge that comes and another that goes would cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.types import Float32

# The background may move otherwise than the picture as a whole, being nearer or farther: by so many pixels in a span.
_OTHERWISE_PX = (-1.0, 0.0, 1.0)
# Of squared deviations of times that are spread evenly over a span, in squares of their mean.
_VARIANCE_OF_SQUARES = 0.8
_LEAST_EVENTS = 8.0
_DEVIATIONS = 4.0


@dataclass(frozen=True)
class Residuals:
    """What moves by itself.

    Args:
        bundled: ``(rows, columns)`` float32 0..1: 0 where a pixel's events have all times alike, 1 where each pixel has
            but one time.
        cells: ``(rows, columns)`` bool: where that is no chance.
    """

    bundled: Float32
    cells: NDArray[np.bool_]


def find_residuals(
    x: Float32, y: Float32, age: Float32, size: tuple[int, int], pixel_px: float, cell: int, least: float
) -> Residuals:
    """Cells whose events are bundled in time, however the background is thought to move.

    Args:
        x, y: ``(N,)`` events, moved along with the picture to the end of the span, pixels.
        age: ``(N,)`` 0..1, of the span.
        size: width and height of the sensor.
        pixel_px: side of the pixels that events fall into.
        cell: side of a cell in these pixels.
        least: how much bundled, 0..1.
    """
    rows, columns = int(size[1] / pixel_px) + 1, int(size[0] / pixel_px) + 1
    shape = -(-rows // cell), -(-columns // cell)
    sums = np.zeros((3, rows, columns), np.float32)
    # the whole picture's: it moves more at some times than at others
    even = max(float(age.var()), 1e-6) if len(age) else 1.0
    spread: Float32 = np.zeros(shape, np.float32)
    chance: Float32 = np.zeros(shape, np.float32)
    for right in _OTHERWISE_PX:
        for down in _OTHERWISE_PX:
            squares, freedom = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
            _bundle(x, y, age, right / pixel_px, down / pixel_px, 1 / pixel_px, cell, sums, squares, freedom)
            squares, freedom = (cv2.boxFilter(each, -1, (3, 3), normalize=False) for each in (squares, freedom))
            share = squares / np.maximum(even * freedom, 1e-6)
            better = (freedom >= _LEAST_EVENTS) & (share > spread)
            spread = np.where(better, share, spread)
            chance = np.where(better, np.sqrt(_VARIANCE_OF_SQUARES / np.maximum(freedom, 1)), chance)
    bundled = np.where(chance > 0, np.clip(1 - spread, 0, 1), 0).astype(np.float32)
    return Residuals(bundled, (bundled > least) & (bundled > _DEVIATIONS * chance))


@compiled
def _bundle(
    x: Float32,
    y: Float32,
    age: Float32,
    right: float,
    down: float,
    scale: float,
    cell: int,
    sums: Float32,
    squares: Float32,
    freedom: Float32,
) -> None:
    """Adds each cell's squared deviations of times from the mean of their pixel, and how many are free."""
    rows, columns = sums.shape[1:]
    sums[:] = 0
    for index in range(len(x)):
        column = int(np.floor((x[index]) * scale + age[index] * right + 0.5))
        row = int(np.floor((y[index]) * scale + age[index] * down + 0.5))
        if column >= 0 and row >= 0 and column < columns and row < rows:
            sums[0, row, column] += 1
            sums[1, row, column] += age[index]
            sums[2, row, column] += age[index] * age[index]
    for row in range(rows):
        for column in range(columns):
            count = sums[0, row, column]
            if count > 1:
                mean = sums[1, row, column] / count
                squares[row // cell, column // cell] += sums[2, row, column] - mean * sums[1, row, column]
                freedom[row // cell, column // cell] += count - 1
