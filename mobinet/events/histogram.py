"""Events counted by pixel, polarity and time: the stacked histogram that recurrent detectors take.

Gehrig and Scaramuzza, "Recurrent Vision Transformers for Object Detection with Event Cameras" (2023).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.events.base import Events, check_inside
from mobinet.events.windows import Window
from mobinet.types import Int64


def histogram(
    events: Events,
    width: int,
    height: int,
    bins: int = 1,
    window: Window | None = None,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """``(2, bins, height, width)`` uint8: OFF and ON events of each bin of time and each pixel, at most 255.

    Args:
        events: in any order; those outside the window are left out.
        bins: of equal length, into which the window is cut.
        window: of time; by default from the first to the last event.
        out: such an array to write to, contiguous; a new one by default.

    Raises:
        InputError: an event outside the sensor, no bins, or ``out`` is of another shape or type.
    """
    if bins < 1:
        raise InputError(f"histogram: expected at least one bin, got {bins}")
    shape = (2, bins, height, width)
    counts = np.empty(shape, np.uint8) if out is None else out
    if counts.shape != shape or counts.dtype != np.uint8 or not counts.flags.c_contiguous:
        raise InputError(f"histogram: expected 'out' as contiguous uint8 {shape}, got {counts.dtype} {counts.shape}")
    edges = (window or Window.of(events)).edges(bins)
    polarity = events.polarity.view(np.uint8)
    if not _count(events.t_ns, events.x, events.y, polarity, edges, counts.reshape(-1), width, height):
        check_inside(events, width, height)
    return counts


@compiled
def _count(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.uint8],
    edges: Int64,
    counts: NDArray[np.uint8],
    width: int,
    height: int,
) -> bool:
    """Counts events in the bins between ``edges``; false as soon as one is outside the sensor."""
    # so many that memory is read in long runs, and few enough for the nearest cache
    block = np.uint64(1024)
    places = np.empty(block, np.uint32)
    bins, plane = len(edges) - 1, width * height
    stride, offset = np.uint32(width), np.uint32(plane * bins)
    start, end = np.uint64(0), np.uint64(len(x))
    bin_index, emptied = 0, 0
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
        for index in range(size):
            at = start + np.uint64(index)
            places[index] = np.uint32(polarity[at]) * offset + np.uint32(y[at]) * stride + np.uint32(x[at])
        if right >= width or bottom >= height:
            return False
        while bin_index < bins - 1 and first_ns >= edges[bin_index + 1]:
            bin_index += 1
        # hardly a block goes over an edge: its events are looked at one by one
        whole = first_ns >= edges[bin_index] and last_ns < edges[bin_index + 1]
        last_bin = bin_index
        while last_bin < bins - 1 and last_ns >= edges[last_bin + 1]:
            last_bin += 1
        # emptied right before it is filled, so that it is in the cache
        while emptied <= last_bin:
            counts[emptied * plane : (emptied + 1) * plane] = 0
            counts[(bins + emptied) * plane : (bins + emptied + 1) * plane] = 0
            emptied += 1
        if whole:
            before = np.uint64(bin_index * plane)
            for index in range(size):
                place = before + np.uint64(places[np.uint64(index)])
                if counts[place] < 255:
                    counts[place] += 1
        else:
            for index in range(size):
                now = t_ns[start + np.uint64(index)]
                while bin_index > 0 and now < edges[bin_index]:
                    bin_index -= 1
                while bin_index < bins - 1 and now >= edges[bin_index + 1]:
                    bin_index += 1
                if now >= edges[bin_index] and now < edges[bin_index + 1]:
                    place = np.uint64(bin_index * plane) + np.uint64(places[np.uint64(index)])
                    if counts[place] < 255:
                        counts[place] += 1
        start += size
    while emptied < bins:
        counts[emptied * plane : (emptied + 1) * plane] = 0
        counts[(bins + emptied) * plane : (bins + emptied + 1) * plane] = 0
        emptied += 1
    return True
