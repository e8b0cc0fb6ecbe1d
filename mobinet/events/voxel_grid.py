"""Events spread over bins of time: the voxel grid that networks for flow and reconstruction take.

Zhu et al., "Unsupervised Event-based Learning of Optical Flow, Depth, and Egomotion" (2019), equations 1 and 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.events.base import Events, check_inside
from mobinet.events.windows import Window
from mobinet.types import Float32, Int64


def voxel_grid(
    events: Events, width: int, height: int, bins: int, window: Window | None = None, out: Float32 | None = None
) -> Float32:
    """``(bins, height, width)`` float32: sum of polarities (+1 or -1), each shared by the two bins next to its time.

    The first bin is at the beginning of the window and the last at its end: an event at ``t`` counts for bin ``b`` with
    ``max(0, 1 - |b - (bins - 1) (t - start) / (end - start)|)``.

    Args:
        events: in any order; those outside the window are left out.
        window: of time; by default from the first event to the last.
        out: such an array to write to, contiguous; a new one by default.

    Raises:
        InputError: an event outside the sensor, less than two bins, or ``out`` is of another shape or type.
    """
    if bins < 2:
        raise InputError(f"voxel grid: expected at least two bins, got {bins}; a histogram has one")
    shape = (bins, height, width)
    grid = np.empty(shape, np.float32) if out is None else out
    if grid.shape != shape or grid.dtype != np.float32 or not grid.flags.c_contiguous:
        raise InputError(f"voxel grid: expected 'out' as contiguous float32 {shape}, got {grid.dtype} {grid.shape}")
    start_ns, last_ns = Window.of(events) if window is None else window
    # the last event is in a window that is made of the events, and the window ends with it
    last_ns -= 1
    end_ns = last_ns if window is None else window.end_ns
    per_ns = (bins - 1) / max(end_ns - start_ns, 1)
    polarity = events.polarity.view(np.uint8)
    if not _spread(events.t_ns, events.x, events.y, polarity, grid, start_ns, last_ns, per_ns):
        check_inside(events, width, height)
    return grid


@compiled
def _spread(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.uint8],
    grid: Float32,
    window_start_ns: int,
    window_last_ns: int,
    per_ns: float,
) -> bool:
    """Adds events from the first to the last time; false as soon as one is outside the sensor."""
    # so many that memory is read in long runs, and few enough for the nearest cache
    block = np.uint64(1024)
    places = np.empty(block, np.uint32)
    first, second = np.empty(block, np.float32), np.empty(block, np.float32)
    bins, height, width = grid.shape
    plane = width * height
    flat, stride, offset, behind = grid.reshape(-1), np.uint32(width), np.uint32(plane), np.uint64(plane)
    start, end = np.uint64(0), np.uint64(len(x))
    emptied = 0
    while start < end:
        size = min(block, end - start)
        # these loops are vectorised, each for numbers of one size
        right, bottom = x[start], y[start]
        for index in range(size):
            right, bottom = max(right, x[start + np.uint64(index)]), max(bottom, y[start + np.uint64(index)])
        first_ns, last_ns = t_ns[start], t_ns[start]
        for index in range(size):
            now = t_ns[start + np.uint64(index)]
            first_ns, last_ns = min(first_ns, now), max(last_ns, now)
        if right >= width or bottom >= height:
            return False
        for index in range(size):
            at = start + np.uint64(index)
            bin_time = np.float64(t_ns[at] - window_start_ns) * per_ns
            # the very last time belongs to the last bin alone
            bin_index = min(np.int32(bin_time), np.int32(bins - 2))
            sign = np.float32(2) * np.float32(polarity[at]) - np.float32(1)
            late = sign * np.float32(bin_time - bin_index)
            places[index] = np.uint32(bin_index) * offset + np.uint32(y[at]) * stride + np.uint32(x[at])
            first[index], second[index] = sign - late, late
        # emptied right before it is filled, so that it is in the cache
        needed = min(max(int((last_ns - window_start_ns) * per_ns), 0), bins - 2) + 2
        while emptied < needed:
            grid[emptied] = 0
            emptied += 1
        if first_ns >= window_start_ns and last_ns <= window_last_ns:
            for index in range(size):
                at = np.uint64(index)
                place = np.uint64(places[at])
                flat[place] += first[at]
                flat[place + behind] += second[at]
        else:
            for index in range(size):
                at = np.uint64(index)
                if window_start_ns <= t_ns[start + at] <= window_last_ns:
                    place = np.uint64(places[at])
                    flat[place] += first[at]
                    flat[place + behind] += second[at]
        start += size
    grid[emptied:] = 0
    return True
