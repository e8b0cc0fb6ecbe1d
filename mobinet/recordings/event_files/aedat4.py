"""AEDAT4 files, which iniVation's software writes: packets of flatbuffers, each compressed on its own.

After a line of text and a table that names the streams come packets: number of the stream and size, 32 bits each, then
the data. Those of a stream of events are a vector of 16 bytes an event: the time in microseconds since the epoch, 64
bits, column and row, 16 bits each, and the polarity. Source: docs.inivation.com, "AEDAT 4.0", and its schemas. The
package aedat reads it too, but a damaged header makes that end the process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.etree import ElementTree

import numpy as np

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.flatbuffer import Flatbuffer

_MAGIC = b"#!AER-DAT4.0\r\n"
_PACKET = struct.Struct("<iI")
_EVENTS = "EVTS"
_EVENT = np.dtype({"names": ["t", "x", "y", "on"], "formats": ["<i8", "<i2", "<i2", "u1"], "itemsize": 16})
_NONE, _LZ4, _LZ4_HIGH, _ZSTD, _ZSTD_HIGH = range(5)


class _Header(NamedTuple):
    """What comes before the packets, and where they begin and end; ``end`` is -1 where that was never written."""

    compression: int
    begin: int
    end: int
    # size of each stream of events
    sizes: dict[int, tuple[int, int]]
    # what the other streams are
    others: tuple[str, ...]


class Aedat4File(EventFile):
    """The first stream of events of an AEDAT4 file. Times are since the epoch, as the file has them.

    Raises:
        RecordingError: no such file, not of this format, or without a stream of events.
        MissingDependencyError: the package that decompresses is not installed.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        try:
            with path.open("rb") as file:
                self._header = _read_header(file)
        except (OSError, ValueError, LookupError, struct.error, ElementTree.ParseError) as error:
            raise RecordingError(f"'{path}' cannot be read as AEDAT4: {error}; convert it with DV") from error
        if not self._header.sizes:
            others = ", ".join(self._header.others) or "none"
            raise RecordingError(f"'{path}': expected a stream of events, it has {others}; record with events on")
        self._stream = min(self._header.sizes)
        self._decompress = _decompressor(self._header.compression, path)
        super().__init__(path, size or self._header.sizes[self._stream])

    def pieces(self) -> Iterator[Events]:
        with self.path.open("rb") as file:
            place = file.seek(self._header.begin)
            while place != self._header.end and (head := file.read(_PACKET.size)):
                try:
                    stream, size = _PACKET.unpack(head)
                    data = _read_exactly(file, size)
                    events = self._events(data) if stream == self._stream else Events.empty()
                # a damaged size may ask for more memory than there is
                except (ValueError, RuntimeError, MemoryError, struct.error) as error:
                    raise RecordingError(f"'{self.path}': damaged at byte {place}: {error}; record it again") from error
                yield self._inside(events)
                place = file.tell()

    def _events(self, data: bytes) -> Events:
        packet = Flatbuffer(self._decompress(data))
        table = np.frombuffer(packet.vector(packet.root, 0, _EVENT.itemsize), _EVENT)
        # a negative place is outside
        x, y = table["x"].astype(np.uint16), table["y"].astype(np.uint16)
        return Events(table["t"] * 1000, x, y, table["on"] != 0)


def _read_header(file: BinaryIO) -> _Header:
    """Raises ValueError, struct.error or ParseError for a file of another format."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError(f"it does not begin with {_MAGIC!r}")
    size = file.read(4)
    table = Flatbuffer(size + _read_exactly(file, *struct.unpack("<I", size)))
    compression = table.integer(table.root, 0, "<i", default=_NONE)
    end = table.integer(table.root, 1, "<q", default=-1)
    streams = ElementTree.fromstring(table.vector(table.root, 2, 1)).findall("./node[@name='outInfo']/node")
    sizes, others = {}, []
    for stream in streams:
        kind = stream.findtext("./attr[@key='typeIdentifier']", "?")
        if kind != _EVENTS:
            others.append(kind)
            continue
        width, height = (int(stream.findtext(f"./node[@name='info']/attr[@key='size{axis}']", "0")) for axis in "XY")
        sizes[int(stream.get("name", ""))] = width, height
    return _Header(compression, file.tell(), end, sizes, tuple(others))


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise ValueError(f"{len(data)} of {size} bytes are there: it was cut")
    return data


def _decompressor(compression: int, path: Path) -> Callable[[bytes], bytes]:
    """Raises RecordingError for a compression that there is not, and MissingDependencyError."""
    purpose = f"reading '{path}'"
    if compression == _NONE:
        return bytes
    if compression in (_LZ4, _LZ4_HIGH):
        try:
            import lz4.frame
        except ImportError:
            raise MissingDependencyError("lz4", purpose) from None
        return lambda data: bytes(lz4.frame.decompress(data))
    if compression in (_ZSTD, _ZSTD_HIGH):
        return _zstd(purpose)
    raise RecordingError(f"'{path}': compression {compression}, expected 0 to 4 (LZ4, zstd); convert it with DV")


def _zstd(purpose: str) -> Callable[[bytes], bytes]:
    try:
        import zstandard
    except ImportError:
        raise MissingDependencyError("zstandard", purpose) from None

    def decompress(data: bytes) -> bytes:
        try:
            return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(data))
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error

    return decompress
