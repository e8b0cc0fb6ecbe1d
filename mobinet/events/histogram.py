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
    check_inside(events, width, height)
    if bins < 1:
        raise InputError(f"histogram: expected at least one bin, got {bins}")
    shape = (2, bins, height, width)
    counts = np.empty(shape, np.uint8) if out is None else out
    if counts.shape != shape or counts.dtype != np.uint8 or not counts.flags.c_contiguous:
        raise InputError(f"histogram: expected 'out' as contiguous uint8 {shape}, got {counts.dtype} {counts.shape}")
    events = events.in_order()
    edges = np.searchsorted(events.t_ns, (window or Window.of(events)).edges(bins))
    polarity = events.polarity.view(np.uint8)
    flat = counts.reshape(-1)
    for index in range(bins):
        chosen = slice(edges[index], edges[index + 1])
        # emptied right before it is filled, so that it is in the cache
        counts[:, index] = 0
        _count(
            events.x[chosen],
            events.y[chosen],
            polarity[chosen],
            flat[index * width * height :],
            width,
            width * height * bins,
        )
    return counts


@compiled
def _count(
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.uint8],
    counts: NDArray[np.uint8],
    row: int,
    plane: int,
) -> None:
    """Counts events; the second polarity is ``plane`` places behind the first."""
    block = np.uint64(256)
    places = np.empty(block, np.uint32)
    stride, offset = np.uint32(row), np.uint32(plane)
    start, end = np.uint64(0), np.uint64(len(x))
    while start < end:
        size = min(block, end - start)
        # apart from the counting, this loop is vectorised
        for index in range(size):
            at = start + np.uint64(index)
            places[index] = np.uint32(polarity[at]) * offset + np.uint32(y[at]) * stride + np.uint32(x[at])
        for index in range(size):
            place = np.uint64(places[np.uint64(index)])
            count = counts[place]
            counts[place] = count + np.uint8(count < 255)
        start += size
