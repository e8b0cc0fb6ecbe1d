"""Odometry: exact without errors, wrong by as much as the errors say, and a function of time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.errors import SettingsError
from mobinet.geometry import Transform
from mobinet.sim.odometry import Odometry, OdometryErrors, planar_transform
from mobinet.sim.trajectory import Trajectory, Waypoint
from mobinet.types import Float64

SECOND = 1_000_000_000
NOISY = OdometryErrors(
    distance_noise_m_per_m=0.04,
    distance_noise_m_per_rad=0.02,
    heading_noise_deg_per_m=1.0,
    heading_noise_deg_per_rad=2.0,
)
EVERYTHING = OdometryErrors(0.02, -0.01, 0.1, 0.04, 0.02, 1.0, 2.0)
AROUND = Trajectory([Waypoint(1, 2), Waypoint(6, 2), Waypoint(6, 8, 1.0), Waypoint(-3, 1)], mode="loop", duration_s=40)
STRAIGHT = Trajectory([Waypoint(1, 1), Waypoint(1, 41)], duration_s=60)
STANDING = Trajectory([Waypoint(3, 4)], heading=1.0, duration_s=40)


def odometry(trajectory: Trajectory, errors: OdometryErrors, seed: int = 0) -> Odometry:
    return Odometry(trajectory, errors, 40.0, np.random.default_rng(seed))


def pose_of(transform: Transform) -> Float64:
    """x, y and heading."""
    return np.array([*transform.translation[:2], math.atan2(transform.rotation[1, 0], transform.rotation[0, 0])])


def way_gone(stamp_ns: int) -> float:
    """Metres along ``STRAIGHT``."""
    return STRAIGHT.at(stamp_ns).distance - STRAIGHT.at(0).distance


def true_base2odom(trajectory: Trajectory, stamp_ns: int) -> Transform:
    start, now = (planar_transform(pose) for pose in trajectory.sample(np.array([0.0, stamp_ns / 1e9]))[0])
    return start.inverse() @ now


@pytest.mark.parametrize("trajectory", [AROUND, STRAIGHT, STANDING])
@pytest.mark.parametrize("stamp_ns", [0, 20_000_000, 7_123_456_789, 39_990_000_000])
def test_without_errors_it_is_the_truth(trajectory, stamp_ns):
    exact, measured = true_base2odom(trajectory, stamp_ns), odometry(trajectory, OdometryErrors()).base2odom(stamp_ns)
    np.testing.assert_allclose(measured.translation, exact.translation, atol=1e-10)
    np.testing.assert_allclose(measured.rotation, exact.rotation, atol=1e-10)


def test_odom_is_where_the_robot_begins():
    np.testing.assert_allclose(pose_of(odometry(AROUND, EVERYTHING).base2odom(0)), 0, atol=1e-12)


def test_a_distance_comes_out_too_long():
    way = odometry(STRAIGHT, OdometryErrors(distance_scale=0.05)).base2odom(20 * SECOND).translation[0]
    assert way == pytest.approx(1.05 * way_gone(20 * SECOND))


def test_a_turn_comes_out_too_wide():
    quarter = Trajectory([Waypoint(0, 0), Waypoint(5, 0), Waypoint(5, 5)], duration_s=40)
    heading = pose_of(odometry(quarter, OdometryErrors(turn_scale=0.1)).base2odom(9 * SECOND))[2]
    assert heading == pytest.approx(1.1 * math.pi / 2)


def test_a_biased_gyroscope_turns_a_standing_robot():
    pose = pose_of(odometry(STANDING, OdometryErrors(yaw_bias_deg_per_s=0.5)).base2odom(20 * SECOND))
    np.testing.assert_allclose(pose, [0, 0, math.radians(10)], atol=1e-9)


def test_noise_needs_motion():
    reading = odometry(STANDING, NOISY).at(30 * SECOND)
    np.testing.assert_allclose(pose_of(reading.pose), 0, atol=1e-12)
    np.testing.assert_array_equal(reading.pose_covariance, 0)
    np.testing.assert_array_equal(reading.velocity_covariance, 0)


def test_noise_is_as_wide_as_it_says_after_a_metre_and_twice_that_after_four():
    errors = OdometryErrors(distance_noise_m_per_m=0.05, heading_noise_deg_per_m=2.0)
    for metres in (1.0, 4.0):
        stamp_ns = next(t for t in range(0, 10 * SECOND, 10_000_000) if way_gone(t) >= metres)
        covariance = odometry(STRAIGHT, errors).at(stamp_ns).pose_covariance
        # along x, which the way leads along; at these headings, turning moves it hardly
        assert covariance[0, 0] == pytest.approx(0.05**2 * metres, rel=0.05)
        assert covariance[5, 5] == pytest.approx(math.radians(2.0) ** 2 * metres, rel=0.02)


@pytest.mark.parametrize("stamp_ns", [9_000_000_000, 30_007_000_000])
def test_noise_has_the_covariance_that_is_reported(stamp_ns):
    """Mean of the normalised squared error over 300 robots: 3 for three coordinates, within 4 standard errors."""
    exact = pose_of(true_base2odom(AROUND, stamp_ns))
    squares, errors = [], []
    for seed in range(300):
        reading = odometry(AROUND, NOISY, seed).at(stamp_ns)
        error = pose_of(reading.pose) - exact
        error[2] = math.remainder(error[2], 2 * math.pi)
        planar = reading.pose_covariance[np.ix_([0, 1, 5], [0, 1, 5])]
        squares.append(error @ np.linalg.solve(planar, error))
        errors.append(error)
    assert np.mean(squares) == pytest.approx(3.0, abs=4 * math.sqrt(2 * 3 / 300))
    spread = np.std(errors, axis=0)
    # unbiased but for the second order: turned ways are shorter
    assert (np.abs(np.mean(errors, axis=0)) < 4 * spread / math.sqrt(300)).all()


EVERYTHING_AROUND = odometry(AROUND, EVERYTHING)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40 * SECOND))
def test_nothing_jumps(stamp_ns):
    """Within a microsecond, also from one step to the next, nothing moves by more than its speed allows."""
    earlier, later = (pose_of(EVERYTHING_AROUND.base2odom(stamp)) for stamp in (stamp_ns, stamp_ns + 1000))
    moved = later - earlier
    assert np.hypot(*moved[:2]) < 10e-6
    assert abs(math.remainder(moved[2], 2 * math.pi)) < 50e-6


@pytest.mark.parametrize("step", range(0, 30 * SECOND, 5_000_000_000))
def test_steps_meet(step):
    before, after = (pose_of(EVERYTHING_AROUND.base2odom(stamp)) for stamp in (step + 19_999_999, step + 20_000_001))
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_the_order_of_questions_does_not_matter():
    stamps = [5 * SECOND, SECOND, 30 * SECOND, 12_345]
    first, second = odometry(AROUND, EVERYTHING, 3), odometry(AROUND, EVERYTHING, 3)
    forward = {stamp: first.base2odom(stamp) for stamp in stamps}
    backward = {stamp: second.base2odom(stamp) for stamp in reversed(stamps)}
    for stamp in stamps:
        np.testing.assert_array_equal(forward[stamp].translation, backward[stamp].translation)
        np.testing.assert_array_equal(forward[stamp].rotation, backward[stamp].rotation)


def test_another_seed_drifts_elsewhere():
    first, second = (odometry(AROUND, NOISY, seed).base2odom(20 * SECOND).translation for seed in (1, 2))
    assert np.linalg.norm(first - second) > 0.01


def test_the_velocity_is_that_of_the_measured_motion():
    reading = odometry(STRAIGHT, OdometryErrors(distance_scale=0.1, yaw_bias_deg_per_s=1.0)).at(10 * SECOND)
    np.testing.assert_allclose(reading.velocity, [1.1, 0, 0], atol=1e-9)
    assert reading.turn_rate == pytest.approx(math.radians(1.0))


def test_covariances_are_symmetric_and_not_negative():
    source = odometry(AROUND, EVERYTHING)
    for stamp_ns in range(0, 40 * SECOND, 1_370_000_000):
        reading = source.at(stamp_ns)
        for covariance in (reading.pose_covariance, reading.velocity_covariance):
            np.testing.assert_array_equal(covariance, covariance.T)
            assert np.linalg.eigvalsh(covariance).min() > -1e-12


def test_after_the_end_it_rests():
    source = odometry(AROUND, EVERYTHING)
    late, later = (source.base2odom(stamp).translation for stamp in (50 * SECOND, 60 * SECOND))
    np.testing.assert_array_equal(late, later)


@pytest.mark.parametrize("name", ["distance_noise_m_per_m", "heading_noise_deg_per_rad"])
def test_negative_noise_is_refused(name):
    with pytest.raises(SettingsError, match=name):
        OdometryErrors(**{name: -0.1})
