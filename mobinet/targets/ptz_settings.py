"""Settings of the controller that turns a camera after its target."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting

LOST_BEHAVIOURS = ("hold", "widen", "home")
PICTURES = ("turns", "window")
INTRINSICS = ("present", "widest")


@dataclass(frozen=True)
class PtzSettings:
    """How a camera follows its target; lengths in the picture are shares of its height, to hold at any zoom."""

    pan_limits_deg: tuple[float, ...] = setting(
        (-170.0, 170.0), "least and greatest pan, degrees, positive to the left", minimum=-360.0, maximum=360.0
    )
    tilt_limits_deg: tuple[float, ...] = setting(
        (-90.0, 90.0), "least and greatest tilt, degrees, positive upwards", minimum=-90.0, maximum=90.0
    )
    zoom_limits: tuple[float, ...] = setting(
        (1.0, 10.0), "least and greatest zoom, multiples of the shortest focal length; 1, 1 leaves the zoom alone",
        minimum=1.0, maximum=100.0,
    )  # fmt: skip
    max_rate_deg: float = setting(60.0, "fastest turn, degrees per second", minimum=0.1, maximum=1000.0, live=True)
    max_acceleration_deg: float = setting(
        120.0, "greatest change of the rate, degrees per second squared", minimum=0.1, maximum=10_000.0, live=True
    )
    max_jerk_deg: float = setting(
        1200.0, "greatest change of the acceleration, degrees per second cubed", minimum=1.0, maximum=1e6, live=True
    )
    gain: float = setting(3.0, "rate for each angle of error, 1/s", minimum=0.0, maximum=50.0, live=True)
    integral: float = setting(
        0.5, "growth of the rate for each angle of error, 1/s^2", minimum=0.0, maximum=50.0, live=True
    )
    feed_forward: float = setting(
        1.0,
        "share of the target's own angular rate that is commanded beside the error",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    actuation: float = setting(
        0.05, "from a command until the camera moves by it, s", minimum=0.0, maximum=2.0, live=True
    )
    dead_band: float = setting(
        0.05, "error at which a resting camera begins to move, share of the picture's height",
        minimum=0.0, maximum=0.5, live=True,
    )  # fmt: skip
    settle_band: float = setting(
        0.015, "error below which a camera rests if its target does, share of the picture's height",
        minimum=0.0, maximum=0.5, live=True,
    )  # fmt: skip
    aim: float = setting(
        0.5, "what of the target is held in the middle: 0 the top of its box, 1 the bottom", minimum=0.0, maximum=1.0,
        live=True,
    )  # fmt: skip
    box_noise: float = setting(
        0.06,
        "error of a box, swing of walking included, standard deviation, heights of the target",
        minimum=0.001,
        maximum=1.0,
        live=True,
    )
    target_acceleration: float = setting(
        0.5, "how much the rate of the target changes within a second, standard deviation, heights per second",
        minimum=0.01, maximum=100.0, live=True,
    )  # fmt: skip
    target_height: float = setting(
        0.5, "height of the target to zoom to, share of the picture's", minimum=0.05, maximum=0.95, live=True
    )
    zoom_band: float = setting(
        0.2, "how much too high or low, as a share, the target may be before the zoom changes",
        minimum=0.0, maximum=2.0, live=True,
    )  # fmt: skip
    zoom_rate: float = setting(
        0.35, "fastest zoom, growth of ln(zoom) per second", minimum=0.0, maximum=10.0, live=True
    )
    uncertain_height: float = setting(
        0.6, "factor on target_height while the target is uncertain or hidden", minimum=0.1, maximum=1.0, live=True
    )
    lost: str = setting(
        "widen", "without a target: hold, widen (hold and zoom out) or home (zoom out, then turn home)",
        choices=LOST_BEHAVIOURS, live=True,
    )  # fmt: skip
    lost_after: float = setting(
        1.0, "a target whose box did not come for so long is lost, s; until then it is followed where it was headed",
        minimum=0.05, maximum=60.0, live=True,
    )  # fmt: skip
    home_after: float = setting(
        5.0, "with lost home: turn home so long after, s", minimum=0.0, maximum=3600.0, live=True
    )
    home_deg: tuple[float, ...] = setting(
        (0.0, 0.0), "pan and tilt of home, degrees", minimum=-360.0, maximum=360.0, live=True
    )
    picture: str = setting(
        "turns",
        "what pan and tilt do: turns (the camera turns) or window (a window moves in a still picture, and camera_info "
        "with it)",
        choices=PICTURES,
    )
    intrinsics: str = setting(
        "present",
        "camera_info is of the present zoom, or of the widest and to be scaled by the measured zoom",
        choices=INTRINSICS,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        for name in ("pan_limits_deg", "tilt_limits_deg", "zoom_limits", "home_deg"):
            values = getattr(self, name)
            if len(values) != 2 or (name != "home_deg" and values[0] > values[1]):
                raise SettingsError(f"{name}: expected two numbers, the lesser first, got {list(values)}")
        if self.settle_band > self.dead_band:
            raise SettingsError(
                f"settle_band: expected at most dead_band ({self.dead_band:g}), got {self.settle_band:g}: a camera "
                "that rests within a wider band than it waits for never rests"
            )
        home = zip(("pan", "tilt"), self.home_deg, (self.pan_limits_deg, self.tilt_limits_deg), strict=True)
        for name, value, (low, high) in home:
            if not low <= value <= high:
                raise SettingsError(f"home_deg: {name} {value:g} is outside of its limits, {low:g} to {high:g}")
