from __future__ import annotations

from pathlib import Path

import pytest

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.events import Events
from mobinet.recordings.event_files import open_event_file

from .aedat4_writer import write_aedat4

START_US = 1_700_000_000_000_000
ROWS = [(START_US, 5, 7, True), (START_US + 3, 63, 47, False), (START_US + 3, 9, 8, True)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pytest.importorskip("aedat")
    path = tmp_path / "events.aedat4"
    path.write_bytes(write_aedat4(ROWS, (64, 48)))
    return path


def test_events_come_back(path: Path) -> None:
    with open_event_file(path) as file:
        assert file.size == (64, 48)
        for _ in range(2):
            events = Events.concatenate(list(file.pieces()))
            assert (events.t_ns // 1000).tolist() == [row[0] for row in ROWS]
            assert list(zip(events.x.tolist(), events.y.tolist(), events.polarity.tolist(), strict=True)) == [
                row[1:] for row in ROWS
            ]


def test_a_file_that_was_cut_gives_what_it_has(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\x00\x00\x00\x00\x10\x00\x00\x00abc")
    pieces = open_event_file(path).pieces()
    assert len(next(pieces)) == 3
    with pytest.raises(RecordingError, match=r"damaged after packet 1: .*; it was cut"):
        next(pieces)


def test_a_file_without_events(path: Path) -> None:
    path.write_bytes(write_aedat4([], (64, 48), kind="IMUS"))
    with pytest.raises(RecordingError, match="expected a stream of events, it has imus"):
        open_event_file(path)


@pytest.mark.parametrize("data", [b"", b"#!AER-DAT4.0\r\n", b"no such format at all"])
def test_other_files(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="cannot be read as AEDAT4"):
        open_event_file(path)


def test_without_aedat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "aedat", None)
    path = tmp_path / "events.aedat4"
    path.write_bytes(b"")
    with pytest.raises(MissingDependencyError, match="pip install 'aedat'"):
        open_event_file(path)
