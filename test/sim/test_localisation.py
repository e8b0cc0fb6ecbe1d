"""Where robots believe to be in the map."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mobinet.geometry import Transform
from mobinet.sim.localisation import Localisation, PoseNoise
from mobinet.sim.odometry import Odometry, OdometryErrors, planar_transform
from mobinet.sim.trajectory import Trajectory, Waypoint
from mobinet.types import Float64

SECOND = 1_000_000_000
DRIFT = OdometryErrors(0.03, 0.02, 0.2, 0.04, 0.02, 1.0, 2.0)
AROUND = Trajectory([Waypoint(1, 2), Waypoint(6, 2), Waypoint(6, 8, 1.0), Waypoint(-3, 1)], mode="loop", duration_s=40)
EXACT = Odometry(AROUND, OdometryErrors(), 40.0, np.random.default_rng(0))


class Robot:
    """A robot that drives ``AROUND``."""

    def __init__(self, errors: OdometryErrors, noise: PoseNoise, localised: bool = True, seed: int = 0) -> None:
        exact = errors == OdometryErrors()
        self.odometry = EXACT if exact else Odometry(AROUND, errors, 40.0, np.random.default_rng([seed, 1]))
        self.localisation = Localisation(AROUND, self.odometry, noise, localised, np.random.default_rng([seed, 2]))

    def belief(self, stamp_ns: int) -> Transform:
        return self.localisation.odom2map(stamp_ns) @ self.odometry.base2odom(stamp_ns)

    def error(self, stamp_ns: int) -> Float64:
        """``(3,)`` x, y and heading that it errs by."""
        believed, exact = self.belief(stamp_ns), truth(stamp_ns)
        turned = exact.rotation.T @ believed.rotation
        return np.array(
            [*(believed.translation - exact.translation)[:2], math.atan2(turned[1, 0], turned[0, 0])], np.float64
        )


def truth(stamp_ns: int) -> Transform:
    return planar_transform(AROUND.sample(np.array([stamp_ns / 1e9]))[0][0])


@pytest.mark.parametrize("errors", [OdometryErrors(), DRIFT])
@pytest.mark.parametrize("stamp_ns", [0, 11_111_111_111, 39 * SECOND])
def test_without_noise_the_robot_knows_where_it_is(errors, stamp_ns):
    """However much its odometry drifts: that is what map -> odom is for."""
    np.testing.assert_allclose(Robot(errors, PoseNoise()).error(stamp_ns), 0, atol=1e-9)


def test_without_errors_nothing_is_corrected():
    localisation = Robot(OdometryErrors(), PoseNoise()).localisation
    first, last = localisation.odom2map(0), localisation.odom2map(39 * SECOND)
    np.testing.assert_allclose(first.translation, last.translation, atol=1e-9)
    np.testing.assert_allclose(first.rotation, last.rotation, atol=1e-9)


def test_without_localisation_the_drift_shows_in_the_map():
    robot = Robot(DRIFT, PoseNoise(), localised=False)
    first, last = robot.localisation.odom2map(0), robot.localisation.odom2map(39 * SECOND)
    np.testing.assert_array_equal(first.translation, last.translation)
    np.testing.assert_array_equal(first.rotation, last.rotation)
    np.testing.assert_allclose(robot.error(0), 0, atol=1e-9)
    assert np.hypot(*robot.error(30 * SECOND)[:2]) > 0.2


def test_the_error_is_as_wide_as_it_says():
    """Over 400 robots; a standard deviation of N samples is known to 1 / sqrt(2 N) of itself."""
    noise = PoseNoise(position_m=0.2, heading_deg=3.0)
    errors = np.array([Robot(OdometryErrors(), noise, seed=seed).error(7 * SECOND) for seed in range(400)])
    expected = [0.2, 0.2, math.radians(3.0)]
    np.testing.assert_allclose(errors.std(axis=0), expected, rtol=4 / math.sqrt(800))
    assert (np.abs(errors.mean(axis=0)) < 4 * np.array(expected) / math.sqrt(400)).all()
    # x, y and heading err independently of each other
    assert np.abs(np.corrcoef(errors.T) - np.eye(3)).max() < 4 / math.sqrt(400)


@pytest.mark.parametrize(
    ("correlation_s", "apart_s", "expected"),
    [
        (5.0, 0.5, math.exp(-0.005)),  # much the same
        (5.0, 5.0, math.exp(-0.5)),
        (5.0, 20.0, 0.0),
        (0.01, 1 / 30, 0.0),  # another error in each image
    ],
)
def test_the_error_changes_as_slowly_as_it_says(correlation_s, apart_s, expected):
    noise = PoseNoise(position_m=1.0, correlation_s=correlation_s)
    robots = [Robot(OdometryErrors(), noise, seed=seed) for seed in range(300)]
    stamps = [3 * SECOND, 3 * SECOND + round(apart_s * SECOND)]
    first, second = (np.array([robot.error(stamp)[0] for robot in robots]) for stamp in stamps)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(expected, abs=4 / math.sqrt(300))


def test_the_covariance_is_that_of_the_noise():
    covariance = Robot(DRIFT, PoseNoise(position_m=0.2, heading_deg=3.0)).localisation.pose_covariance(SECOND)
    np.testing.assert_allclose(np.diag(covariance), [0.04, 0.04, 0, 0, 0, math.radians(3.0) ** 2])
    assert np.count_nonzero(covariance) == 3


def test_without_localisation_the_covariance_is_that_of_first_pose_and_odometry():
    """Mean normalised squared error over 200 robots, within 4 standard errors of 3."""
    noise = PoseNoise(position_m=0.1, heading_deg=2.0)
    errors = OdometryErrors(distance_noise_m_per_m=0.04, heading_noise_deg_per_m=1.0)
    squares = []
    for seed in range(200):
        robot = Robot(errors, noise, localised=False, seed=seed)
        error = robot.error(17 * SECOND)
        covariance = robot.localisation.pose_covariance(17 * SECOND)
        squares.append(error @ np.linalg.solve(covariance[np.ix_([0, 1, 5], [0, 1, 5])], error))
    assert np.mean(squares) == pytest.approx(3.0, abs=4 * math.sqrt(2 * 3 / 200))
