"""Prophesee's RAW files: lines of text that begin with "% ", then encoded events of EVT2 or EVT3."""

from __future__ import annotations

from pathlib import Path

from mobinet.errors import InputError, RecordingError
from mobinet.events.base import Events
from mobinet.events.evt2_decoder import Evt2Decoder
from mobinet.events.evt3_decoder import Evt3Decoder
from mobinet.events.word_decoder import MAX_SIDE, WordDecoder

_END = b"% end\n"
_DECODERS: dict[str, type[WordDecoder]] = {"EVT2": Evt2Decoder, "EVT3": Evt3Decoder}


def raw_header(width: int, height: int) -> bytes:
    """The beginning of a RAW file of EVT3, for a sensor of that size in pixels; packets of EVT3 follow it."""
    lines = ("evt 3.0", f"format EVT3;height={height};width={width}", f"geometry {width}x{height}")
    return "".join(f"% {line}\n" for line in lines).encode("ascii") + _END


def read_raw(path: Path) -> tuple[Events, tuple[int, int]]:
    """Events of a RAW file, and width and height of its sensor (the format's largest if it does not say).

    Times are those of the decoder: from the camera's own zero, less the wraps before the first event.

    Raises:
        RecordingError: no such file, another encoding, or a damaged file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be read: {error.strerror or error}") from error
    header, begin = _split_header(data)
    encoding = header.get("format", f"EVT{header.get('evt', '?').split('.')[0]}").split(";")[0].upper()
    if encoding not in _DECODERS:
        raise RecordingError(
            f"'{path}': expected a RAW file of {' or '.join(_DECODERS)}, its header says {encoding}; convert it"
        )
    try:
        size = _size(header)
        return _DECODERS[encoding](*size).decode(memoryview(data)[begin:]), size
    except (InputError, ValueError) as error:
        raise RecordingError(f"'{path}': {error}") from error


def _split_header(data: bytes) -> tuple[dict[str, str], int]:
    """What the header says, by keyword, and where the events begin."""
    header: dict[str, str] = {}
    begin = 0
    while data[begin : begin + 2] == b"% ":
        end = data.find(b"\n", begin) + 1
        if not end:
            break
        line = data[begin:end]
        begin = end
        if line == _END:
            break
        keyword, _, value = line[2:].decode("ascii", "replace").strip().partition(" ")
        header[keyword] = value
    return header, begin


def _size(header: dict[str, str]) -> tuple[int, int]:
    """Width and height; raises ValueError when they are no numbers."""
    fields = dict(field.split("=", 1) for field in header.get("format", "").split(";") if "=" in field)
    if "width" in fields and "height" in fields:
        return int(fields["width"]), int(fields["height"])
    if "geometry" in header:
        width, height = header["geometry"].split("x")
        return int(width), int(height)
    return MAX_SIDE, MAX_SIDE
