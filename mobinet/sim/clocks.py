"""The clock of a robot, which is not quite the time of the world."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class RobotClock:
    """A clock that is off by a constant and runs at a slightly wrong rate.

    Everything that a robot measures is stamped with it: ``stamp = world + offset + drift * world``, ``world`` being
    the time since the beginning of the world. Stamps may be negative in its first moments.

    Raises:
        SettingsError: a value is out of range.
    """

    offset_s: float = setting(
        0.0, "what the clock shows at the beginning of the world, seconds", minimum=-3600.0, maximum=3600.0
    )
    drift_ppm: float = setting(
        0.0,
        "by how much it runs too fast, microseconds a second; quartz clocks are within 100",
        minimum=-10_000.0,
        maximum=10_000.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    def stamp_ns(self, world_ns: int) -> int:
        """What the clock shows at a time of the world."""
        return world_ns + round(self.offset_s * 1e9) + round(world_ns * (self.drift_ppm / 1e6))

    def world_ns(self, stamp_ns: int) -> int:
        """The time of the world at which the clock shows ``stamp_ns``, within a nanosecond."""
        since = stamp_ns - round(self.offset_s * 1e9)
        drift = self.drift_ppm / 1e6
        return since - round(since * (drift / (1.0 + drift)))
