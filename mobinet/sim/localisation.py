"""How well a robot knows where it is in the map."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.settings import check_settings, setting


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
