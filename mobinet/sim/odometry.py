"""The odometry of a wheeled robot, which drifts."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.settings import check_settings, setting


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
