"""Events of a moving sinusoid: how many there are and when, against the formula.

Each pixel of the row sees ``mean + amplitude * sin(phase + 2 pi speed t / wavelength)``. The formula follows the
logarithm of it from extreme to extreme, one threshold after the other, and solves each crossing for its time; ours is
shown pictures, some with the rounding of 8-bit sRGB that rendered ones have.

The bounds for exact pictures. Between two pictures that have no extreme between them the logarithm only rises or only
falls, as does the straight line that ours draws, so an event's time is off by less than the time between them. The line
stays within ``curvature * (phase from one picture to the next)^2 / 8`` of the logarithm, and inside it at extremes, so
that ours never has events that the formula lacks, and misses at most two (there and back) where an extreme passes a
crossing by less than that. There is no peer: simulators of events with a permissive licence need PyTorch or a game
engine.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mobinet.events import Events
from mobinet.sim.event_camera import linear_intensity
from mobinet.sim.event_pixels import EventPixels
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.types import Float64

IDEAL = EventCameraSettings(
    threshold_sigma=0.0, refractory_us=0, leak_rate_hz=0.0, noise_rate_hz=0.0, hot_pixel_share=0.0
)


class Crossing(NamedTuple):
    """An event: its time, its polarity, and how far the logarithm goes on beyond it."""

    time_s: float
    rises: bool
    margin: float


@dataclass(frozen=True)
class Sinusoid:
    """A grating that moves by ``speed`` pixels a second; linear intensity.

    The numbers are odd so that no pixel begins or ends exactly at a crossing or an extreme, where one event more or
    less is a matter of the last bit.
    """

    mean: float = 0.5
    amplitude: float = 0.4
    wavelength: float = 31.7
    speed: float = 203.0
    width: int = 64

    def phases(self, time_s: float) -> Float64:
        return 2 * np.pi * (0.3 + np.arange(self.width) + self.speed * time_s) / self.wavelength

    def intensity(self, time_s: float) -> Float64:
        """``(1, width)``."""
        return (self.mean + self.amplitude * np.sin(self.phases(time_s)))[None]

    def curvature(self, dark: float) -> float:
        """Largest second derivative of the logarithm with respect to the phase."""
        phase = np.linspace(0, 2 * np.pi, 10_000)
        sine, cosine = self.amplitude * np.sin(phase), self.amplitude * np.cos(phase)
        total = self.mean + dark + sine
        return float(np.abs(sine / total + (cosine / total) ** 2).max())

    def crossings(self, column: int, threshold: float, dark: float, duration_s: float) -> list[Crossing]:
        """The events of a pixel."""
        phase_speed = 2 * math.pi * self.speed / self.wavelength
        start = float(self.phases(0.0)[column])
        memory = math.log(self.mean + self.amplitude * math.sin(start) + dark)
        half = math.floor(start / math.pi + 0.5)  # even ones rise from the lowest point at -pi/2
        found = []
        while True:
            rises = half % 2 == 0
            extreme = math.log(self.mean + (self.amplitude if rises else -self.amplitude) + dark)
            step = threshold if rises else -threshold
            while (extreme - memory - step) * step >= 0:
                memory += step
                sine = (math.exp(memory) - dark - self.mean) / self.amplitude
                phase = half * math.pi + math.asin(max(-1.0, min(1.0, sine))) * (1 if rises else -1)
                time_s = (phase - start) / phase_speed
                if time_s > duration_s:
                    return found
                found.append(Crossing(time_s, rises, abs(extreme - memory)))
            half += 1
            if ((half - 0.5) * math.pi - start) / phase_speed > duration_s:
                return found


def simulated(wave: Sinusoid, settings: EventCameraSettings, period_us: int, count: int, *, rounded: bool) -> Events:
    """Events of ``count`` pictures after the first, one each ``period_us``."""

    def picture(number: int) -> Float64:
        exact = wave.intensity(number * period_us / 1e6)
        return as_rendered(exact) if rounded else exact

    pixels = EventPixels(picture(0), 0, settings, np.random.default_rng(0))
    return Events.concatenate([pixels.show(picture(n), 1000 * n * period_us) for n in range(1, count + 1)])


def as_rendered(intensity: Float64) -> Float64:
    """With the rounding of a grey picture of 8 bits in sRGB."""
    value = np.where(intensity <= 0.0031308, 12.92 * intensity, 1.055 * intensity ** (1 / 2.4) - 0.055)
    grey = np.rint(255 * value).astype(np.uint8)
    return linear_intensity(np.repeat(grey[:, :, None], 3, axis=2))


def compare(
    wave: Sinusoid, settings: EventCameraSettings, events: Events, period_us: int, duration_s: float
) -> dict[str, float]:
    """Counts, and the differences of time of pixels whose events have the polarities of the formula."""
    phase_step = 2 * math.pi * wave.speed * period_us / 1e6 / wave.wavelength
    sag = wave.curvature(settings.dark_intensity) * phase_step**2 / 8
    expected_count, at_risk, errors, agreeing = 0, 0, [np.zeros(0)], 0
    for column in range(wave.width):
        expected = wave.crossings(column, settings.threshold_on, settings.dark_intensity, duration_s)
        expected_count += len(expected)
        at_risk += 2 * sum(crossing.margin <= sag for crossing in expected)
        own = events[events.x == column]
        if own.polarity.tolist() == [crossing.rises for crossing in expected]:
            agreeing += 1
            errors.append(own.t_ns / 1e3 - np.array([1e6 * crossing.time_s for crossing in expected]))
    difference = np.abs(np.concatenate(errors))
    figures = {
        "events": len(events),
        "formula": expected_count,
        "at_risk": at_risk,
        "pixels_that_agree": round(agreeing / wave.width, 3),
    }
    if len(difference):
        figures["median_error_us"] = round(float(np.median(difference)), 1)
        figures["max_error_us"] = round(float(difference.max()), 1)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not used: the pictures are made here")
    parser.add_argument("--quick", action="store_true", help="half a second instead of four")
    options = parser.parse_args()
    wave, duration_s = Sinusoid(), 0.5 if options.quick else 4.0
    ours: dict[str, dict[str, float]] = {}
    # cameras of a world render often enough that nothing moves by more than a pixel, by default
    pixel_us = round(1e6 / wave.speed)
    for name, period_us in (("1/5 pixel", pixel_us // 5), ("1 pixel", pixel_us), ("30 pictures a second", 33_333)):
        for rounded in (False, True):
            count = int(duration_s * 1e6 / period_us)
            start = time.perf_counter()
            events = simulated(wave, IDEAL, period_us, count, rounded=rounded)
            spent_ms = 1e3 * (time.perf_counter() - start) / count
            case = f"{name}, {'8 bits' if rounded else 'exact'}"
            ours[case] = compare(wave, IDEAL, events, period_us, count * period_us / 1e6)
            ours[case]["picture_ms"] = round(spent_ms, 2)
    for case, figures in ours.items():
        print(f"{case:32}" + "  ".join(f"{key} {value:g}" for key, value in figures.items()))
    # times are whole microseconds
    limit = {
        "max_error_us": {"1/5 pixel, exact": pixel_us // 5 + 1, "1 pixel, exact": pixel_us + 1},
        "missed": {case: figures["at_risk"] for case, figures in ours.items() if "exact" in case},
    }
    print(json.dumps({"bench": "events_sinusoid", "ours": ours, "peers": {}, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
