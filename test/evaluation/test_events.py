"""Boxes with times of their own, by the rules of the event data sets."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.box_files import read_event_boxes
from mobinet.evaluation.events import EventSettings, evaluate_events
from mobinet.evaluation.tables import BoxTable

pytest.importorskip("pycocotools", reason="needs pycocotools")
MS = 1_000_000


def boxes(rows: list[tuple[float, float, float]]) -> BoxTable:
    """A table of (milliseconds, left, side in pixels)."""
    corners = [[left, 0, left + side, side] for _, left, side in rows]
    return BoxTable(np.array([round(t * MS) for t, _, _ in rows]), np.array(corners), np.full(len(rows), "car"))


@pytest.mark.parametrize(
    ("offset_ms", "recall"),
    [
        (0, 1),
        # 50 ms either way are allowed
        (50, 1),
        (-50, 1),
    ],
)
def test_a_result_counts_near_a_true_stamp(offset_ms, recall):
    report = evaluate_events(boxes([(1000, 0, 60)]), boxes([(1000 + offset_ms, 0, 60)]), start_ns=0)
    assert report.mean.recall == recall


def test_results_far_from_every_stamp_are_refused():
    with pytest.raises(InputError, match=r"no result is within 0.05 s of the truth"):
        evaluate_events(boxes([(1000, 0, 60)]), boxes([(1051, 0, 60)]), start_ns=0)


def test_repetitions_within_the_tolerance_are_wrong():
    report = evaluate_events(boxes([(1000, 0, 60)]), boxes([(980, 0, 60), (1000, 0, 60)]), start_ns=0)
    assert (report.mean.recall, report.mean.precision) == (1, 0.5)


def test_early_and_small_boxes_do_not_count():
    # too early; diagonal 28; sides 9 and 60; one that counts
    truth = boxes([(499, 0, 60), (1000, 200, 20), (1000, 0, 60)])
    narrow = BoxTable(np.array([1000 * MS]), np.array([[100, 0, 109, 60]]), np.array(["car"]))
    joined = BoxTable(np.append(truth.images, narrow.images), np.vstack([truth.boxes, narrow.boxes]), np.full(4, "car"))
    report = evaluate_events(joined, joined, start_ns=0)
    assert (report.mean.truth_boxes, report.mean.ap) == (1, pytest.approx(1))
    # 1 Mpx: the remaining box has a diagonal of 85 and passes 60, but not 100
    with pytest.raises(InputError, match="no true box counts"):
        evaluate_events(joined, joined, 0, EventSettings(minimum_diagonal_px=100.0))


def test_times_are_counted_from_the_first_event():
    truth = boxes([(10_400, 0, 60), (10_600, 0, 60)])
    assert evaluate_events(truth, truth, start_ns=10_000 * MS).mean.truth_boxes == 1


def test_names_are_no_times():
    named = BoxTable(np.array(["a"]), np.array([[0, 0, 60, 60]]), np.array(["car"]))
    with pytest.raises(InputError, match="truth: expected stamps"):
        evaluate_events(named, named, start_ns=0)


def test_files_of_event_data_sets(tmp_path):
    kinds = [("t", "<u8"), ("x", "<f4"), ("y", "<f4"), ("w", "<f4"), ("h", "<f4"), ("class_id", "u1")]
    rows = np.array([(600_000, 1, 2, 30, 40, 1, 0.5)], [*kinds, ("class_confidence", "<f4")])
    np.save(tmp_path / "boxes.npy", rows)
    table = read_event_boxes(tmp_path / "boxes.npy")
    assert (table.images.tolist(), table.boxes.tolist()) == ([600 * MS], [[1, 2, 31, 42]])
    assert table.class_names.tolist() == ["1"]
    np.save(tmp_path / "other.npy", np.zeros(3))
    with pytest.raises(RecordingError, match=r"expected the fields t \(or ts\)"):
        read_event_boxes(tmp_path / "other.npy")
