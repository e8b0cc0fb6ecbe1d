"""Settings of the exposure of a simulated camera."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class ExposureSettings:
    """The only defaults of a simulated exposure; the model is in :mod:`mobinet.sim.exposure`.

    The sensor is one of 3.45 um pixels (about 10 500 electrons, read noise of 2.4: Sony's IMX273 and its family, by
    data sheets after EMVA 1288), three of which make up a pixel of an image of about 640 x 480; the lens has F/2.

    Raises:
        SettingsError: a value is out of range, or ``shortest_ms`` is above ``longest_ms``.
    """

    time_ms: float = setting(
        0.0,
        "exposure time, milliseconds; 0 for automatic: as long as the light asks for",
        minimum=0.0,
        maximum=1000.0,
    )
    gain: float = setting(
        0.0, "factor on the signal after it is read; 0 for automatic: what the time leaves", minimum=0.0, maximum=1000.0
    )
    shortest_ms: float = setting(0.02, "of automatic times, milliseconds", minimum=0.001, maximum=1000.0)
    longest_ms: float = setting(33.0, "of automatic times, milliseconds", minimum=0.001, maximum=1000.0)
    largest_gain: float = setting(16.0, "of automatic gains; 16 are 24 dB", minimum=1.0, maximum=1000.0)
    target: float = setting(
        0.18, "mean of the linear image (0..1) that automatic exposure aims at", minimum=0.01, maximum=0.9
    )
    light_lux: float = setting(
        0.0,
        "illuminance of a white surface that the picture shows as 1, lux; 0 for that of the world's light: "
        "day 10000, dusk 100, night 20, indoor 500",
        minimum=0.0,
        maximum=2e5,
    )
    f_number: float = setting(2.0, "of the lens", minimum=0.7, maximum=32.0)
    transmittance: float = setting(0.9, "share of the light that gets through the lens", minimum=0.01, maximum=1.0)
    pixel_um: float = setting(
        6.0,
        "side of a pixel of the image, micrometres; pixels that are binned count as one",
        minimum=0.5,
        maximum=100.0,
    )
    quantum_efficiency: float = setting(0.6, "electrons a photon", minimum=0.01, maximum=1.0)
    full_well: float = setting(30_000.0, "electrons at which a pixel is full", minimum=100.0, maximum=1e7)
    read_noise: float = setting(
        4.0, "standard deviation of a pixel in the dark, electrons (temporal dark noise)", minimum=0.0, maximum=1000.0
    )
    max_displacement_px: float = setting(
        1.0,
        "an exposure is rendered often enough that nothing moves further from one picture to the next, pixels",
        minimum=0.1,
        maximum=100.0,
    )
    max_pictures: int = setting(33, "that are rendered for one image at most", minimum=1, maximum=1001)

    def __post_init__(self) -> None:
        check_settings(self)
        if self.shortest_ms > self.longest_ms:
            raise SettingsError(
                f"shortest_ms is {self.shortest_ms}, above longest_ms, {self.longest_ms}: lower it or raise the other"
            )
