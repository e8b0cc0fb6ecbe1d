"""How well a robot knows where it is in the map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.sim.odometry import Odometry, planar_transform, spatial_covariance
from mobinet.sim.trajectory import Trajectory
from mobinet.types import Float64

_WAVES = 64


@dataclass(frozen=True)
class PoseNoise:
    """Error of a robot's localisation: normal, of mean zero, and slowly varying.

    Raises:
        SettingsError: a value is out of range.
    """

    position_m: float = setting(0.0, "standard deviation of x and of y, metres", minimum=0.0, maximum=10.0)
    heading_deg: float = setting(0.0, "standard deviation of the heading, degrees", minimum=0.0, maximum=90.0)
    correlation_s: float = setting(
        5.0,
        "time within which the error stays much the same, seconds; 0.01 gives each image an error of its own",
        minimum=0.01,
        maximum=3600.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)


class Localisation:
    """Where one robot believes to be in the map, as a function of the world's time.

    The error is a sum of waves whose frequencies and phases are drawn once, as for a stationary normal process of
    correlation ``exp(-dt^2 / (2 correlation^2))``: Rahimi and Recht, Random features for large-scale kernel machines,
    2007.

    Args:
        trajectory: how the robot really moves.
        odometry: how it measures that.
        noise: its error.
        localised: whether it finds itself in the map all the time; otherwise only at the beginning.
        draw: the noise.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        odometry: Odometry,
        noise: PoseNoise,
        localised: bool,
        draw: np.random.Generator,
    ) -> None:
        self._trajectory = trajectory
        self._odometry = odometry
        self._localised = localised
        self._sigmas = np.array([noise.position_m, noise.position_m, np.radians(noise.heading_deg)])
        self._frequencies = draw.standard_normal((3, _WAVES)) / noise.correlation_s
        self._phases = draw.uniform(0.0, 2 * np.pi, (3, _WAVES))

    def odom2map(self, stamp_ns: int) -> Transform:
        """What the robot believes; with ``base2odom`` after it this is where it believes to be."""
        found_ns = stamp_ns if self._localised else 0
        return planar_transform(self._found_pose(found_ns)) @ self._odometry.base2odom(found_ns).inverse()

    def pose_covariance(self, stamp_ns: int) -> Float64:
        """``(6, 6)`` of x, y, z, roll, pitch, yaw of the base along the map's axes, metres and radians."""
        found = np.diag(self._sigmas**2)
        if self._localised:
            return spatial_covariance(found)
        odom2map = self.odom2map(0)
        reading = self._odometry.at(stamp_ns)
        x, y, _ = odom2map.rotation @ reading.pose.translation
        # an error of the first heading turns all of the way since then
        lever = np.array([[1.0, 0.0, -y], [0.0, 1.0, x], [0.0, 0.0, 1.0]])
        turned = np.kron(np.eye(2), odom2map.rotation)
        return spatial_covariance(lever @ found @ lever.T) + turned @ reading.pose_covariance @ turned.T

    def _found_pose(self, stamp_ns: int) -> Float64:
        """``(3,)`` x, y and heading in the map, with their error."""
        time_s = stamp_ns / 1e9
        waves = np.cos(self._frequencies * time_s + self._phases).sum(axis=1) * np.sqrt(2 / _WAVES)
        return np.asarray(self._trajectory.sample(np.array([time_s]))[0][0] + self._sigmas * waves)
