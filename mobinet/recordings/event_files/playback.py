"""A recording of an event camera as packets of EVT3, as a camera would send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mobinet.errors import SettingsError
from mobinet.events import Events, encode_evt3
from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.opening import open_event_file
from mobinet.recordings.event_files.periods import Period
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class PlaybackSettings:
    """Which recording is played, and how.

    Raises:
        SettingsError: a value is out of range, or only one of width and height is set.
    """

    source: str = setting("", "file of events: .raw, .dat, .aedat4, .npz, .csv or .txt")
    rate: float = setting(
        1.0, "speed; 1 is as it was recorded, at 0.1 everything takes ten times as long", minimum=0.001, maximum=1000.0
    )
    loop: bool = setting(False, "start again at the end")
    start_offset: float = setting(0.0, "what is left out at the beginning, seconds of the recording", minimum=0.0)
    period: float = setting(0.005, "time that one packet covers when it is played, s", minimum=0.0005, maximum=1.0)
    width: int = setting(0, "width of the sensor, pixels; 0 as the file tells", minimum=0, maximum=2048)
    height: int = setting(0, "height of the sensor, pixels; 0 as the file tells", minimum=0, maximum=2048)
    columns: str = setting("", "columns of a text file that does not name them, such as 't_us,x,y,p'")

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.width == 0) != (self.height == 0):
            raise SettingsError(f"width {self.width}, height {self.height}: set both, or none as the file tells")

    def open(self) -> EventFile:
        """The recording; raises SettingsError without a source, else as :func:`open_event_file`."""
        if not self.source:
            raise SettingsError("source: expected a file of events, got nothing; set it")
        return open_event_file(self.source, (self.width, self.height) if self.width else None, self.columns)


class PlayedPacket(NamedTuple):
    """One packet.

    Args:
        offset_ns, end_ns: the time that it covers, since playing began.
        words: EVT3, which tell the same time on the camera's clock.
        event_count: how many it has.
    """

    offset_ns: int
    end_ns: int
    words: bytes
    event_count: int


def play_once(file: EventFile, settings: PlaybackSettings, begin_ns: int = 0) -> Iterator[PlayedPacket]:
    """The recording from ``start_offset`` to its end; packets without events tell how time goes on.

    At another rate than 1 the camera's clock goes with it, as if the world were slow: motion has its true shape.

    Args:
        begin_ns: the time since playing began at which the first packet begins.

    Raises:
        RecordingError: the file is damaged; raised after the packets before the damage.
    """
    played_ns = round(settings.period * 1e9)
    recorded_ns = max(1, round(played_ns * settings.rate))
    left_out = int(settings.start_offset * 1e9) // recorded_ns
    for number, period in enumerate(file.periods(recorded_ns)):
        if number < left_out:
            continue
        offset_ns = begin_ns + (number - left_out) * played_ns
        words = encode_evt3(_played(period, offset_ns, settings.rate), offset_ns)
        yield PlayedPacket(offset_ns, offset_ns + played_ns, words, len(period.events))


def _played(period: Period, offset_ns: int, rate: float) -> Events:
    """The events at the time that they are played; those that come late have the time of the packet's beginning."""
    events = period.events
    since_ns = np.maximum(events.t_ns - period.start_ns, 0)
    return Events(offset_ns + (since_ns / rate).astype(np.int64), events.x, events.y, events.polarity)
