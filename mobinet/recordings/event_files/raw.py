"""Prophesee's RAW files: lines of text that begin with "% ", then the words of EVT2, EVT2.1 or EVT3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mobinet.errors import InputError, RecordingError
from mobinet.events.base import Events
from mobinet.events.packet_decoder import PacketDecoder, make_decoder
from mobinet.events.word_decoder import MAX_SIDE
from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.text_header import read_header

_END = "end"
_WORD_BYTES = {"evt2": 4, "evt21": 8, "evt21_legacy": 8, "evt3": 2}
_ENCODINGS = {"EVT2": "evt2", "EVT21": "evt21", "EVT3": "evt3"}
# of versions before the format was named in the header
_VERSIONS = {"2.0": "EVT2", "2.1": "EVT21", "3.0": "EVT3"}
_PIECE_BYTES = 1 << 18
# sensors of cameras whose headers tell only the number of the system; from Prophesee's OpenEB
_SENSORS = {
    (640, 480): (0x15, 0x17, 0x19, 0x1C, 0x1D, 0x21, 0x22, 0x23, 0x28, 0x29),
    (1280, 720): (0x1A, 0x1E, 0x1F, 0x27, 0x2E, 0x30, 0x31, 0x32),
}
_SIZES = {str(system): size for size, systems in _SENSORS.items() for system in systems}


def raw_header(width: int, height: int) -> bytes:
    """The beginning of a RAW file of EVT3, for a sensor of that size in pixels; packets of EVT3 follow it."""
    lines = ("evt 3.0", f"format EVT3;height={height};width={width}", f"geometry {width}x{height}", _END)
    return "".join(f"% {line}\n" for line in lines).encode("ascii")


class RawFile(EventFile):
    """Times are those of the decoder: from the camera's own zero, less the wraps before the first event.

    A sensor whose size the header does not tell has the largest that the format knows, unless ``size`` is given.

    Raises:
        RecordingError: no such file, another encoding, or a header that makes no sense.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        header, self._begin = read_header(path, _END)
        self._encoding = _encoding(path, header)
        super().__init__(path, size or _size(path, header))
        self._decoder()

    @property
    def outside(self) -> int:
        return self._outside

    def pieces(self) -> Iterator[Events]:
        decoder, place = self._decoder(), self._begin
        with self.path.open("rb") as file:
            file.seek(place)
            while data := file.read(_PIECE_BYTES):
                rest = len(data) % _WORD_BYTES[self._encoding]
                before = decoder.outside
                try:
                    events = decoder.decode(data[: len(data) - rest])
                except InputError as error:
                    raise RecordingError(
                        f"'{self.path}': damaged between byte {place} and {place + len(data)}: {error}"
                    ) from error
                self._outside += decoder.outside - before
                yield events
                place += len(data)
                if rest:
                    raise RecordingError(
                        f"'{self.path}': ends within a word, at byte {place}: it was cut there, {rest} bytes are lost; "
                        "record it again, or cut them off"
                    )

    def _decoder(self) -> PacketDecoder:
        try:
            return make_decoder(self._encoding, *self.size)
        except InputError as error:
            raise RecordingError(f"'{self.path}': {error}") from error


def _encoding(path: Path, header: dict[str, str]) -> str:
    name, *fields = header.get("format", _VERSIONS.get(header.get("evt", ""), f"EVT{header.get('evt', '?')}")).split(
        ";"
    )
    if name.upper() not in _ENCODINGS:
        raise RecordingError(
            f"'{path}': expected a RAW file of {', '.join(_ENCODINGS)}, its header says {name}; convert it with the "
            "camera's own tools"
        )
    encoding = _ENCODINGS[name.upper()]
    order = dict(field.split("=", 1) for field in fields if "=" in field).get("endianness", header.get("endianness"))
    # cameras of the time before headers told the order sent the upper half first
    return f"{encoding}_legacy" if encoding == "evt21" and order in (None, "legacy") else encoding


def _size(path: Path, header: dict[str, str]) -> tuple[int, int]:
    fields = dict(field.split("=", 1) for field in header.get("format", "").split(";") if "=" in field)
    if "width" in fields and "height" in fields:
        sides = fields["width"], fields["height"]
    elif "geometry" in header:
        width, _, height = header["geometry"].partition("x")
        sides = width, height
    else:
        return _SIZES.get(header.get("system_ID", ""), (MAX_SIDE, MAX_SIDE))
    try:
        return int(sides[0]), int(sides[1])
    except ValueError:
        raise RecordingError(
            f"'{path}': its header says the sensor is {sides[0]} x {sides[1]}, expected numbers; give the sensor's size"
        ) from None
