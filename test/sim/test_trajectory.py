"""Motion as a function of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.sim.trajectory import Trajectory, Waypoint

SECOND = 1_000_000_000
SQUARE = (Waypoint(0, 0), Waypoint(6, 0), Waypoint(6, 4, 2.0), Waypoint(0, 4))


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [
        (0.0, (0.0, 0.0)),  # it has not started
        (2.0, (0.0, 0.0)),
        (5.0, (6.0, 0.0)),  # 3 s at 2 m/s
        (8.0, (10.0, 0.0)),  # it stays at the end
    ],
)
def test_position_on_a_straight_path(time_s, expected):
    trajectory = Trajectory((Waypoint(0, 0), Waypoint(10, 0)), 2.0, start_s=2.0, window_s=1e-6)
    assert trajectory.at(round(time_s * SECOND)).position[:2] == pytest.approx(expected, abs=1e-4)


def test_it_waits_where_it_shall():
    trajectory = Trajectory(SQUARE, 2.0, window_s=0.2)
    # 10 m at 2 m/s, then 2 s at the third point
    for time_s in (5.3, 6.0, 6.7):
        motion = trajectory.at(round(time_s * SECOND))
        assert motion.position[:2] == pytest.approx((6.0, 4.0), abs=1e-9)
        assert np.linalg.norm(motion.velocity) == pytest.approx(0.0, abs=1e-9)


def test_speed_between_corners_is_the_one_asked_for():
    motion = Trajectory(SQUARE, 1.5).at(2 * SECOND)
    assert motion.velocity == pytest.approx((1.5, 0.0, 0.0))
    assert motion.distance == pytest.approx(3.0)


@given(st.floats(0.0, 20.0), st.sampled_from(["stop", "loop", "return"]))
def test_velocity_is_the_derivative_of_position(time_s, mode):
    trajectory = Trajectory(SQUARE, 1.3, mode=mode, duration_s=30.0)
    stamp, step = round(time_s * SECOND), 1_000_000
    difference = (trajectory.at(stamp + step).position - trajectory.at(stamp - step).position) / (2 * step / SECOND)
    # a corner of the raw path within the step bends the velocity by at most speed * step / window
    assert trajectory.at(stamp).velocity == pytest.approx(difference, abs=0.01)


@given(st.floats(0.0, 29.9))
def test_nothing_jumps(time_s):
    trajectory = Trajectory(SQUARE, 1.3, mode="return", duration_s=30.0)
    here, later = (trajectory.at(round(t * SECOND)) for t in (time_s, time_s + 0.01))
    assert np.linalg.norm(later.position - here.position) <= 1.3 * 0.01 + 1e-9
    # turning round takes half a second: at most pi within it
    assert abs(later.heading - here.heading) < 0.1


def test_a_loop_comes_round():
    corners = (Waypoint(0, 0), Waypoint(4, 0), Waypoint(4, 4), Waypoint(0, 4))
    trajectory = Trajectory(corners, 2.0, mode="loop", duration_s=60.0)
    # 16 m at 2 m/s; the first round begins at rest
    for time_s in (10.0, 12.5, 17.0):
        first, second = (trajectory.at(round(t * SECOND)).position for t in (time_s, time_s + 8.0))
        assert first == pytest.approx(second, abs=1e-9)


def test_a_walk_there_and_back_comes_back():
    trajectory = Trajectory((Waypoint(0, 0), Waypoint(5, 0)), 1.0, mode="return", duration_s=60.0)
    assert trajectory.at(12 * SECOND).position[0] == pytest.approx(2.0)
    assert np.cos(trajectory.at(8 * SECOND).heading) == pytest.approx(-1.0)


def test_it_faces_where_it_went_while_it_stands():
    trajectory = Trajectory((Waypoint(0, 0), Waypoint(0, 3)), 1.0)
    assert trajectory.at(20 * SECOND).heading == pytest.approx(np.pi / 2)


def test_what_never_moves_has_the_heading_given():
    motion = Trajectory((Waypoint(2, 3),), heading=0.7).at(5 * SECOND)
    assert motion.heading == 0.7
    assert motion.position == pytest.approx((2.0, 3.0, 0.0))
