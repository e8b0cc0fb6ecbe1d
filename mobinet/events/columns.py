"""Arrays that a decoder writes events to, one for each of an event's values."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
    if not count or (x.max() < width and y.max() < height):
        return events
    return events[(x < width) & (y < height)]
