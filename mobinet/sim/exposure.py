"""How a camera's shutter, lens and sensor make an image of what is there: blurred by motion, noisy in the dark.

An image is the mean of pictures rendered throughout the exposure, in linear light (sRGB of IEC 61966-2-1 made linear);
its stamp is the middle of the exposure, when the ground truth is exact. A surface of the illuminance ``E`` and the
reflectance ``R`` gives ``E R T / (4 F^2)`` on the sensor, behind a lens of F-number ``F`` and transmittance ``T``. From
there on it is the linear camera model of EMVA 1288 (release 3.1, section 2): photons of a pixel follow from its area,
the irradiance and the time, those that become electrons are Poisson distributed, reading adds normal noise, a pixel is
full at some number of electrons, and 12 bits are read. Light counts as that of 555 nm, of which 683 lm are 1 W, in each
of the three colours: white light of as many lumens has about three times the photons, a third of them for each.

Automatic exposure knows the image that it is for: it chooses the time, and where the longest is too short the gain, at
which the mean of the picture in the middle of the exposure is ``target``.

Not modelled: a rolling shutter, the colour filters' mosaic, dark current and the unevenness of pixels, which cameras
correct, and the delay of automatic exposure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from mobinet.sim.exposure_settings import ExposureSettings
from mobinet.types import Float32, Image

# the surface whose picture has the value 1. Day: overcast. Night: the lamps of a rendered street light its ground with
# 0.36 of it on average, 0.1 at least, that is 7 and 2 lux; class P3 of EN 13201-2 asks for 7.5 and 1.5
LIGHT_LUX = {"day": 10_000.0, "dusk": 100.0, "night": 20.0, "indoor": 500.0}

_WAVELENGTH_M = 555e-9
_LUMEN_PER_WATT = 683.0
_PLANCK_TIMES_LIGHT = 6.62607015e-34 * 299_792_458.0
_LARGEST_CODE = 4095
_LEAST_MEAN = 1e-6


class Motion(Protocol):
    """What tells how far things move in the image."""

    def displacement_px(self, start_ns: int, end_ns: int) -> float: ...


class Exposure:
    """Takes the images of one camera.

    Args:
        render: makes the sharp ``(H, W, 3)`` BGR ``uint8`` picture of a time.
        motion: in the image of the same camera.
        settings: of shutter, lens and sensor.
        light: the world's, a key of ``LIGHT_LUX``.
        random: makes the generator of an image's noise from its stamp, so that images do not depend on each other.
    """

    def __init__(
        self,
        render: Callable[[int], Image],
        motion: Motion,
        settings: ExposureSettings,
        light: str,
        random: Callable[[int], np.random.Generator],
    ) -> None:
        self._render, self._motion, self._settings, self._random = render, motion, settings, random
        self._electrons_per_ms = electrons_per_ms(settings, settings.light_lux or LIGHT_LUX[light])

    def image(self, stamp_ns: int) -> Image:
        """``(H, W, 3)`` BGR ``uint8``, the middle of whose exposure is at ``stamp_ns``."""
        middle = _LINEAR[self._render(stamp_ns)]
        time_ms, gain = self.automatic(float(middle.mean()))
        offsets_ns = self._offsets_ns(stamp_ns, time_ms)
        others = [_LINEAR[self._render(stamp_ns + offset)] for offset in offsets_ns if offset]
        light = np.mean([middle, *others], axis=0, dtype=np.float32) if others else middle
        return self._read(np.asarray(light), time_ms, gain, self._random(stamp_ns))

    def automatic(self, mean: float) -> tuple[float, float]:
        """Time in milliseconds and gain for a picture of this mean intensity, 0..1; what is fixed stays."""
        settings = self._settings
        wanted = settings.target * settings.full_well / (self._electrons_per_ms * max(mean, _LEAST_MEAN))
        time_ms = settings.time_ms or min(max(wanted, settings.shortest_ms), settings.longest_ms)
        return time_ms, settings.gain or min(max(wanted / time_ms, 1.0), settings.largest_gain)

    def _offsets_ns(self, stamp_ns: int, time_ms: float) -> list[int]:
        """When to render, from the stamp: an odd number of times spread evenly over the exposure."""
        time_ns = round(time_ms * 1e6)
        moved_px = self._motion.displacement_px(stamp_ns - time_ns // 2, stamp_ns + time_ns // 2)
        beside = math.ceil((moved_px / self._settings.max_displacement_px - 1) / 2)
        beside = min(max(beside, 0), (self._settings.max_pictures - 1) // 2)
        return [round(time_ns * number / (2 * beside + 1)) for number in range(-beside, beside + 1)]

    def _read(self, light: Float32, time_ms: float, gain: float, random: np.random.Generator) -> Image:
        """The image that the sensor makes of linear intensities ``(H, W, 3)``."""
        settings = self._settings
        electrons = random.poisson(light * (self._electrons_per_ms * time_ms)).astype(np.float32)
        np.minimum(electrons, settings.full_well, out=electrons)
        electrons += settings.read_noise * random.standard_normal(light.shape, np.float32)
        codes = np.rint(electrons * (gain * _LARGEST_CODE / settings.full_well))
        return np.asarray(_SRGB[np.clip(codes, 0, _LARGEST_CODE).astype(np.int16)], np.uint8)


def electrons_per_ms(settings: ExposureSettings, lux: float) -> float:
    """Electrons a millisecond in a pixel that looks at a white surface of this illuminance."""
    on_sensor = lux * settings.transmittance / (4 * settings.f_number**2) / _LUMEN_PER_WATT
    photons_per_s = on_sensor * (settings.pixel_um * 1e-6) ** 2 * _WAVELENGTH_M / _PLANCK_TIMES_LIGHT
    return settings.quantum_efficiency * photons_per_s / 1000


def _linear_table() -> Float32:
    """``(256,)`` linear intensity 0..1 of each value of sRGB."""
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _srgb_table() -> Image:
    """``(4096,)`` sRGB value of each code that is read."""
    linear = np.arange(_LARGEST_CODE + 1) / _LARGEST_CODE
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * value), np.uint8)


_LINEAR = _linear_table()
_SRGB = _srgb_table()
