"""Settings of a simulated event camera."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class EventCameraSettings:
    """The only defaults of a simulated event camera; the model is in :mod:`mobinet.sim.event_pixels`.

    Raises:
        SettingsError: a value is out of range, or ``min_step_us`` is above ``max_step_us``.
    """

    threshold_on: float = setting(
        0.2, "rise of the natural logarithm of intensity that makes an ON event", minimum=0.02, maximum=5.0
    )
    threshold_off: float = setting(
        0.2, "fall of the natural logarithm of intensity that makes an OFF event", minimum=0.02, maximum=5.0
    )
    threshold_sigma: float = setting(
        0.03, "standard deviation of the thresholds from pixel to pixel, in the same unit", minimum=0.0, maximum=1.0
    )
    bandwidth_hz: float = setting(
        0.0,
        "cut-off frequency of a pixel in full light, Hz, a tenth of it in the dark; 0 for none",
        minimum=0.0,
        maximum=1e6,
    )
    refractory_us: int = setting(
        500, "time after an event in which its pixel makes no other, microseconds", minimum=0, maximum=1_000_000
    )
    leak_rate_hz: float = setting(
        0.1, "ON events of a pixel in constant light, events per second", minimum=0.0, maximum=1e4
    )
    noise_rate_hz: float = setting(
        0.1,
        "random events of a pixel in the dark, both polarities together, events per second; a quarter in full light",
        minimum=0.0,
        maximum=1e4,
    )
    hot_pixel_share: float = setting(1e-4, "share of the pixels that fire by themselves", minimum=0.0, maximum=1.0)
    hot_pixel_rate_hz: float = setting(
        100.0, "random events of such a pixel, both polarities together, events per second", minimum=0.0, maximum=1e5
    )
    dark_intensity: float = setting(
        0.003,
        "added to the linear intensity (0..1) before its logarithm is taken: what the sensor sees in full darkness",
        minimum=1e-4,
        maximum=1.0,
    )
    max_displacement_px: float = setting(
        1.0,
        "the world is rendered often enough that nothing moves further from one picture to the next, pixels",
        minimum=0.1,
        maximum=100.0,
    )
    min_step_us: int = setting(
        200, "shortest time between two rendered pictures, microseconds", minimum=10, maximum=1_000_000
    )
    max_step_us: int = setting(
        20_000, "longest time between two rendered pictures, microseconds", minimum=10, maximum=1_000_000
    )
    packet_period_us: int = setting(4_000, "time that one packet of events spans, microseconds", minimum=100)

    def __post_init__(self) -> None:
        check_settings(self)
        if self.min_step_us > self.max_step_us:
            raise SettingsError(
                f"min_step_us is {self.min_step_us}, above max_step_us, {self.max_step_us}: lower it or raise the other"
            )
