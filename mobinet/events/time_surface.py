"""When each pixel changed last, and how fresh that is.

Lagorce et al., "HOTS: A Hierarchy of Event-Based Time-Surfaces for Pattern Recognition" (2017), equation 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.events.base import Events, check_inside
from mobinet.types import Float32, Int64

NEVER = np.iinfo(np.int64).min


class TimeSurface:
    """The time of the newest event of each pixel and polarity.

    Args:
        width, height: of the sensor.

    Attributes:
        t_ns: ``(2, height, width)`` int64, OFF before ON; ``NEVER`` where there was none.
    """

    def __init__(self, width: int, height: int) -> None:
        self.t_ns: Int64 = np.full((2, height, width), NEVER, np.int64)

    def reset(self) -> None:
        """Forgets all events."""
        self.t_ns.fill(NEVER)

    def update(self, events: Events) -> None:
        """Takes the next events; of one pixel and polarity the last in their order counts.

        Raises:
            InputError: an event outside the sensor.
        """
        _, height, width = self.t_ns.shape
        check_inside(events, width, height)
        flat = self.t_ns.reshape(-1)
        _store(events.t_ns, events.x, events.y, events.polarity.view(np.uint8), flat, width, width * height)

    def decayed(self, now_ns: int, decay_s: float) -> Float32:
        """``(2, height, width)`` float32: ``exp(-age / decay_s)``, 0 where there was none; later events count as new.

        Raises:
            InputError: ``decay_s`` is not above 0.
        """
        if not decay_s > 0:
            raise InputError(f"time surface: expected a decay above 0 s, got {decay_s}")
        never = self.t_ns == NEVER
        age = np.where(never, 0, now_ns - self.t_ns)
        fresh = np.exp(np.maximum(age, 0).astype(np.float32) * np.float32(-1e-9 / decay_s))
        fresh[never] = 0
        return np.asarray(fresh, np.float32)


@compiled
def _store(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.uint8],
    times: Int64,
    row: int,
    plane: int,
) -> None:
    # so many that memory is read in long runs, and few enough for the nearest cache
    block = np.uint64(1024)
    places = np.empty(block, np.uint32)
    stride, offset = np.uint32(row), np.uint32(plane)
    start, end = np.uint64(0), np.uint64(len(x))
    while start < end:
        size = min(block, end - start)
        # apart from the storing, this loop is vectorised
        for index in range(size):
            at = start + np.uint64(index)
            places[index] = np.uint32(polarity[at]) * offset + np.uint32(y[at]) * stride + np.uint32(x[at])
        for index in range(size):
            times[np.uint64(places[np.uint64(index)])] = t_ns[start + np.uint64(index)]
        start += size
