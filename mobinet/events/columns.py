"""Arrays that a decoder writes events to, one for each of an event's values."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled_briefly
from mobinet.events.base import Events
from mobinet.types import Int64

# time, column, row, polarity
Columns: TypeAlias = tuple[Int64, NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint8]]


def new_columns(room: int) -> Columns:
    """Arrays for ``room`` events, not filled."""
    return np.empty(room, np.int64), np.empty(room, np.uint16), np.empty(room, np.uint16), np.empty(room, np.uint8)


def events_inside(columns: Columns, count: int, width: int, height: int) -> Events:
    """Those of the first ``count`` events that are inside a sensor of that size; without a copy if all are."""
    t_ns, x, y, polarity = columns
    x, y = x[:count], y[:count]
    events = Events.of_columns(t_ns[:count], x, y, polarity[:count].view(np.bool_))
    return events if _inside(x, y, width, height) else events[(x < width) & (y < height)]


@compiled_briefly
def _inside(x: NDArray[np.uint16], y: NDArray[np.uint16], width: int, height: int) -> bool:
    right, bottom = np.uint16(0), np.uint16(0)
    for index in range(np.uint64(len(x))):
        right, bottom = max(right, x[index]), max(bottom, y[index])
    return bool(right < width and bottom < height)
