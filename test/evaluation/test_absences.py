"""Absences of an object: cases worked out by hand from the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.evaluation.absences import (
    Absence,
    AbsenceScores,
    AbsenceSettings,
    add_absences,
    evaluate_absences,
    find_absences,
)
from mobinet.types import TargetState

NONE = [np.nan] * 4
T, U, O, L, R = (  # noqa: E741
    TargetState.TRACKING,
    TargetState.UNCERTAIN,
    TargetState.OCCLUDED,
    TargetState.LOST,
    TargetState.REFOUND,
)


def at(left: float) -> list[float]:
    return [left, 0.0, left + 40.0, 40.0]


def score(truth, results, states=None, network=None, places=None, **settings) -> AbsenceScores:
    states = [T] * len(truth) if states is None else states
    arrays = (None if values is None else np.array(values, float) for values in (network, places))
    return evaluate_absences(
        np.array(truth), np.array(results), np.array(states, np.int64), *arrays, settings=AbsenceSettings(**settings)
    )


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("", []),
        ("0000", []),
        # it comes late and leaves for good: no absence
        ("0011100", []),
        ("11011", [Absence(2, 3, 5)]),
        # judged for as long as `within` says, or up to the next absence
        ("1100111111", [Absence(2, 4, 7)]),
        ("1011011110", [Absence(1, 2, 4), Absence(4, 5, 8)]),
    ],
)
def test_where_absences_are(there, expected):
    assert find_absences(np.array([mark == "1" for mark in there], bool), within=3) == expected


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 10))
def test_absences_lie_in_order_and_their_returns_show_the_object(there, within):
    marks = np.array(there, bool)
    end = 0
    for absence in find_absences(marks, within):
        assert end <= absence.start < absence.back < absence.end <= len(marks)
        assert not marks[absence.start : absence.back].any()
        assert marks[absence.start - 1]
        assert marks[absence.back : absence.end].all()
        end = absence.end


def test_found_again_with_half_of_the_overlap():
    # overlaps 1/3, then 0.6: found, with the success of those two images
    truth, results = [at(0), NONE, at(0), at(0)], [at(0), at(0), at(20), at(10)]
    scores = score(truth, results, [T, O, U, U])
    assert (scores.absences, scores.reacquired, scores.false_reacquired) == (1, 1, 0)
    assert scores.success_after == pytest.approx((7 / 21 + 12 / 21) / 2)
    # as late as the third image of two that are judged
    late = [at(0), NONE, at(0), at(0), at(0)]
    assert score(late, [at(0), at(0), at(20), at(20), at(0)], within=2).reacquired == 0
    assert score(late, [at(0), at(0), at(20), at(20), at(0)], within=3).reacquired == 1


def test_a_prediction_that_happens_to_be_right_is_not_found_again():
    scores = score([at(0), NONE, at(0)], [at(0)] * 3, [T, O, O])
    assert scores.reacquired == 0
    assert scores.success_after == pytest.approx(20 / 21)


@pytest.mark.parametrize(
    ("results", "states", "expected"),
    [
        # it stays where the object was, which goes on behind the wall: 40 pixels in the middle of the way
        ([at(0), at(0), at(0), at(80)], [T, T, T, T], 1),
        ([at(0), at(0), at(0), at(80)], [T, T, O, R], 0),
        # hidden by half: what shows of it is followed on its way
        ([at(0), at(20), at(40), at(80)], [T, T, T, T], 0),
        # refound somewhere else, while hidden and once it is back
        ([at(0), at(0), at(300), at(80)], [T, O, R, T], 1),
        ([at(0), at(0), NONE, at(300)], [T, O, L, R], 1),
        # doubtful is not sure
        ([at(0), at(0), NONE, at(300)], [T, O, L, U], 0),
        # sure, but without a box
        ([at(0), NONE, NONE, NONE], [T, T, T, T], 0),
    ],
)
def test_sure_of_something_else(results, states, expected):
    scores = score([at(0), NONE, NONE, at(80)], results, states)
    assert scores.false_reacquired == expected


def test_where_it_really_was_counts_more_than_the_straight_way():
    truth, results, states = [at(0), NONE, at(0)], [at(0), at(0), at(0)], [T, T, T]
    assert score(truth, results, states).false_reacquired == 0
    assert score(truth, results, states, places=[at(0), at(200), at(0)]).false_reacquired == 1


def test_what_the_state_tells():
    truth = [NONE, at(0), NONE, NONE, at(0), at(0), at(0), NONE]
    results = [NONE, at(0), at(0), NONE, at(0), at(200), at(0), at(0)]
    network = [NONE, at(0), at(0), at(90), at(0), at(0), at(200), at(0)]
    scores = score(truth, results, [T, T, O, L, O, O, O, T], network)
    # hidden from its first image on, also after its last; LOST and OCCLUDED both tell it
    assert (scores.hidden, scores.told) == (3, 2)
    # the network was right three times, and twice it was called hidden all the same
    assert (scores.visible, scores.false_alarms) == (3, 2)
    assert scores.false_alarm_share == pytest.approx(2 / 3)


def test_sequences_add_up():
    one = score([at(0), NONE, at(0)], [at(0), at(0), at(0)])
    two = score([at(0), NONE, at(0), at(0)], [at(0)] * 2 + [at(200)] * 2)
    both = add_absences([one, two])
    assert (both.absences, both.reacquired_share, both.after) == (2, 0.5, 3)
    assert both.success_after == pytest.approx(20 / 21 / 3)
    nothing = add_absences([])
    assert math.isnan(nothing.reacquired_share)
    assert math.isnan(nothing.success_after)


def test_lengths_must_agree():
    with pytest.raises(InputError, match="states: expected one an image, 2 as the truth, got 1"):
        score([at(0), NONE], [at(0), at(0)], [T])
    with pytest.raises(InputError, match="results: expected one an image"):
        score([at(0), NONE], [at(0)], [T, T])
