"""AEDAT4 files, which iniVation's software writes; the package aedat reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.base import EventFile

# what aedat raises for any file that it does not understand
_ERRORS = (RuntimeError, OSError)


class Aedat4File(EventFile):
    """The first stream of events of an AEDAT4 file. Times are since the epoch, as the file has them.

    Raises:
        RecordingError: no such file, not of this format, or without a stream of events.
        MissingDependencyError: aedat is not installed.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        streams = _open(path).id_to_stream()
        of_events = sorted(number for number, stream in streams.items() if stream["type"] == "events")
        if not of_events:
            kinds = ", ".join(sorted({stream["type"] for stream in streams.values()})) or "none"
            raise RecordingError(
                f"'{path}': expected a stream of events, it has {kinds}; record with events switched on"
            )
        self._stream = of_events[0]
        stream = streams[self._stream]
        super().__init__(path, size or (int(stream["width"]), int(stream["height"])))

    def pieces(self) -> Iterator[Events]:
        decoder, count = _open(self.path), 0
        while True:
            try:
                packet = next(decoder)
            except StopIteration:
                return
            except _ERRORS as error:
                raise RecordingError(f"'{self.path}': damaged after packet {count}: {error}; it was cut") from error
            count += 1
            if packet["stream_id"] == self._stream:
                table = packet["events"]
                t_ns = table["t"].astype(np.int64) * 1000
                yield self._inside(Events(t_ns, table["x"], table["y"], table["on"]))


def _open(path: Path) -> Any:
    try:
        import aedat
    except ImportError:
        raise MissingDependencyError("aedat", f"reading '{path}'") from None
    try:
        return aedat.Decoder(path)
    except _ERRORS as error:
        raise RecordingError(f"'{path}' cannot be read as AEDAT4: {error}") from error
