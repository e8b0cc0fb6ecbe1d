"""Room that a decoder writes events to before it is known how many there are."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.events.base import Events
from mobinet.types import Int64

# time, column, row, polarity
Columns: TypeAlias = tuple[Int64, NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint8]]


class EventBuffers:
    """Arrays for up to ``room`` events, used again for each packet.

    Args:
        width, height: of the sensor; events outside are left out.
    """

    def __init__(self, room: int, width: int, height: int) -> None:
        self.t_ns = np.empty(room, np.int64)
        self.x, self.y = np.empty(room, np.uint16), np.empty(room, np.uint16)
        self.polarity = np.empty(room, np.uint8)
        self._size = width, height

    @property
    def columns(self) -> Columns:
        """Time, column, row and polarity."""
        return self.t_ns, self.x, self.y, self.polarity

    def take(self, count: int) -> Events:
        """Copy of the first ``count`` events, of those inside the sensor."""
        x, y = self.x[:count], self.y[:count]
        chosen: NDArray[np.intp] | slice = slice(count)
        if count and (x.max() >= self._size[0] or y.max() >= self._size[1]):
            chosen = np.flatnonzero((x < self._size[0]) & (y < self._size[1]))
        polarity = self.polarity[chosen].view(np.bool_)
        return Events(self.t_ns[chosen].copy(), self.x[chosen].copy(), self.y[chosen].copy(), polarity.copy())
