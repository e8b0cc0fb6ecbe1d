"""Tables of events as text, one event a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.columns import EXPECTED, Columns, events_of_columns, find_columns

# parsing takes microseconds a line: a player must not wait for many of them
_LINES = 1 << 13
# what Metavision's tools write, with the sensor's size on top
_METAVISION = ["x", "y", "p", "t_us"]
_GEOMETRY = re.compile(r"geometry:\s*(\d+)\s*,\s*(\d+)")


class CsvFile(EventFile):
    """A table whose columns are parted by commas, semicolons, tabs or blanks.

    The columns are named by the first line that is not a comment (``#`` or ``%``), or by a comment, or by ``columns``:
    one of ``t_ns``, ``t_us``, ``t_ms`` and ``t_s``, and ``x``, ``y`` and ``p``, in any order, others beside them. A
    comment ``%geometry:640,480`` tells the sensor's size; Metavision's files have it and no names, and columns x, y, p
    and t_us. Times are whole numbers, but for those in seconds or milliseconds.

    Args:
        columns: their names, with commas between, where the file does not name them.

    Raises:
        RecordingError: no such file, columns without names, or a sensor whose size is not told.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None, columns: str = "") -> None:
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                head, first = _head(file)
        except OSError as error:
            raise RecordingError(f"'{path}' cannot be read: {error.strerror or error}") from error
        geometry = next((match for line in head if (match := _GEOMETRY.search(line))), None)
        if geometry is not None and size is None:
            size = int(geometry[1]), int(geometry[2])
        if size is None:
            raise RecordingError(f"'{path}' does not tell the sensor's size; give it, or write '%geometry:W,H' on top")
        super().__init__(path, size)
        self._separator = next((mark for mark in ",;\t" if mark in first), None)
        self._names = _names(path, columns, head, first, self._separator, geometry is not None)
        self._skipped = len(head) + (not _is_event(first, self._separator))

    def pieces(self) -> Iterator[Events]:
        columns = find_columns(self._names)
        with self.path.open(encoding="utf-8-sig", errors="replace") as file:
            number = sum(1 for _ in islice(file, self._skipped))
            while lines := list(islice(file, _LINES)):
                yield self._inside(self._parse(lines, number, columns))
                number += len(lines)

    def _parse(self, lines: list[str], number: int, columns: Columns) -> Events:
        dtype = [(name, "f8" if name in ("t_s", "t_ms") else "i8") for name in columns[:4]]
        used = [self._names.index(name) for name in columns[:4]]
        if not any(line.strip() for line in lines):
            return Events.empty()
        try:
            table: NDArray[Any] = np.loadtxt(
                lines, dtype, delimiter=self._separator, usecols=used, comments=("#", "%"), ndmin=1
            )
            t, x, y, polarity = (table[name] for name in columns[:4])
            return events_of_columns(t, x, y, polarity, columns.unit_ns)
        except (ValueError, InputError) as error:
            raise RecordingError(
                f"'{self.path}': between line {number + 1} and {number + len(lines)}: {error}; mend or remove the line"
            ) from error


def _head(file: TextIO) -> tuple[list[str], str]:
    """The comments on top, and the first line after them."""
    head: list[str] = []
    for line in file:
        if line.strip() and not line.startswith(("#", "%")):
            return head, line
        head.append(line)
    return head, ""


def _split(line: str, separator: str | None) -> list[str]:
    return [name.strip().lower() for name in line.strip(" \t\r\n#%").split(separator)]


def _is_event(line: str, separator: str | None) -> bool:
    """Whether a line begins with a number and not with the name of a column."""
    try:
        float(_split(line, separator)[0])
    except (ValueError, IndexError):
        return False
    return True


def _names(
    path: Path, columns: str, head: list[str], first: str, separator: str | None, of_metavision: bool
) -> list[str]:
    candidates = (
        [_split(columns, ",")] if columns else [_split(first, separator), *(_split(line, separator) for line in head)]
    )
    if of_metavision and not columns:
        candidates.append(_METAVISION)
    for names in candidates:
        try:
            find_columns(names)
        except InputError:
            continue
        return names
    raise RecordingError(
        f"'{path}': the columns of '{columns or first.strip()[:60]}' are not known, expected {EXPECTED}; name them in "
        "the first line, as in 't_us,x,y,p', or give columns"
    )
