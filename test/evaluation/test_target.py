"""One object followed: cases worked out by hand from the definitions."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.target import TargetSettings, evaluate_target
from mobinet.evaluation.target_files import find_targets, read_target

NONE = [np.nan] * 4
BOX = [10.0, 20.0, 50.0, 60.0]


def moved(right: float) -> list[float]:
    return [BOX[0] + right, BOX[1], BOX[2] + right, BOX[3]]


def score(truth: list[list[float]], results: list[list[float]], confidences=None, **settings):
    return evaluate_target(np.array(truth), np.array(results), confidences, TargetSettings(**settings))


def test_the_truth_itself_reaches_all_that_the_definitions_allow():
    scores = score([BOX] * 3, [BOX] * 3)
    # no overlap exceeds the last of the 21 limits, which is 1
    assert scores.success == pytest.approx(20 / 21)
    assert (scores.op50, scores.op75, scores.precision, scores.norm_precision, scores.f_score) == (1, 1, 1, 1, 1)


def test_half_a_width_beside_it():
    # 20 of 40 pixels: overlap 1/3, exceeding 0 to .30; centres 20 pixels, half a width apart
    scores = score([BOX], [moved(20)])
    assert scores.success == pytest.approx(7 / 21)
    assert (scores.op50, scores.precision) == (0, 1)
    assert scores.norm_precision == pytest.approx(1 / 51)
    assert score([BOX], [moved(20.1)]).precision == 0
    assert score([BOX], [moved(20.1)], precision_px=21.0).precision == 1


def test_images_without_the_object_count_in_the_long_term_measures_alone():
    scores = score([BOX, NONE, NONE, BOX], [BOX, BOX, NONE, NONE])
    assert (scores.frames, scores.present, scores.op50) == (4, 2, 0.5)
    assert scores.false_alarms == 0.5
    # one right box of two reported, one of two images found
    assert (scores.lt_precision, scores.lt_recall, scores.f_score) == (0.5, 0.5, 0.5)


def test_the_threshold_is_where_the_f_score_is_best():
    truth, results = [BOX, BOX, NONE, NONE], [BOX] * 4
    scores = score(truth, results, np.array([0.9, 0.8, 0.3, 0.2]))
    assert (scores.f_score, scores.threshold) == (1, 0.8)
    # boxes of equal confidence pass together
    assert score(truth, results, np.full(4, 0.5)).lt_precision == 0.5


def test_found_again_after_how_long():
    truth = [BOX, NONE, BOX, BOX, BOX, NONE, NONE, BOX, BOX]
    results = [BOX, NONE, NONE, moved(200), BOX, BOX, NONE, NONE, NONE]
    scores = score(truth, results, rate_hz=10.0)
    assert (scores.absences, scores.refound) == (2, 1)
    assert scores.refind_s == pytest.approx(0.2)


def test_an_object_that_appears_late_was_not_absent():
    assert score([NONE, BOX], [NONE, BOX]).absences == 0


@pytest.mark.parametrize(
    ("truth", "results", "message"),
    [
        ([BOX, BOX], [BOX], "truth has 2 images and the results 1"),
        ([NONE], [BOX], "no image with the object"),
        ([BOX], [[50, 20, 10, 60]], "results: box 1 is"),
        ([BOX], [[10, np.nan, 50, 60]], "results: box 1 is"),
    ],
)
def test_what_does_not_fit_is_refused(truth, results, message):
    with pytest.raises(InputError, match=message):
        score(truth, results)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("groundtruth_rect.txt", "11,21,40,40\n0,0,0,0\n"),
        ("groundtruth_rect.txt", "11\t21\t40\t40\n0 0 0 0\n"),
        ("gt.txt", "10,20,50,60\nNaN,NaN,NaN,NaN\n"),
        ("groundtruth.txt", "10,20,40,40\n0,0,0,0\n"),
        ("ours.txt", "10 20 40 40 0.25\nnan nan nan nan 0\n"),
    ],
)
def test_layouts(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    boxes, confidences = read_target(tmp_path / name)
    assert boxes[0].tolist() == BOX
    assert np.isnan(boxes[1]).all()
    assert confidences[0] == (0.25 if name == "ours.txt" else 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("1,2,3\n", "line 1: expected 4 numbers, or 5 with a confidence, got 3"),
        ("1,2,3,x\n", "line 1: expected 4 or 5 numbers"),
        ("10,20,5,5\n10,20,50,-60\n", "line 2: read as xywh, the box has no area"),
    ],
)
def test_bad_files_are_named(tmp_path, text, message):
    (tmp_path / "ours.txt").write_text(text)
    with pytest.raises(RecordingError, match=message):
        read_target(tmp_path / "ours.txt")


def test_a_folder_of_targets(tmp_path):
    for name in ("car", "man"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "groundtruth.txt").write_text("1,2,3,4\n")
    assert list(find_targets(tmp_path)) == ["car", "man"]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "list.txt").write_text("car\n")  # of names, not of boxes
    with pytest.raises(RecordingError, match="has no boxes"):
        find_targets(tmp_path / "results")
    with pytest.raises(RecordingError, match="has no boxes"):
        find_targets(tmp_path / "nothing")


@pytest.mark.recordings
def test_recorded_targets_are_read(data_dir):
    boxes, _ = read_target(data_dir / "sot/tld_06_car/gt.txt")
    scores = evaluate_target(boxes, boxes)
    assert (scores.absences, scores.refound) == (3, 3)
    girl, _ = read_target(data_dir / "sot/otb_Girl/groundtruth_rect.txt")
    # its first line is 57,21,31,45
    assert girl[0].tolist() == [56, 20, 87, 65]
