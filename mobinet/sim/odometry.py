"""The odometry of a wheeled robot, which drifts.

The frame ``odom`` is where the robot stands at the beginning of the world (REP 105). From there its true motion is
added up in steps of 20 ms, each with its share of the errors. Random numbers are drawn for all steps at once, so that
the odometry is a function of time: it does not matter what was asked for before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.sim.trajectory import Trajectory
from mobinet.types import Float64

_STEP_S = 0.02
# metres and radians a step: less is rounding, which must not make a standing robot drift
_LEAST_MOTION = 1e-9
# where x, y and yaw are among x, y, z, roll, pitch and yaw
_PLANAR = np.ix_([0, 1, 5], [0, 1, 5])


@dataclass(frozen=True)
class OdometryErrors:
    """How wrong a robot measures its own motion; the odometry motion model of Thrun, Burgard and Fox, Probabilistic
    Robotics, 2005, section 5.4, with systematic errors.

    Noise is that of a random walk: its standard deviation grows with the square root of the way.

    Raises:
        SettingsError: a value is out of range.
    """

    distance_scale: float = setting(
        0.0, "share by which distances are measured too long, 0.01 for worn tyres", minimum=-0.5, maximum=0.5
    )
    turn_scale: float = setting(0.0, "share by which turns are measured too wide", minimum=-0.5, maximum=0.5)
    yaw_bias_deg_per_s: float = setting(
        0.0, "turning that is measured also while it stands, degrees per second", minimum=-10.0, maximum=10.0
    )
    distance_noise_m_per_m: float = setting(
        0.0, "standard deviation of the distance after 1 m, metres", minimum=0.0, maximum=1.0
    )
    distance_noise_m_per_rad: float = setting(
        0.0, "standard deviation of the distance after a turn of 1 rad, metres", minimum=0.0, maximum=1.0
    )
    heading_noise_deg_per_m: float = setting(
        0.0, "standard deviation of the heading after 1 m, degrees", minimum=0.0, maximum=90.0
    )
    heading_noise_deg_per_rad: float = setting(
        0.0, "standard deviation of the heading after a turn of 1 rad, degrees", minimum=0.0, maximum=90.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class OdometryReading:
    """What a robot has measured of its motion, as in ``nav_msgs/Odometry``.

    Args:
        pose: ``base2odom``.
        pose_covariance: ``(6, 6)`` of x, y, z, roll, pitch, yaw along the axes of ``odom``, metres and radians. It is
            that of the noise alone: a robot does not know its systematic errors.
        velocity: ``(3,)`` metres per second, along the axes of the base.
        turn_rate: radians per second, to the left.
        velocity_covariance: ``(6, 6)`` of both, in the same order.
    """

    pose: Transform
    pose_covariance: Float64
    velocity: Float64
    turn_rate: float
    velocity_covariance: Float64


class Odometry:
    """Odometry of one robot as a function of the world's time.

    Args:
        trajectory: how it really moves.
        errors: how wrong it measures that.
        duration_s: from when on it measures nothing any more.
        draw: its noise.
    """

    def __init__(
        self, trajectory: Trajectory, errors: OdometryErrors, duration_s: float, draw: np.random.Generator
    ) -> None:
        self._trajectory = trajectory
        self._errors = errors
        self._times: Float64 = np.arange(0.0, duration_s + 2 * _STEP_S, _STEP_S, dtype=np.float64)
        self._truth = trajectory.sample(self._times)[0]
        steps = _relative(self._truth[:-1], self._truth[1:])
        self._variances = _variances(steps, errors)
        self._noise = np.sqrt(self._variances) * draw.standard_normal(self._variances.shape)
        measured = self._measured(steps, self._noise, _STEP_S)
        self._poses = _chained(measured)
        self._spread = _Spread(self._poses, self._variances)
        self._rates = measured / _STEP_S

    def base2odom(self, stamp_ns: int) -> Transform:
        """Where the robot believes to be in ``odom``, from its odometry alone."""
        return planar_transform(self._pose(*self._step(stamp_ns)))

    def at(self, stamp_ns: int) -> OdometryReading:
        """Pose and velocity with their covariances."""
        index, fraction = self._step(stamp_ns)
        pose = self._pose(index, fraction)
        rate = self._rates[index]
        distance_variance, heading_variance = self._variances[index] / _STEP_S**2
        return OdometryReading(
            planar_transform(pose),
            spatial_covariance(self._spread.at(index, fraction, pose)),
            np.array([rate[0], rate[1], 0.0]),
            float(rate[2]),
            spatial_covariance(np.diag([distance_variance, 0.0, heading_variance])),
        )

    def _step(self, stamp_ns: int) -> tuple[int, float]:
        """Number of the step in which a time lies, and how much of it is over."""
        steps = float(np.clip(stamp_ns / 1e9 / _STEP_S, 0.0, len(self._times) - 1.0))
        index = min(int(steps), len(self._times) - 2)
        return index, steps - index

    def _pose(self, index: int, fraction: float) -> Float64:
        """``(3,)`` x, y and heading in ``odom`` within a step."""
        since_s = fraction * _STEP_S
        now = self._trajectory.sample(self._times[index : index + 1] + since_s)[0]
        moved = _relative(self._truth[index : index + 1], now)
        noise = self._noise[index : index + 1] * fraction
        return _composed(self._poses[index], self._measured(moved, noise, since_s)[0])

    def _measured(self, moved: Float64, noise: Float64, elapsed_s: float) -> Float64:
        """``(N, 3)`` what the robot measures where it moved by ``(N, 3)`` x, y and heading, along its own axes."""
        errors = self._errors
        measured: Float64 = moved * (1 + np.array([errors.distance_scale, errors.distance_scale, errors.turn_scale]))
        measured[:, 0] += noise[:, 0]
        measured[:, 2] += noise[:, 1] + np.radians(errors.yaw_bias_deg_per_s) * elapsed_s
        return measured


class _Spread:
    """How uncertain the pose is after each step, to first order in the noise.

    An error of the heading in step ``j`` turns all of the way since the place ``p_j`` where it happened: it moves the
    position ``p`` by ``J (p - p_j)``, ``J`` being a quarter of a turn. Sums over ``j`` of its variance times 1, ``p_j``
    and ``p_j p_j^T`` give the covariance at any ``p`` without going through the steps again.
    """

    def __init__(self, poses: Float64, variances: Float64) -> None:
        distance_variance, heading_variance = variances.T
        forward = np.column_stack([np.cos(poses[:-1, 2]), np.sin(poses[:-1, 2])])
        places = poses[1:, :2]
        self._along = _sums(distance_variance[:, None, None] * _outer(forward))
        self._heading = _sums(heading_variance)
        self._turned = _sums(heading_variance[:, None] * places)
        self._turned_outer = _sums(heading_variance[:, None, None] * _outer(places))

    def at(self, index: int, fraction: float, pose: Float64) -> Float64:
        """``(3, 3)`` covariance of x, y and heading."""
        along, heading, turned, turned_outer = (
            sums[index] + fraction * (sums[index + 1] - sums[index])
            for sums in (self._along, self._heading, self._turned, self._turned_outer)
        )
        quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
        place = pose[:2]
        cross = np.outer(place, turned)
        lever = heading * np.outer(place, place) - cross - cross.T + turned_outer
        covariance = np.empty((3, 3))
        covariance[:2, :2] = along + quarter @ lever @ quarter.T
        covariance[:2, 2] = covariance[2, :2] = quarter @ (heading * place - turned)
        covariance[2, 2] = heading
        return np.asarray((covariance + covariance.T) / 2)


def planar_transform(pose: Float64) -> Transform:
    """From ``(3,)`` x, y and heading."""
    return Transform.from_euler(0.0, 0.0, float(pose[2]), np.array([pose[0], pose[1], 0.0]))


def spatial_covariance(planar: Float64) -> Float64:
    """``(6, 6)`` of x, y, z, roll, pitch, yaw from ``(3, 3)`` of x, y, yaw; robots stay on the ground."""
    covariance = np.zeros((6, 6))
    covariance[_PLANAR] = planar
    return covariance


def _relative(start: Float64, end: Float64) -> Float64:
    """``(N, 3)`` poses ``end`` as seen from ``(N, 3)`` poses ``start``."""
    cos, sin = np.cos(start[:, 2]), np.sin(start[:, 2])
    x, y, heading = (end - start).T
    return np.column_stack([cos * x + sin * y, cos * y - sin * x, heading])


def _composed(start: Float64, step: Float64) -> Float64:
    """``(3,)`` pose that ``start`` and then ``step``, as seen from there, lead to."""
    cos, sin = np.cos(start[2]), np.sin(start[2])
    along = np.array([cos * step[0] - sin * step[1], sin * step[0] + cos * step[1], step[2]])
    return np.asarray(start + along)


def _chained(steps: Float64) -> Float64:
    """``(N + 1, 3)`` poses that ``(N, 3)`` steps lead to, from the origin on."""
    headings = _sums(steps[:, 2])
    cos, sin = np.cos(headings[:-1]), np.sin(headings[:-1])
    x, y = steps[:, 0], steps[:, 1]
    return np.column_stack([_sums(cos * x - sin * y), _sums(sin * x + cos * y), headings])


def _variances(steps: Float64, errors: OdometryErrors) -> Float64:
    """``(N, 2)`` variances of distance and heading that ``(N, 3)`` true steps add."""
    way, turn = np.hypot(steps[:, 0], steps[:, 1]), np.abs(steps[:, 2])
    way, turn = (np.where(motion > _LEAST_MOTION, motion, 0.0) for motion in (way, turn))
    distance = errors.distance_noise_m_per_m**2 * way + errors.distance_noise_m_per_rad**2 * turn
    per_metre, per_radian = np.radians([errors.heading_noise_deg_per_m, errors.heading_noise_deg_per_rad])
    return np.column_stack([distance, per_metre**2 * way + per_radian**2 * turn])


def _sums(values: Float64) -> Float64:
    """Sums of the first 0, 1, ... N of ``(N, ...)`` values."""
    return np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])


def _outer(vectors: Float64) -> Float64:
    """``(N, 2, 2)`` products of ``(N, 2)`` vectors with themselves."""
    return vectors[:, :, None] * vectors[:, None, :]
