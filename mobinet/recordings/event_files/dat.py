"""Prophesee's DAT files: lines of text that begin with "%", two bytes of type and size, then decoded events.

An event has 8 bytes, little endian: the time in microseconds, 32 bits, which wrap after 71 minutes; then the column in
bits 0 to 13, the row in 14 to 27 and the polarity in bit 28. Source: docs.prophesee.ai, "DAT File Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.base import PIECE, EventFile
from mobinet.recordings.event_files.text_header import read_header
from mobinet.types import Int64

_VERSION = "2"
# the types "Event2d" and "EventCD"
_TYPES = (0x00, 0x0C)
_EVENT_BYTES = 8
_DTYPE = np.dtype([("t", "<u4"), ("place", "<u4")])
_WRAP_US = 1 << 32


class DatFile(EventFile):
    """Times are the camera's; wraps are counted.

    Raises:
        RecordingError: no such file, not of change detection events, or of a sensor whose size is not told.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        header, begin = read_header(path)
        self._begin = begin + 2
        version = header.get("Version", _VERSION)
        with path.open("rb") as file:
            file.seek(begin)
            kind = file.read(2)
        if version != _VERSION or len(kind) < 2 or kind[0] not in _TYPES or kind[1] != _EVENT_BYTES:
            raise RecordingError(
                f"'{path}': expected a DAT file of version 2 with CD events (type 0 or 12, 8 bytes), got version "
                f"{version}, type and size {list(kind)}; convert it with the camera's own tools"
            )
        if size is None:
            size = _size(path, header)
        super().__init__(path, size)

    def pieces(self) -> Iterator[Events]:
        place, last_us = self._begin, -1
        with self.path.open("rb") as file:
            file.seek(place)
            while data := file.read(PIECE * _EVENT_BYTES):
                table = np.frombuffer(data[: len(data) // _EVENT_BYTES * _EVENT_BYTES], _DTYPE)
                if len(table):
                    t_us = _unwrapped(table["t"].astype(np.int64), last_us)
                    last_us = int(t_us[-1])
                    yield self._inside(_events(t_us, table["place"]))
                place += len(data)
        if (place - self._begin) % _EVENT_BYTES:
            raise RecordingError(
                f"'{self.path}': ends within an event, at byte {place}: it was cut there, {(place - self._begin) % 8} "
                "bytes are lost; write it again"
            )


def _events(t_us: Int64, place: NDArray[np.uint32]) -> Events:
    side = np.uint32(0x3FFF)
    x, y = (place & side).astype(np.uint16), (place >> np.uint32(14) & side).astype(np.uint16)
    return Events(t_us * 1000, x, y, place >> np.uint32(28) & np.uint32(1) != 0)


def _unwrapped(t_us: Int64, last_us: int) -> Int64:
    """Times that go on over wraps, from those of 32 bits; the one before them was ``last_us``, -1 for none."""
    before_us = int(t_us[0]) if last_us < 0 else last_us
    steps = np.diff(t_us, prepend=before_us % _WRAP_US)
    wraps = np.cumsum((steps < -_WRAP_US // 2).astype(np.int64) - (steps > _WRAP_US // 2))
    unwrapped: Int64 = t_us + (before_us // _WRAP_US + wraps) * _WRAP_US
    return unwrapped


def _size(path: Path, header: dict[str, str]) -> tuple[int, int]:
    try:
        return int(header["Width"]), int(header["Height"])
    except (KeyError, ValueError):
        raise RecordingError(
            f"'{path}': its header does not tell the sensor's Width and Height; give the sensor's size"
        ) from None
