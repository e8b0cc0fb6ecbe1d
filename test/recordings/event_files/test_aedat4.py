from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.events import Events
from mobinet.recordings.event_files import open_event_file

from .aedat4_writer import write_aedat4

START_US = 1_700_000_000_000_000
ROWS = [(START_US, 5, 7, True), (START_US + 3, 63, 47, False), (START_US + 3, 9, 8, True)]
LZ4, ZSTD = 1, 3


def compressor(compression: int) -> Callable[[bytes], bytes]:
    """Skips where the package is missing."""
    if compression == LZ4:
        return pytest.importorskip("lz4.frame").compress  # type: ignore[no-any-return]
    if compression == ZSTD:
        return pytest.importorskip("zstandard").ZstdCompressor().compress  # type: ignore[no-any-return]
    return bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "events.aedat4"
    path.write_bytes(write_aedat4(ROWS, (64, 48)))
    return path


@pytest.mark.parametrize("compression", [0, LZ4, ZSTD])
def test_events_come_back(path: Path, compression: int) -> None:
    path.write_bytes(write_aedat4(ROWS, (64, 48), compression=compression, compress=compressor(compression)))
    with open_event_file(path) as file:
        assert file.size == (64, 48)
        for _ in range(2):
            events = Events.concatenate(list(file.pieces()))
            assert (events.t_ns // 1000).tolist() == [row[0] for row in ROWS]
            assert list(zip(events.x.tolist(), events.y.tolist(), events.polarity.tolist(), strict=True)) == [
                row[1:] for row in ROWS
            ]


def test_events_outside_are_counted(path: Path) -> None:
    path.write_bytes(write_aedat4([*ROWS, (START_US, -1, 0, True), (START_US, 0, 48, True)], (64, 48)))
    file = open_event_file(path)
    assert len(Events.concatenate(list(file.pieces()))) == 3
    assert file.outside == 2


def test_a_file_that_was_cut_gives_what_it_has(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\x00\x00\x00\x00\x10\x00\x00\x00abc")
    pieces = open_event_file(path).pieces()
    assert len(next(pieces)) == 3
    with pytest.raises(RecordingError, match=r"damaged at byte [0-9]+: 3 of 16 bytes are there: it was cut"):
        next(pieces)


def test_a_file_without_events(path: Path) -> None:
    path.write_bytes(write_aedat4([], (64, 48), kind="IMUS"))
    with pytest.raises(RecordingError, match="expected a stream of events, it has IMUS"):
        open_event_file(path)


@pytest.mark.parametrize(
    "data", [b"", b"#!AER-DAT4.0\r\n", b"no such format at all", b"#!AER-DAT4.0\r\n\xff\xff\xff\x7f"]
)
def test_other_files(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="cannot be read as AEDAT4"):
        open_event_file(path)


def test_a_compression_that_there_is_not(path: Path) -> None:
    path.write_bytes(write_aedat4(ROWS, (64, 48), compression=9))
    with pytest.raises(RecordingError, match="compression 9, expected 0 to 4"):
        open_event_file(path)


@pytest.mark.parametrize("compression", [0, LZ4, ZSTD])
def test_damage_anywhere_is_refused_or_read_and_nothing_else(path: Path, compression: int) -> None:
    whole = write_aedat4(ROWS * 20, (64, 48), compression=compression, compress=compressor(compression))
    chance = random.Random(compression)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 4])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        try:
            for events in open_event_file(path).pieces():
                assert (events.x < 2**15).all()
        except (RecordingError, MissingDependencyError):
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(("compression", "package"), [(LZ4, "lz4"), (ZSTD, "zstandard")])
def test_without_the_package(path: Path, compression: int, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(write_aedat4(ROWS, (64, 48), compression=compression))
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.frame", None)
    with pytest.raises(MissingDependencyError, match=f"pip install '{package}'"):
        open_event_file(path)
