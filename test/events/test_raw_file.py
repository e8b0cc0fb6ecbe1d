from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import RecordingError
from mobinet.events import Events, encode_evt3
from mobinet.events.raw_file import raw_header, read_raw


def some_events() -> Events:
    return Events(np.array([1000, 2000]), np.array([5, 6]), np.array([7, 8]), np.array([True, False]))


def test_a_file_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "events.raw"
    # two packets, one after the other
    path.write_bytes(raw_header(64, 48) + encode_evt3(some_events()[:1]) + encode_evt3(some_events()[1:]))
    events, size = read_raw(path)
    assert size == (64, 48)
    assert events.t_ns.tolist() == [1000, 2000]
    assert events.x.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("header", "size"),
    [
        # as older and newer cameras write it
        (b"% evt 3.0\n% date 2020\n", (2048, 2048)),
        (b"% evt 3.0\n% geometry 640x480\n% end\n", (640, 480)),
        (b"% format EVT3;height=480;width=640\n% end\n", (640, 480)),
    ],
)
def test_headers(tmp_path: Path, header: bytes, size: tuple[int, int]) -> None:
    path = tmp_path / "events.raw"
    path.write_bytes(header + encode_evt3(some_events()))
    events, found = read_raw(path)
    assert found == size
    assert len(events) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"% evt 4.0\n", "expected a RAW file of EVT2 or EVT3, its header says EVT4"),
        # no header at all
        (b"", "its header says EVT?"),
        (raw_header(64, 48) + b"\x00", "1 bytes"),
        (b"% evt 3.0\n% geometry wide\n% end\n", "events.raw"),
        (raw_header(4096, 48), "2048 pixels"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "events.raw"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=message.replace("?", r"\?")):
        read_raw(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_raw(tmp_path / "none.raw")
