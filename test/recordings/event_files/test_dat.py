from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mobinet.errors import RecordingError
from mobinet.events import Events
from mobinet.recordings.event_files import dat as dat_module
from mobinet.recordings.event_files import open_event_file

HEADER = b"% Data file containing CD events\n% Date 2020-09-14 14:18:29\n% Version 2\n% Width 640\n% Height 480\n"
CD = b"\x0c\x08"
Row = tuple[int, int, int, int]


def write(folder: Path, rows: list[Row], header: bytes = HEADER, kind: bytes = CD, tail: bytes = b"") -> Path:
    path = folder / "events.dat"
    data = b"".join(struct.pack("<II", t & 0xFFFFFFFF, p << 28 | y << 14 | x) for t, x, y, p in rows)
    path.write_bytes(header + kind + data + tail)
    return path


def read(path: Path, size: tuple[int, int] | None = None) -> list[Row]:
    events = Events.concatenate(list(open_event_file(path, size).pieces()))
    columns = (events.t_ns // 1000, events.x, events.y, events.polarity.astype(int))
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("piece", [1, 2, 1000])
@pytest.mark.parametrize(
    "rows",
    [
        [(5, 639, 479, 1), (6, 0, 0, 0), (6, 7, 8, 1)],
        # the 32 bits wrap, and a little back and forth over the wrap
        [(2**32 - 1, 1, 2, 0), (2**32 + 3, 3, 4, 1), (2**32 - 2, 5, 6, 0), (2**32 + 9, 7, 8, 1)],
        # twice
        [(k * 2**30, k, 0, 1) for k in range(1, 12)],
        [],
    ],
)
def test_events_come_back(tmp_path: Path, rows: list[Row], piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dat_module, "PIECE", piece)
    assert read(write(tmp_path, rows)) == rows


def test_the_size_is_told_or_given(tmp_path: Path) -> None:
    assert open_event_file(write(tmp_path, [])).size == (640, 480)
    path = write(tmp_path, [(1, 63, 1, 1), (2, 64, 1, 1)], header=b"% Version 2\n")
    with pytest.raises(RecordingError, match="give the sensor's size"):
        open_event_file(path)
    assert read(path, (64, 48)) == [(1, 63, 1, 1)]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        # triggers; another size; another version; nothing after the header
        (HEADER, b"\x0e\x08"),
        (HEADER, b"\x0c\x10"),
        (HEADER.replace(b"Version 2", b"Version 1"), CD),
        (HEADER, b""),
    ],
)
def test_other_files_are_refused(tmp_path: Path, header: bytes, kind: bytes) -> None:
    with pytest.raises(RecordingError, match="expected a DAT file of version 2"):
        open_event_file(write(tmp_path, [], header, kind))


def test_a_file_that_was_cut_gives_what_it_has(tmp_path: Path) -> None:
    pieces = open_event_file(write(tmp_path, [(1, 2, 3, 1)], tail=b"\x00\x00\x00")).pieces()
    assert len(next(pieces)) == 1
    with pytest.raises(RecordingError, match=r"ends within an event, at byte .*: it was cut there, 3 bytes are lost"):
        next(pieces)
