from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import RecordingError, SettingsError
from mobinet.events import Events, Evt3Decoder, encode_evt3
from mobinet.recordings.event_files import raw_header
from mobinet.recordings.event_files.playback import PlaybackSettings, PlayedPacket, play_once

MS = 10**6
SIZE = 64, 48


def write(folder: Path, times_us: list[int]) -> str:
    times = np.array(times_us, np.int64) * 1000
    count = len(times)
    events = Events(times, np.arange(count) % 64, np.arange(count) % 48, np.arange(count) % 2 > 0)
    path = folder / "events.raw"
    path.write_bytes(raw_header(*SIZE) + encode_evt3(events))
    return str(path)


def play(settings: PlaybackSettings, begin_ns: int = 0) -> list[PlayedPacket]:
    return list(play_once(settings.open(), settings, begin_ns))


def times_of(packets: list[PlayedPacket]) -> list[int]:
    decoder = Evt3Decoder(*SIZE)
    return Events.concatenate([decoder.decode(packet.words) for packet in packets]).t_ns.tolist()


@pytest.mark.parametrize(
    ("rate", "expected_us"),
    [
        # the recording begins 3 s after the camera was switched on
        (1.0, [0, 4, 5000, 17_000]),
        (0.5, [0, 8, 10_000, 34_000]),
        (2.0, [0, 2, 2500, 8500]),
    ],
)
def test_times_count_from_the_beginning(tmp_path: Path, rate: float, expected_us: list[int]) -> None:
    source = write(tmp_path, [3_000_000, 3_000_004, 3_005_000, 3_017_000])
    packets = play(PlaybackSettings(source=source, rate=rate))
    assert [time // 1000 for time in times_of(packets)] == expected_us
    # one packet every period, also where nothing happens
    assert [packet.offset_ns for packet in packets] == [5 * MS * number for number in range(len(packets))]
    assert all(packet.end_ns - packet.offset_ns == 5 * MS for packet in packets)


def test_a_start_offset_leaves_out_the_beginning(tmp_path: Path) -> None:
    source = write(tmp_path, [0, 7000, 11_000, 12_000])
    packets = play(PlaybackSettings(source=source, start_offset=0.01))
    assert [time // 1000 for time in times_of(packets)] == [1000, 2000]
    assert packets[0].offset_ns == 0


def test_a_second_round_goes_on_in_time(tmp_path: Path) -> None:
    settings = PlaybackSettings(source=write(tmp_path, [100, 8100]))
    first = play(settings)
    second = play(settings, first[-1].end_ns)
    assert times_of([*first, *second]) == [0, 8 * MS, 10 * MS, 18 * MS]
    assert sum(packet.event_count for packet in second) == 2


def test_events_that_come_late_are_at_the_packets_beginning(tmp_path: Path) -> None:
    # a fault of the camera's clock, by one step of its upper bits
    path = tmp_path / "events.raw"
    rows = [Events([time * 1000], [1], [1], [True]) for time in (8192, 14_000, 9000)]
    path.write_bytes(raw_header(*SIZE) + b"".join(map(encode_evt3, rows)))
    packets = play(PlaybackSettings(source=str(path)))
    assert times_of(packets) == [0, 5 * MS, 5 * MS + 808_000]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "a.raw", "width": 640}, "set both"),
        ({"source": "a.raw", "rate": 0.0}, "rate: 0.0 is out of range"),
        ({"source": "a.raw", "width": 4096, "height": 480}, "width: 4096 is out of range"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        PlaybackSettings(**given)  # type: ignore[arg-type]


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="got nothing; set it"):
        PlaybackSettings().open()
    with pytest.raises(RecordingError, match="does not exist"):
        PlaybackSettings(source=str(tmp_path / "none.raw")).open()
    assert PlaybackSettings(source=write(tmp_path, [0]), width=32, height=16).open().size == (32, 16)


@pytest.mark.recordings
def test_a_recording_comes_back(data_dir: Path) -> None:
    settings = PlaybackSettings(source=str(data_dir / "events/evt2_dot_raw/evt2_sample.raw"), period=0.002)
    whole = Events.concatenate(list(settings.open().pieces())).in_order()
    decoder = Evt3Decoder(640, 480)
    played = Events.concatenate([decoder.decode(packet.words) for packet in play(settings)])
    np.testing.assert_array_equal(played.t_ns, whole.t_ns - whole.t_ns[0])
    np.testing.assert_array_equal(played.x, whole.x)
    np.testing.assert_array_equal(played.y, whole.y)
    np.testing.assert_array_equal(played.polarity, whole.polarity)
