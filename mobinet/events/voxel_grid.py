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


def voxel_grid(events: Events, width: int, height: int, bins: int, window: Window | None = None) -> Float32:
    """``(bins, height, width)`` float32: sum of polarities (+1 or -1), each shared by the two bins next to its time.

    The first bin is at the beginning of the window and the last at its end: an event at ``t`` counts for bin ``b`` with
    ``max(0, 1 - |b - (bins - 1) (t - start) / (end - start)|)``.

    Args:
        events: in any order; those outside the window are left out.
        window: of time; by default from the first event to the last.

    Raises:
        InputError: an event outside the sensor, or less than two bins.
    """
    check_inside(events, width, height)
    if bins < 2:
        raise InputError(f"voxel grid: expected at least two bins, got {bins}; a histogram has one")
    start_ns, end_ns = window or _to_the_last(events)
    if window is not None:
        events = events.within(*window)
    # room for the second share of an event at the very end
    grid = np.zeros((bins + 1, height, width), np.float32)
    per_ns = (bins - 1) / max(end_ns - start_ns, 1)
    polarity = events.polarity.view(np.uint8)
    _spread(events.t_ns, events.x, events.y, polarity, grid.reshape(-1), width, width * height, start_ns, per_ns)
    return grid[:bins]


def _to_the_last(events: Events) -> Window:
    whole = Window.of(events)
    return Window(whole.start_ns, whole.end_ns - 1)


@compiled
def _spread(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.uint8],
    grid: Float32,
    row: int,
    plane: int,
    start_ns: int,
    per_ns: float,
) -> None:
    block = np.uint64(256)
    places = np.empty(block, np.uint32)
    first, second = np.empty(block, np.float32), np.empty(block, np.float32)
    stride, offset, behind = np.uint32(row), np.uint32(plane), np.uint64(plane)
    start, end = np.uint64(0), np.uint64(len(x))
    while start < end:
        size = min(block, end - start)
        # apart from the sums, this loop is vectorised
        for index in range(size):
            at = start + np.uint64(index)
            bin_time = np.float64(t_ns[at] - start_ns) * per_ns
            bin_index = np.int32(bin_time)
            sign = np.float32(2) * np.float32(polarity[at]) - np.float32(1)
            late = sign * np.float32(bin_time - bin_index)
            places[index] = np.uint32(bin_index) * offset + np.uint32(y[at]) * stride + np.uint32(x[at])
            first[index], second[index] = sign - late, late
        for index in range(size):
            at = np.uint64(index)
            place = np.uint64(places[at])
            grid[place] += first[at]
            grid[place + behind] += second[at]
        start += size
