"""The little of flatbuffers that AEDAT4 needs: numbers and vectors of a table. Source: flatbuffers.dev, "Internals"."""

from __future__ import annotations

import struct


class Flatbuffer:
    """One flatbuffer whose size stands before it, read with every place checked.

    Raises:
        ValueError, struct.error: a place outside the data, at this and every method.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.root = 4 + self._number("<I", 4)

    def integer(self, table: int, field: int, form: str, default: int) -> int:
        """A number of ``struct``'s form."""
        place = self._field(table, field)
        return default if place is None else self._number(form, place)

    def vector(self, table: int, field: int, item_bytes: int) -> bytes:
        """The items of a vector, or of a text with one byte each; none if the field is absent."""
        place = self._field(table, field)
        if place is None:
            return b""
        start = place + self._number("<I", place)
        size = self._number("<I", start) * item_bytes
        found = self._data[start + 4 : start + 4 + size]
        if len(found) < size:
            raise ValueError(f"a vector of {size} bytes, of which {len(found)} are there")
        return found

    def _field(self, table: int, field: int) -> int | None:
        """Where a field is, ``None`` if it is absent."""
        vtable = table - self._number("<i", table)
        if 4 + 2 * field >= self._number("<H", vtable):
            return None
        offset = self._number("<H", vtable + 4 + 2 * field)
        return table + offset if offset else None

    def _number(self, form: str, place: int) -> int:
        if place < 0:
            raise ValueError(f"a place {-place} bytes before the beginning")
        (value,) = struct.unpack_from(form, self._data, place)
        return int(value)
