"""Events as arrays in an ``.npz`` of NumPy, which are read in pieces though they may be compressed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.base import PIECE, EventFile
from mobinet.recordings.event_files.columns import Columns, events_of_columns, find_columns

# NumPy has no types for it
_NPY: Any = np.lib.format
_DAMAGE = (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError)


class NpzFile(EventFile):
    """One array for each column of a table of events, all of one length.

    The arrays are ``t_ns``, ``t_us``, ``t_ms`` or ``t_s``, and ``x``, ``y`` and ``p`` (or ``polarity``); numbers
    ``width`` and ``height`` tell the sensor's size.

    Raises:
        RecordingError: no such file, other arrays, or a sensor whose size is not told.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
                if size is None and {"width", "height"} <= set(names):
                    size = _number(archive, "width"), _number(archive, "height")
            self._columns = find_columns([name for name in names if name not in ("width", "height")])
        except (*_DAMAGE, InputError) as error:
            raise RecordingError(f"'{path}' cannot be read as npz of events: {error}") from error
        if size is None:
            raise RecordingError(f"'{path}' does not tell the sensor's size; give it, or save width and height in it")
        super().__init__(path, size)

    def pieces(self) -> Iterator[Events]:
        with ExitStack() as stack:
            try:
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                columns = [_Column(archive, name, stack) for name in self._columns[:4]]
                _check_lengths(columns)
                left = columns[0].length
                while left:
                    count = min(left, PIECE)
                    left -= count
                    yield self._inside(_events(columns, count, self._columns))
            except (*_DAMAGE, InputError) as error:
                raise RecordingError(f"'{self.path}' is damaged: {error}; save it again") from error


class _Column:
    """One array of the archive, read from its beginning on."""

    def __init__(self, archive: zipfile.ZipFile, name: str, stack: ExitStack) -> None:
        self.name = name
        self._file: IO[bytes] = stack.enter_context(archive.open(f"{name}.npy"))
        shape, self._dtype = _array_header(self._file)
        if len(shape) != 1 or self._dtype.kind not in "biuf":
            raise InputError(f"array '{name}' is {self._dtype} {shape}, expected numbers of shape (N,)")
        self.length = shape[0]

    def read(self, count: int) -> NDArray[Any]:
        data = self._file.read(count * self._dtype.itemsize)
        if len(data) < count * self._dtype.itemsize:
            raise InputError(f"array '{self.name}' ends before its {self.length} numbers")
        return np.frombuffer(data, self._dtype)


def _array_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = _NPY.read_magic(file)
    read = _NPY.read_array_header_1_0 if version == (1, 0) else _NPY.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _check_lengths(columns: list[_Column]) -> None:
    lengths = {column.name: column.length for column in columns}
    if len(set(lengths.values())) > 1:
        raise InputError(f"expected arrays of one length, got {lengths}")


def _events(columns: list[_Column], count: int, names: Columns) -> Events:
    t, x, y, polarity = (column.read(count) for column in columns)
    return events_of_columns(t, x, y, polarity, names.unit_ns)


def _number(archive: zipfile.ZipFile, name: str) -> int:
    with archive.open(f"{name}.npy") as file:
        return int(_NPY.read_array(file, allow_pickle=False))
