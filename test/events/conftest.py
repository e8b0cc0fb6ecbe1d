from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

from hypothesis import strategies as st

from mobinet.events import Events

WIDTH, HEIGHT = 7, 5


@st.composite
def events_in_order(draw: st.DrawFn, max_size: int = 60) -> Events:
    """Events of a small sensor, with many that share time and pixel."""
    row = st.tuples(st.integers(0, 40), st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.booleans())
    rows = sorted(draw(st.lists(row, max_size=max_size)), key=lambda event: event[0])
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    t_ns, x, y, polarity = columns
    return Events([10**18 + t for t in t_ns], x, y, polarity)


def packets_of_bag(path: Path) -> list[bytes]:
    """The last field, ``uint8[] events``, of each message; its length stands before it, aligned to four bytes."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    found = []
    for (message,) in connection.execute("select data from messages order by timestamp"):
        length_at = -(-(message.index(b"evt3\0") + 6) // 4) * 4
        (length,) = struct.unpack_from("<I", message, length_at)
        found.append(message[length_at + 4 : length_at + 4 + length])
    connection.close()
    return found
