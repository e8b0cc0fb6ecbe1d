"""Distances on the map; GOSPA against its definition, searched through."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.evaluation import PositionSettings, PositionTable
from mobinet.evaluation.localisation import evaluate_localisation


def at_zero(points: list[tuple[float, float]]) -> PositionTable:
    """Objects at one instant."""
    return PositionTable(np.zeros(len(points)), np.arange(len(points)), np.array(points, np.float64).reshape(-1, 2))


def gospa(truth: list[tuple[float, float]], results: list[tuple[float, float]], cutoff: float) -> float:
    """Proposition 1 of the paper: the least over all sets of pairs."""
    best = np.inf
    for count in range(min(len(truth), len(results)) + 1):
        for rows in combinations(range(len(truth)), count):
            for columns in permutations(range(len(results)), count):
                paired = sum(
                    np.sum((np.subtract(truth[r], results[c])) ** 2) for r, c in zip(rows, columns, strict=True)
                )
                best = min(best, paired + cutoff**2 / 2 * (len(truth) + len(results) - 2 * count))
    return float(np.sqrt(best))


points = st.lists(st.tuples(*[st.integers(-30, 30).map(lambda n: n / 10)] * 2), max_size=4)


@given(points, points.filter(bool), st.sampled_from([0.5, 1.0, 3.0]))
def test_gospa_is_the_least_over_all_pairings(truth, results, cutoff):
    scores = evaluate_localisation(at_zero(truth), at_zero(results), PositionSettings(distance_m=cutoff))
    assert scores.gospa_m == pytest.approx(gospa(truth, results, cutoff), abs=1e-9)
    assert scores.found + scores.missed == len(truth)
    assert scores.found + scores.false == len(results)


def test_errors_of_what_was_found():
    truth, results = at_zero([(0, 0), (5, 0), (9, 9)]), at_zero([(0.3, 0), (5, 0.4), (20, 0)])
    scores = evaluate_localisation(truth, results)
    assert scores.rms_error_m == pytest.approx(np.sqrt((0.09 + 0.16) / 2))
    assert scores.median_error_m == pytest.approx(0.35)
    assert (scores.found, scores.missed, scores.false, scores.instants) == (2, 1, 1, 1)
    # two errors, one missed, one false at half a square metre each
    assert scores.gospa_m == pytest.approx(np.sqrt(0.25 + 1))


def test_nothing_reported_is_no_score_and_another_time_is_refused():
    assert np.isnan(evaluate_localisation(at_zero([(0, 0)]), at_zero([])).gospa_m)
    late = PositionTable(np.array([10**12]), np.array([0]), np.zeros((1, 2)))
    with pytest.raises(InputError, match="no stamp of the results is one of the truth"):
        evaluate_localisation(at_zero([(0, 0)]), late)
