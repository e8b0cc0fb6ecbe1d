"""AEDAT4 files, byte by byte: what the format's flatbuffers are, and no more."""

from __future__ import annotations

import struct
from collections.abc import Callable

MAGIC = b"#!AER-DAT4.0\r\n"
INFO = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/"><node name="{number}"
path="/mainloop/Recorder/outInfo/{number}/"><attr key="compression" type="string">NONE</attr><attr
key="typeIdentifier" type="string">{kind}</attr><node name="info" path="/mainloop/Recorder/outInfo/{number}/info/"><attr
key="sizeX" type="int">{width}</attr><attr key="sizeY" type="int">{height}</attr></node></node></node></dv>"""


def write_aedat4(
    events: list[tuple[int, int, int, bool]],
    size: tuple[int, int],
    kind: str = "EVTS",
    compression: int = 0,
    compress: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """A file of one packet of events (time in microseconds, x, y, polarity) in stream 0."""
    info = INFO.format(number=0, kind=kind, width=size[0], height=size[1]).encode()
    packet = compress(_events_table(events))
    return MAGIC + _header_table(info, compression) + struct.pack("<ii", 0, len(packet)) + packet


def _header_table(info: bytes, compression: int) -> bytes:
    # offset of the root table, identifier; vtable of two fields and the string; the table; the string
    vtable = struct.pack("<HHHHHH", 10, 20, 4, 8, 16, 0)
    start = 8 + len(vtable)
    table = struct.pack("<iiqi", start - 8, compression, -1, 4)
    body = struct.pack("<I4s", start, b"IOHE") + vtable + table + struct.pack("<I", len(info)) + info + b"\x00"
    return struct.pack("<I", len(body)) + body


def _events_table(events: list[tuple[int, int, int, bool]]) -> bytes:
    vtable = struct.pack("<HHHH", 6, 8, 4, 0)
    start = 8 + len(vtable)
    # the vector's length stands before events that are aligned to 8 bytes
    gap = (-(start + 12)) % 8
    table = struct.pack("<ii", start - 8, 4 + gap)
    vector = b"".join(struct.pack("<qhh?3x", t, x, y, on) for t, x, y, on in events)
    body = struct.pack("<I4s", start, b"EVTS") + vtable + table + bytes(gap) + struct.pack("<I", len(events)) + vector
    return struct.pack("<I", len(body)) + body
