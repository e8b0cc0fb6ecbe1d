from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import RecordingError
from mobinet.events import Events
from mobinet.recordings.event_files import csv_table, npz, open_event_file

Row = tuple[int, int, int, int]
ROWS = [(1_700_000_000_000_001_000, 5, 7, 1), (1_700_000_000_000_002_000, 639, 479, 0)]


def rows_of(events: Events) -> list[Row]:
    columns = (events.t_ns, events.x, events.y, events.polarity.astype(int))
    return list(zip(*(column.tolist() for column in columns), strict=True))


def read(path: Path, size: tuple[int, int] | None = (640, 480), columns: str = "") -> list[Row]:
    return rows_of(Events.concatenate(list(open_event_file(path, size, columns).pieces())))


def write(folder: Path, text: str, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        # every separator, any order, other columns beside them, names in capitals
        ("t_ns,x,y,p\n1700000000000001000,5,7,1\n1700000000000002000,639,479,0\n", ""),
        ("X; Y; P; T_US\n5; 7; 1; 1700000000000001\n639; 479; -1; 1700000000000002\n", ""),
        ("x\ty\tframe\tpolarity\tt_us\n5\t7\t0\t1\t1700000000000001\n639\t479\t0\t0\t1700000000000002\n", ""),
        # names in a comment, comments and blank lines between, a mark of UTF-8
        ("\ufeff# t_us x y p\n1700000000000001 5 7 1\n\n# half time\n1700000000000002 639 479 0\n", ""),
        # seconds and milliseconds may have fractions
        ("t_ms,x,y,p\n1700000000000.001,5,7,1\n1700000000000.002,639,479,0\n", ""),
        # named by the caller, with and without a first line that does not help
        ("1700000000000001,5,7,1\n1700000000000002,639,479,0\n", "t_us,x,y,p"),
        ("time,col,row,on\n1700000000000001,5,7,1\n1700000000000002,639,479,0\n", "t_us, x, y, p"),
    ],
)
def test_tables_of_text(tmp_path: Path, text: str, columns: str) -> None:
    found = read(write(tmp_path, text), columns=columns)
    assert [row[1:] for row in found] == [row[1:] for row in ROWS]
    # a double has a quarter of a microsecond for milliseconds since the epoch
    tolerance_ns = 250 if "t_ms" in text else 0
    assert all(abs(row[0] - expected[0]) <= tolerance_ns for row, expected in zip(found, ROWS, strict=True))


def test_what_metavision_writes(tmp_path: Path) -> None:
    path = write(tmp_path, "%geometry:640,480\n5,7,1,1\n639,479,0,2\n")
    assert open_event_file(path).size == (640, 480)
    assert read(path, None) == [(1000, 5, 7, 1), (2000, 639, 479, 0)]


def test_seconds_of_a_data_set(tmp_path: Path) -> None:
    # as the event camera data set of Mueggler et al. has them
    path = write(tmp_path, "0.003811000 96 133 0\n0.003820001 86 73 1\n", "events.txt")
    assert read(path, columns="t_s,x,y,p") == [(3_811_000, 96, 133, 0), (3_820_001, 86, 73, 1)]


@pytest.mark.parametrize("piece", [1, 2, 5])
def test_text_in_pieces(tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_LINES", piece)
    lines = "".join(f"{k},1,2,1\n" for k in range(7))
    assert [row[0] for row in read(write(tmp_path, "t_ns,x,y,p\n" + lines + "\n\n"))] == list(range(7))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4\n", r"columns of '1,2,3,4' are not known, expected one of t_ns, t_us, t_ms, t_s, and x, y and p"),
        ("t,x,y,p\n1,2,3,1\n", "columns of 't,x,y,p' are not known"),
        ("t_us,t_ns,x,y,p\n1,1,2,3,1\n", "are not known"),
        ("", "columns of '' are not known"),
    ],
)
def test_columns_without_names_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        open_event_file(write(tmp_path, text), (640, 480))


def test_the_size_has_to_be_known(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not tell the sensor's size"):
        open_event_file(write(tmp_path, "t_us,x,y,p\n1,2,3,1\n"))


@pytest.mark.parametrize(
    "line",
    [
        # letters, a column too few, a fraction of a microsecond, a coordinate that is none, a time that does not fit
        "one,2,3,1",
        "1,2,3",
        "1.5,2,3,1",
        "1,-2,3,1",
        "1,2,70000,1",
        "9223372036854775807,2,3,1",
    ],
)
def test_lines_that_make_no_sense_are_told_with_their_place(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, f"t_us,x,y,p\n1,2,3,1\n{line}\n")
    with pytest.raises(RecordingError, match=r"between line 2 and 3: .*; mend or remove the line"):
        read(path)


def test_events_outside_are_counted(tmp_path: Path) -> None:
    file = open_event_file(write(tmp_path, "t_us,x,y,p\n1,639,479,1\n2,640,0,1\n3,0,480,1\n"), (640, 480))
    assert len(Events.concatenate(list(file.pieces()))) == 1
    assert file.outside == 2


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_arrays(tmp_path: Path, save: object, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "PIECE", piece)
    t_us = np.arange(10, dtype=np.uint64) + 1_700_000_000_000_000
    x, y, p = np.arange(10, dtype=np.int32), np.arange(10, dtype=np.uint8), np.arange(10) % 2 > 0
    path = tmp_path / "events.npz"
    assert callable(save)
    save(path, t_us=t_us, x=x, y=y, polarity=p, width=64, height=48)
    assert open_event_file(path).size == (64, 48)
    expected = zip((t_us * 1000).tolist(), x.tolist(), y.tolist(), p.astype(int).tolist(), strict=True)
    assert read(path, None) == list(expected)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"t": [1], "x": [1], "y": [1], "p": [1]}, "columns are t, x, y, p, expected one of"),
        ({"t_us": [1, 2], "x": [1], "y": [1], "p": [1]}, "expected arrays of one length"),
        ({"t_us": [[1]], "x": [1], "y": [1], "p": [1]}, r"array 't_us' is int64 \(1, 1\), expected numbers"),
        ({"t_us": ["a"], "x": [1], "y": [1], "p": [1]}, "expected numbers"),
        ({"t_s": [np.nan], "x": [1], "y": [1], "p": [1]}, "time of event 0 is nan"),
        ({"t_us": [1], "x": [-1], "y": [1], "p": [1]}, "x of event 0 is -1"),
    ],
)
def test_arrays_that_make_no_sense(tmp_path: Path, arrays: dict[str, list[object]], message: str) -> None:
    path = tmp_path / "events.npz"
    np.savez(path, **{name: np.array(values) for name, values in arrays.items()})
    with pytest.raises(RecordingError, match=message):
        read(path)


def test_damaged_archives(tmp_path: Path) -> None:
    path = tmp_path / "events.npz"
    with pytest.raises(RecordingError, match="does not exist"):
        open_event_file(path)
    path.write_bytes(b"PK no archive")
    with pytest.raises(RecordingError, match="cannot be read as npz of events"):
        open_event_file(path)
    np.savez(path, t_us=np.arange(1000), x=np.ones(1000, int), y=np.ones(1000, int), p=np.ones(1000, int))
    with pytest.raises(RecordingError, match="does not tell the sensor's size"):
        open_event_file(path)
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=r"is damaged: .*; save it again"):
        read(path)


def test_other_endings(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"'.mp4', expected one of .raw, .dat, .aedat4, .npz, .csv, .txt; play bags"
    ):
        open_event_file(write(tmp_path, "", "events.mp4"))
