"""A recording of an event camera, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from mobinet.errors import RecordingError
from mobinet.recordings.event_files.aedat4 import Aedat4File
from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.csv_table import CsvFile
from mobinet.recordings.event_files.dat import DatFile
from mobinet.recordings.event_files.npz import NpzFile
from mobinet.recordings.event_files.raw import RawFile

_FORMATS: dict[str, type[RawFile] | type[DatFile] | type[Aedat4File] | type[NpzFile]] = {
    ".raw": RawFile,
    ".dat": DatFile,
    ".aedat4": Aedat4File,
    ".npz": NpzFile,
}
_TEXT = (".csv", ".txt")


def open_event_file(path: str | Path, size: tuple[int, int] | None = None, columns: str = "") -> EventFile:
    """The recording at ``path``; packets in bags are read by :class:`mobinet.recordings.bags.BagReader`.

    Args:
        path: ``.raw``, ``.dat``, ``.aedat4``, ``.csv``, ``.txt`` or ``.npz``.
        size: width and height of the sensor, pixels, where the file does not tell them, or instead of what it tells.
        columns: names of a text file's columns, with commas between, where it does not name them.

    Raises:
        RecordingError: no such file, another format, or it does not tell what has to be known.
        MissingDependencyError: an AEDAT4 file, and aedat is not installed.
    """
    path = Path(path).expanduser()
    ending = path.suffix.lower()
    if not path.is_file():
        raise RecordingError(f"'{path}' does not exist; expected a recording of an event camera")
    if ending in _TEXT:
        return CsvFile(path, size, columns)
    if ending not in _FORMATS:
        known = ", ".join([*_FORMATS, *_TEXT])
        raise RecordingError(f"'{path}' ends with '{ending}', expected one of {known}; play bags with mobinet play")
    return _FORMATS[ending](path, size)
