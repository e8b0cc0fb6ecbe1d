from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import RecordingError
from mobinet.events import Events, Evt3Decoder, encode_evt3
from mobinet.recordings.event_files import open_event_file, raw_header
from mobinet.recordings.event_files import raw as raw_module


def some_events() -> Events:
    return Events(np.array([1000, 2000]), np.array([5, 6]), np.array([7, 8]), np.array([True, False]))


def write(folder: Path, data: bytes) -> Path:
    path = folder / "events.raw"
    path.write_bytes(data)
    return path


def read(path: Path) -> Events:
    with open_event_file(path) as file:
        return Events.concatenate(list(file.pieces()))


def test_a_file_comes_back(tmp_path: Path) -> None:
    # two packets, one after the other
    path = write(tmp_path, raw_header(64, 48) + encode_evt3(some_events()[:1]) + encode_evt3(some_events()[1:]))
    assert open_event_file(path).size == (64, 48)
    for _ in range(2):
        events = read(path)
        assert events.t_ns.tolist() == [1000, 2000]
        assert events.x.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("header", "size"),
    [
        # as older and newer cameras write it
        (b"% evt 3.0\n% date 2020\n", (2048, 2048)),
        (b"% evt 3.0\n% system_ID 48\n", (1280, 720)),
        (b"% evt 3.0\n% geometry 640x480\n% end\n", (640, 480)),
        (b"% format EVT3;height=480;width=640\n% end\n", (640, 480)),
    ],
)
def test_headers(tmp_path: Path, header: bytes, size: tuple[int, int]) -> None:
    path = write(tmp_path, header + encode_evt3(some_events()))
    assert open_event_file(path).size == size
    assert len(read(path)) == 2


@pytest.mark.parametrize(
    ("header", "legacy"),
    [
        (b"% evt 2.1\n% geometry 640x480\n% end\n", True),
        (b"% format EVT21;height=480;width=640;endianness=legacy\n% end\n", True),
        (b"% format EVT21;endianness=little;height=480;width=640\n% end\n", False),
        (b"% evt 2.1\n% endianness little\n% geometry 640x480\n% end\n", False),
    ],
)
def test_both_orders_of_evt21(tmp_path: Path, header: bytes, legacy: bool) -> None:
    halves = [(0, 0x8000_0001), (0b101, 0x1000_0000 | 9 << 11 | 7)]
    data = b"".join(struct.pack("<II", *(pair[::-1] if legacy else pair)) for pair in halves)
    events = read(write(tmp_path, header + data))
    assert events.x.tolist() == [9, 11]
    assert events.t_ns.tolist() == [64_000, 64_000]


def test_the_given_size_counts_and_events_outside_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, raw_header(64, 48) + encode_evt3(some_events()))
    with open_event_file(path, (6, 48)) as file:
        assert Events.concatenate(list(file.pieces())).x.tolist() == [5]
        assert file.outside == 1


def test_pieces_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_module, "_PIECE_BYTES", 16)
    times = np.arange(100) * 1000
    events = Events(times, np.arange(100) % 64, np.arange(100) % 48, np.arange(100) % 2 > 0)
    path = write(tmp_path, raw_header(64, 48) + encode_evt3(events))
    pieces = list(open_event_file(path).pieces())
    assert max(map(len, pieces)) <= 8
    assert Events.concatenate(pieces).t_ns.tolist() == times.tolist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"% evt 4.0\n", "expected a RAW file of EVT2, EVT21, EVT3, its header says EVT4"),
        # no header at all
        (b"", r"its header says EVT\?"),
        (b"% evt 3.0\n% geometry wide\n% end\n", "the sensor is wide x , expected numbers"),
        (raw_header(4096, 48), "2048 pixels"),
        (raw_header(0, 48), "at least 1 x 1"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        open_event_file(write(tmp_path, data))


def test_damage_is_told_with_its_place(tmp_path: Path) -> None:
    # a kind of word that there is not
    data = raw_header(64, 48) + encode_evt3(some_events()) + b"\x00\x90"
    with pytest.raises(RecordingError, match=f"damaged between byte [0-9]+ and {len(data)}: .* 0x9000"):
        read(write(tmp_path, data))


def test_a_file_that_was_cut_gives_what_it_has(tmp_path: Path) -> None:
    data = raw_header(64, 48) + encode_evt3(some_events()) + b"\x00"
    pieces = open_event_file(write(tmp_path, data)).pieces()
    assert len(next(pieces)) == 2
    with pytest.raises(RecordingError, match=f"ends within a word, at byte {len(data)}: .* 1 bytes are lost"):
        next(pieces)


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["evt2_dot_raw/evt2_sample.raw", "evt3_driving_raw/evt3_sample.raw"])
def test_batches_of_recordings_hold_everything(data_dir: Path, name: str) -> None:
    file = open_event_file(data_dir / "events" / name)
    whole = Events.concatenate(list(file.pieces()))
    batches = list(file.batches(1_000_000))
    joined = Events.concatenate(batches)
    assert joined.t_ns.tolist() == np.sort(whole.t_ns).tolist()
    assert int(joined.x.sum(dtype=np.int64)) == int(whole.x.sum(dtype=np.int64))
    ends = whole.t_ns[0] + 1_000_000 * np.arange(1, len(batches) + 1)
    assert all((batch.t_ns < end).all() for batch, end in zip(batches, ends, strict=True))


@pytest.mark.recordings
def test_pieces_are_as_one_decoder_has_it(data_dir: Path) -> None:
    path = data_dir / "events/evt3_driving_raw/evt3_sample.raw"
    events = read(path)
    data = path.read_bytes()
    # its header has no line that ends it
    begin = data.rindex(b"\n%") + 1
    begin = data.index(b"\n", begin) + 1
    expected = Evt3Decoder(1280, 720).decode(data[begin:])
    assert len(events) == len(expected) == 219_596
    assert (events.t_ns == expected.t_ns).all()
    assert (events.x == expected.x).all()
