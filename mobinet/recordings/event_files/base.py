"""What every recording of an event camera has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from mobinet.errors import RecordingError
from mobinet.events.base import Events
from mobinet.recordings.event_files.periods import Period, cut_by_period

# so many events are read at once: some megabytes, whatever the file's size
PIECE = 1 << 18


class EventFile(ABC):
    """A recording of one event camera, read in pieces from its beginning; any number of times.

    Args:
        path: of the file.
        size: width and height of the sensor, pixels.

    Raises:
        RecordingError: a width or height below 1.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        if min(size) < 1:
            raise RecordingError(
                f"'{path}': expected a sensor of at least 1 x 1 pixels, got {size[0]} x {size[1]}; give its size"
            )
        self.path, self.size = path, size
        self._outside = 0

    @property
    def outside(self) -> int:
        """How many events were dropped, since the file was opened, because they are outside the sensor."""
        return self._outside

    @abstractmethod
    def pieces(self) -> Iterator[Events]:
        """All events from the beginning, in the order of the file.

        Raises:
            RecordingError: the file is damaged; raised after the events before the damage.
        """

    def batches(self, period_ns: int) -> Iterator[Events]:
        """The events of each period, as ``periods`` has them; an empty period is an empty batch.

        Raises:
            InputError, RecordingError: as ``periods``.
        """
        return (period.events for period in self.periods(period_ns))

    def periods(self, period_ns: int) -> Iterator[Period]:
        """All events from the beginning, by periods that follow each other; :func:`cut_by_period` says how.

        Raises:
            InputError: the period is not positive.
            RecordingError: as ``pieces``.
        """
        return cut_by_period(self.pieces(), period_ns)

    def close(self) -> None:  # noqa: B027 most files are open only while they are read
        """Frees what the file holds."""

    def __enter__(self) -> EventFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _inside(self, events: Events) -> Events:
        """Those inside the sensor; the others are counted."""
        kept = (events.x < self.size[0]) & (events.y < self.size[1])
        if kept.all():
            return events
        self._outside += len(events) - int(kept.sum())
        return events[kept]
