from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation.tables import BoxTable, PositionTable, TrackTable
from mobinet.recordings.mot import MotTable

BOX = np.array([[0, 0, 10, 20]], np.float32)


def mot(classes: list[int]) -> MotTable:
    ones = np.ones(len(classes))
    return MotTable(ones, np.arange(len(classes)), np.tile(BOX, (len(classes), 1)), ones, classes, ones)


def test_mot_classes_get_the_names_that_detectors_use():
    assert TrackTable.from_mot(mot([1, 3, 8, -1])).class_names.tolist() == ["person", "car", "distractor", ""]
    with pytest.raises(InputError, match="class number 77 has no name"):
        TrackTable.from_mot(mot([77]))


def test_an_id_stands_once_in_a_frame():
    twice = np.repeat(BOX, 3, axis=0)
    with pytest.raises(InputError, match="frame 4 has id a more than once"):
        TrackTable(np.array([3, 4, 4]), np.array(["a", "a", "a"]), twice)
    with pytest.raises(InputError, match="frame 4 has id 7 more than once"):
        PositionTable(np.array([4, 3, 4]), np.array([7, 7, 7]), np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrackTable(np.array([1, 2]), np.array([1]), BOX), "frames: expected one for each of 1"),
        (lambda: TrackTable(np.array([1]), np.array([1.5]), BOX), "integers or strings, got float64"),
        (lambda: BoxTable(np.array([1]), BOX, scores=np.ones(2)), "scores: expected one for each of 1"),
        (lambda: BoxTable(np.array([1]), np.array([[5, 5, 1, 9]])), "expected finite x1 < x2"),
        (lambda: PositionTable(np.array([1]), np.array([1]), np.zeros((1, 4))), r"\(N, 2\) or \(N, 3\)"),
        (lambda: PositionTable(np.array([1]), np.array([1]), np.full((1, 2), np.nan)), "position 0 is"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_hidden_and_uncounted_boxes_need_not_be_found():
    table = TrackTable(np.arange(3), np.arange(3), np.repeat(BOX, 3, axis=0), [1, 0, 1], None, [1, 1, 0.1])
    assert BoxTable.from_tracks(table, minimum_visibility=0.2).forgiven.tolist() == [False, True, True]


def test_rows_are_chosen_as_in_arrays():
    table = TrackTable(np.arange(3), np.array(["a", "b", "c"]), np.repeat(BOX, 3, axis=0))
    assert table[table.frames > 0].ids.tolist() == ["b", "c"]
    assert len(table[:0]) == len(TrackTable.empty()) == 0
