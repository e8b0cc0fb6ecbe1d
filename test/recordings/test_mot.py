from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobinet.errors import InputError, RecordingError
from mobinet.recordings.mot import MotTable, SequenceInfo, read_mot, read_seqinfo, write_mot, write_seqinfo


def table(rows: list[tuple[float, ...]]) -> MotTable:
    """From frame, id, x1, y1, x2, y2, score, class, visibility."""
    values = np.array(rows, np.float64).reshape(-1, 9)
    return MotTable(values[:, 0], values[:, 1], values[:, 2:6], values[:, 6], values[:, 7], values[:, 8])


def assert_same(first: MotTable, second: MotTable, tolerance: float = 0.0) -> None:
    for field in dataclasses.fields(MotTable):
        np.testing.assert_allclose(getattr(first, field.name), getattr(second, field.name), rtol=1e-4, atol=tolerance)


def test_detections_of_mot15(tmp_path):
    path = tmp_path / "det.txt"
    path.write_text("2,-1,10,20,30,40,0.5,-1,-1,-1\n1,-1,1.5,2,3,4,0.75,-1,-1,-1\n\n")
    # by rising frame, empty lines skipped
    assert_same(read_mot(path), table([(1, -1, 1.5, 2, 4.5, 6, 0.75, -1, 1), (2, -1, 10, 20, 40, 60, 0.5, -1, 1)]))


def test_ground_truth_of_mot16(tmp_path):
    path = tmp_path / "gt.txt"
    path.write_text("1,7,912,484,97,109,0,7,0.25\n")
    assert_same(read_mot(path), table([(1, 7, 912, 484, 1009, 593, 0, 7, 0.25)]))


def test_an_empty_file_has_no_boxes(tmp_path):
    path = tmp_path / "det.txt"
    path.write_text("")
    assert len(read_mot(path)) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,-1,10,20,30", r"expected 7, 9 or 10 columns .*got 5"),
        ("1,-1,10,20,thirty,40,0.5", "expected numbers separated by commas .*thirty"),
        ("1,-1,10,20,nan,40,0.5", "expected finite numbers"),
        ("0,-1,10,20,30,40,0.5", "whole frame number from 1 on"),
        ("1,1.5,10,20,30,40,0.5", "a whole id"),
        ("1,-1,10,20,0,40,0.5", "width and height above 0, got 0 x 40"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = tmp_path / "det.txt"
    path.write_text(f"1,-1,10,20,30,40,0.5\n\n{line}\n")
    with pytest.raises(RecordingError, match=message) as error:
        read_mot(path)
    assert "det.txt, line 3: " in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"none\.txt' cannot be read: No such file"):
        read_mot(tmp_path / "none.txt")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "det.txt"
    path.write_bytes(b"1,\xff\xfe")
    with pytest.raises(RecordingError, match=r"not a text file \(byte 2\)"):
        read_mot(path)


ROWS = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(-1, 99),
        st.integers(-50, 900),
        st.integers(-50, 900),
        st.integers(1001, 1500),
        st.integers(1001, 1500),
        st.integers(0, 10).map(lambda tenths: tenths / 10),
    ),
    max_size=8,
)


@pytest.mark.parametrize("tail", [(-1, 1.0), (7, 0.5)])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(rows=ROWS)
def test_written_files_read_back(tmp_path, tail, rows):
    written = table([(*row, *tail) for row in sorted(rows, key=lambda row: row[0])])
    write_mot(tmp_path / "gt.txt", written)
    assert_same(read_mot(tmp_path / "gt.txt"), written, tolerance=1e-3)


def test_writing_where_nothing_can_be_written(tmp_path):
    with pytest.raises(RecordingError, match="cannot be written"):
        write_mot(tmp_path / "absent" / "gt.txt", table([]))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, 1, 0, 0, 5, 5, 1, -1, 1), "numbers from 1 on, got 0"),
        ((1, 1, 5, 0, 5, 5, 1, -1, 1), "box 0 is"),
    ],
)
def test_a_table_refuses(row, message):
    with pytest.raises(InputError, match=message):
        table([row])


def test_a_table_refuses_columns_of_different_length():
    with pytest.raises(InputError, match="ids: expected one for each of 1 boxes"):
        MotTable(np.ones(1), np.ones(2), np.array([[0, 0, 1, 1]]), np.ones(1), np.ones(1), np.ones(1))


def test_detections_of_a_frame():
    rows = [(1, -1, 0, 0, 5, 5, 0.9, -1, 1), (2, -1, 1, 1, 6, 6, 0.8, -1, 1), (2, -1, 2, 2, 7, 7, 0.7, -1, 1)]
    found = table(rows).detections(2, "person")
    assert found.boxes[:, 0].tolist() == [1, 2]
    assert found.class_names == ("person", "person")


def test_seqinfo_reads_back(tmp_path):
    info = SequenceInfo("street", 12.5, 40, 640, 480)
    write_seqinfo(tmp_path / "seqinfo.ini", info)
    assert read_seqinfo(tmp_path / "seqinfo.ini") == info


def test_stamps_count_from_the_first_frame():
    info = SequenceInfo("street", 7, 40, 640, 480)
    assert [info.stamp_ns(number) for number in (1, 2, 8)] == [0, 142857143, 10**9]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Other]\nname=a\n", r"expected a section \[Sequence\]"),
        ("name=a\n", "not an ini file"),
        ("[Sequence]\nseqLength=5\nimWidth=6\nimHeight=7\n", "frameRate: expected a number above 0, got 'nothing'"),
        ("[Sequence]\nseqLength=0\nimWidth=6\nimHeight=7\nframeRate=5\n", "seqLength: expected a number above 0"),
    ],
)
def test_a_bad_seqinfo_is_refused(tmp_path, text, message):
    path = tmp_path / "seqinfo.ini"
    path.write_text(text)
    with pytest.raises(RecordingError, match=message):
        read_seqinfo(path)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("sequence", "truths", "detections", "length"),
    [
        ("ADL-Rundle-6", 5009, 4325, 525),
        ("ETH-Bahnhof", 7670, 6209, 1000),
        ("KITTI-13", 929, 945, 340),
        ("PETS09-S2L1", 4650, 4359, 795),
        ("TUD-Campus", 359, 321, 71),
    ],
)
def test_published_files(data_dir, sequence, truths, detections, length):
    folder = data_dir / "mot" / sequence
    info = read_seqinfo(folder / "seqinfo.ini")
    assert (info.name, info.length) == (sequence, length)
    assert (len(read_mot(folder / "gt.txt")), len(read_mot(folder / "det.txt"))) == (truths, detections)
