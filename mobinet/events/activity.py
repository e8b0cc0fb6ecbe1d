"""Where in the picture of a still camera something happens that does not happen there always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events
from mobinet.events.windows import Window
from mobinet.types import Float32, Int64

NEVER = -(1 << 62)

# A pixel that fires again within this time is not counted again: hot pixels and strong edges count like others.
_DEAD_NS = 10_000_000
# What one cell adds at most to the nine that are looked at together: no cell is enough on its own.
_MOST_OF_CELL = 4.0
_LEAST_OF_NINE = 6.0
_DEVIATIONS = 4.0
# Noise comes in bursts, as of lamps, more than by chance.
_TIMES_NOISE = 2.5
_LEARNING_S, _LEARNING_FIRST_S, _LEARNING_INSIDE_S = 10.0, 1.0, 20.0
# Times of a memory until it is looked at: the noise has to be known well for the long ones.
_WARM_UP = 3.0
_AROUND = np.ones((5, 5), np.uint8)


@dataclass(frozen=True)
class Active:
    """What happens now.

    Args:
        scale: ``(rows, columns)`` uint8: 0 where nothing happens, else 1 + index of the shortest memory that shows it.
        excess: ``(rows, columns)`` float32 events beyond the noise, in that memory.
        noise: ``(rows, columns)`` float32 events of noise to be expected in that memory.
    """

    scale: NDArray[np.uint8]
    excess: Float32
    noise: Float32


class Activity:
    """Counts events of each cell, remembers them for short and for long times, and compares them with the cell's noise.

    What a short memory shows is not given to the longer ones: something fast leaves no trail in them, and something
    slow adds up in them until it shows.

    Args:
        width, height: of the sensor, pixels.
        cell_px: side of a cell, pixels.
        memories_s: rising times in which activity fades to a third, s.
    """

    def __init__(self, width: int, height: int, cell_px: int, memories_s: Sequence[float]) -> None:
        self.cell_px = cell_px
        self._memories_s = tuple(memories_s)
        self._shape = -(-height // cell_px), -(-width // cell_px)
        self.newest_ns: Int64 = np.empty((height, width), np.int64)
        # of each row the first cell, and of each column how many cells further: a division takes longer
        self._cell_of_row = (np.arange(height) // cell_px * self._shape[1]).astype(np.uint32)
        self._cell_of_column = (np.arange(width) // cell_px).astype(np.uint32)
        self.reset()

    def reset(self) -> None:
        """Forgets events and noise."""
        self.newest_ns.fill(NEVER)
        self._sums = [np.zeros(self._shape, np.float32) for _ in self._memories_s]
        self._exposures_s = [0.0 for _ in self._memories_s]
        self._noise_hz: Float32 = np.zeros(self._shape, np.float32)
        self._elapsed_s = 0.0

    def add(self, events: Events, window: Window, since_ns: int) -> Active:
        """Takes the events of a window, in order of time and inside the sensor.

        Args:
            since_ns: the end of the last window.
        """
        counts = np.zeros(self._shape, np.float32)
        flat = counts.reshape(-1)
        _count(events.t_ns, events.x, events.y, self.newest_ns, flat, self._cell_of_row, self._cell_of_column, _DEAD_NS)
        seconds = (window.end_ns - window.start_ns) * 1e-9
        active = self._compare(counts, seconds, (window.end_ns - since_ns) * 1e-9)
        self._learn(counts, seconds, active)
        return active

    def _compare(self, counts: Float32, seconds: float, passed_s: float) -> Active:
        scale = np.zeros(self._shape, np.uint8)
        excess, noise = np.zeros(self._shape, np.float32), np.zeros(self._shape, np.float32)
        if not self._elapsed_s:
            self._noise_hz[:] = _usual(counts) / seconds
        noise_hz = self._noise_hz
        news = counts
        for index, memory_s in enumerate(self._memories_s):
            fading = float(np.exp(-passed_s / memory_s))
            sums = self._sums[index]
            sums *= fading
            sums += news
            self._exposures_s[index] = self._exposures_s[index] * fading + seconds
            expected = noise_hz * self._exposures_s[index]
            if index and self._elapsed_s < _WARM_UP * memory_s:
                continue
            stands_out = _stands_out(sums, expected) & (scale == 0)
            scale[stands_out] = index + 1
            excess[stands_out] = np.maximum(sums - expected, 0)[stands_out]
            noise[stands_out] = expected[stands_out]
            explained = cv2.dilate(stands_out.view(np.uint8), _AROUND)
            news = np.where(explained > 0, np.float32(0), news)
        return Active(scale, excess, noise)

    def _learn(self, counts: Float32, seconds: float, active: Active) -> None:
        """The noise follows what happens where nothing is found, and slowly elsewhere."""
        self._elapsed_s += seconds
        quick = min(1.0, seconds / np.clip(self._elapsed_s, _LEARNING_FIRST_S, _LEARNING_S))
        slow = min(1.0, seconds / _LEARNING_INSIDE_S)
        busy = cv2.dilate((active.scale > 0).view(np.uint8), _AROUND) > 0
        rate = counts / np.float32(seconds)
        self._noise_hz += np.where(busy, np.float32(slow), np.float32(quick)) * (rate - self._noise_hz)


def _stands_out(sums: Float32, expected: Float32) -> NDArray[np.bool_]:
    """``(rows, columns)`` cells that have events of their own, and with those around more than noise makes."""
    limited = cv2.boxFilter(np.minimum(sums, _MOST_OF_CELL + expected), -1, (3, 3), normalize=False)
    noise = cv2.boxFilter(expected, -1, (3, 3), normalize=False)
    least = np.maximum(noise + _LEAST_OF_NINE + _DEVIATIONS * np.sqrt(noise), _TIMES_NOISE * noise)
    found: NDArray[np.bool_] = (limited > least) & (sums > np.maximum(expected, 0.5))
    return found


def _usual(counts: Float32) -> float:
    """Mean count of the three quarters of the cells where least happens."""
    return float(np.sort(counts, axis=None)[: 3 * counts.size // 4 + 1].mean())


@compiled
def _count(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    newest_ns: Int64,
    counts: Float32,
    cell_of_row: NDArray[np.uint32],
    cell_of_column: NDArray[np.uint32],
    dead_ns: int,
) -> None:
    index, end = np.uint64(0), np.uint64(len(x))
    while index < end:
        row, column, now = np.uint64(y[index]), np.uint64(x[index]), t_ns[index]
        before = newest_ns[row, column]
        # no branch, which a processor could not guess
        counted = now - before >= dead_ns
        newest_ns[row, column] = now if counted else before
        counts[np.uint64(cell_of_row[row]) + np.uint64(cell_of_column[column])] += np.float32(counted)
        index += np.uint64(1)
