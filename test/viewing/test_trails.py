"""Trails hold what is recent and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.viewing.trails import Trails, foot_point

SECOND = 1_000_000_000


def test_points_come_oldest_first_and_leave_after_their_time() -> None:
    trails: Trails[int] = Trails(seconds=2.0)
    for second in range(5):
        trails.update(second * SECOND, {7: np.array([second, 0.0])})
    assert trails.points(7).tolist() == [[2, 0], [3, 0], [4, 0]]


def test_a_key_that_is_gone_is_forgotten() -> None:
    trails: Trails[str] = Trails(seconds=1.0)
    trails.update(0, {"a": np.zeros(3), "b": np.zeros(3)})
    trails.update(2 * SECOND, {"b": np.ones(3)})
    assert trails.living() == ["b"]
    assert len(trails.points("a")) == 0


def test_a_jump_back_starts_anew() -> None:
    trails: Trails[int] = Trails(seconds=10.0)
    trails.update(5 * SECOND, {1: np.zeros(2)})
    trails.update(1 * SECOND, {1: np.ones(2)})
    assert trails.points(1).tolist() == [[1, 1]]


def test_length_is_bounded_whatever_the_rate() -> None:
    trails: Trails[int] = Trails(seconds=10.0, max_points=4)
    for index in range(100):
        trails.update(index, {1: np.array([index, 0.0])})
    assert trails.points(1)[:, 0].tolist() == [96, 97, 98, 99]


def test_a_position_is_copied() -> None:
    trails: Trails[int] = Trails(seconds=1.0)
    position = np.zeros(2)
    trails.update(0, {1: position})
    position += 5
    assert trails.points(1).tolist() == [[0, 0]]


@pytest.mark.parametrize(("seconds", "max_points"), [(0.0, 10), (-1.0, 10), (1.0, 0)])
def test_bad_arguments_are_refused(seconds: float, max_points: int) -> None:
    with pytest.raises(SettingsError, match="positive"):
        Trails(seconds, max_points)


def test_foot_point_is_the_middle_of_the_lower_edge() -> None:
    assert foot_point(np.array([10, 20, 30, 60], np.float32)).tolist() == [20, 60]
