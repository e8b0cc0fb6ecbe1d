"""From the intensity that each pixel sees over time to the events that it makes.

A pixel remembers the logarithm of intensity at its last event; it makes an ON event when the present one is above it by
``threshold_on``, an OFF event when it is below it by ``threshold_off`` (Lichtsteiner et al., A 128 x 128 120 dB 15 us
latency asynchronous temporal contrast vision sensor, 2008). After an event it is held in reset for the refractory time,
and remembers what it sees at the end of it. Between two pictures the logarithm is interpolated linearly, so that a
pixel makes as many events as thresholds were crossed, each at its own time (Rebecq et al., ESIM: an open event camera
simulator, 2018). Thresholds differ from pixel to pixel by a normal distribution (Gehrig et al., Video to events, 2020);
the memory leaks, which makes ON events in constant light, and random events are more frequent in the dark than in full
light (Hu et al., v2e, 2021). Hot pixels make random events at a higher rate. Where it is asked for, a low-pass of first
order, slower in the dark, comes before all that (v2e again).

Not modelled: the queue of the readout, which delays events when many come at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events import Events
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.types import Float64, Int64

_LEAST_THRESHOLD = 0.01
# random events in full light, as a share of those in the dark (v2e, SHOT_NOISE_INTEN_FACTOR)
_BRIGHT_NOISE_SHARE = 0.25
# bandwidth in the dark, as a share of that in full light (v2e)
_DARK_BANDWIDTH_SHARE = 0.1


class EventPixels:
    """The pixels of an event camera, shown one picture after the other.

    Args:
        intensity: ``(H, W)`` float64 linear intensity at the beginning, 0..1 where 1 is white.
        start_ns: the time of it.
        settings: of the camera; those about rendering and packets are not used.
        random: draws mismatch and noise; the same state and pictures give the same events.

    Raises:
        InputError: ``intensity`` is no such picture.
    """

    def __init__(
        self, intensity: Float64, start_ns: int, settings: EventCameraSettings, random: np.random.Generator
    ) -> None:
        self._settings = settings
        self._random = random
        self._shape = intensity.shape
        self._level = self._logarithm(intensity)
        count = intensity.size
        self._leak = settings.leak_rate_hz * settings.threshold_on / 1e9
        self._on = self._thresholds(settings.threshold_on, count)
        self._off = self._thresholds(settings.threshold_off, count)
        hot = self._random.random(count) < settings.hot_pixel_share
        self._noise_rate = np.where(hot, settings.hot_pixel_rate_hz, settings.noise_rate_hz) / 1e9
        # a hot pixel is as hot in the light
        self._dims = ~hot
        self._now_ns = float(start_ns)
        self._memory = self._level.copy()
        if settings.leak_rate_hz:
            # else all would leak to their first event at the same time: they remember anything that makes no event yet
            self._memory -= self._random.uniform(-self._off, self._on)
        self._awake_ns = np.full(count, -np.inf)
        self._noise_ns = self._next_noise(np.arange(count), np.full(count, self._now_ns))

    def show(self, intensity: Float64, until_ns: int) -> Events:
        """The events from the last picture's time to that of this one, in order of time.

        Args:
            intensity: ``(H, W)`` float64 linear intensity, 0..1.
            until_ns: the time of it, after that of the last picture.

        Returns:
            Times are whole microseconds; those of one microsecond are in order of row, polarity and column.

        Raises:
            InputError: another shape, values that are not finite or negative, or a time that is not later.
        """
        start_ns, end_ns = self._now_ns, float(until_ns)
        if not end_ns > start_ns:
            raise InputError(f"intensity: expected a time after {start_ns:.0f} ns, got {until_ns}")
        level = self._filtered(intensity, end_ns - start_ns)
        change = _Change(start_ns, end_ns, self._level, level, self._leak)
        waking = np.flatnonzero((self._awake_ns > start_ns) & (self._awake_ns <= end_ns))
        self._memory[waking] = change.at(waking, self._awake_ns[waking])
        rise = change.end - self._memory
        active = (rise >= self._on) | (rise <= -self._off) | (self._noise_ns < end_ns)
        pixels = np.flatnonzero(active & (self._awake_ns <= end_ns))
        keys: list[Int64] = [np.zeros(0, np.int64)]
        while len(pixels):
            fired, pixels = self._fire(pixels, change)
            keys.append(fired)
        self._level, self._now_ns = level, end_ns
        self._memory -= self._leak * (end_ns - start_ns)
        return self._in_order(np.concatenate(keys))

    def _fire(self, pixels: Int64, change: _Change) -> tuple[Int64, Int64]:
        """The next event of each pixel: keys of the events, and the pixels that may have yet another one."""
        threshold = np.where(change.slope[pixels] > 0, self._on[pixels], -self._off[pixels])
        target = self._memory[pixels] + threshold
        since_ns = np.maximum(self._awake_ns[pixels], change.start_ns)
        crossing_ns = np.maximum(change.time(pixels, target), since_ns)
        noise_ns = self._noise_ns[pixels]
        noisy = noise_ns < np.minimum(crossing_ns, change.end_ns)
        time_ns = np.where(noisy, noise_ns, crossing_ns)

        fires = time_ns <= change.end_ns
        polarity = threshold > 0
        if noisy.any():
            noise = pixels[noisy]
            fires[noisy] = (noise_ns[noisy] >= since_ns[noisy]) & self._is_seen(noise, noise_ns[noisy], change)
            polarity[noisy] = self._random.random(len(noise)) < 0.5
            target[noisy] = change.at(noise, noise_ns[noisy])
            self._noise_ns[noise] = self._next_noise(noise, noise_ns[noisy])

        fired, fired_ns = pixels[fires], time_ns[fires]
        refractory_ns = 1000 * self._settings.refractory_us
        self._awake_ns[fired] = fired_ns + refractory_ns
        self._memory[fired] = change.at(fired, self._awake_ns[fired]) if refractory_ns else target[fires]

        rise = change.end[pixels] - self._memory[pixels]
        more = (rise >= self._on[pixels]) | (rise <= -self._off[pixels]) | (self._noise_ns[pixels] < change.end_ns)
        more &= (self._awake_ns[pixels] <= change.end_ns) & (fires | noisy)
        return self._keys(fired, fired_ns, polarity[fires]), pixels[more]

    def _is_seen(self, pixels: Int64, time_ns: Float64, change: _Change) -> NDArray[np.bool_]:
        """Which random events happen: they are drawn at the rate of the dark, and thinned out in the light."""
        level = change.at(pixels, time_ns) - self._leak * (time_ns - change.start_ns)
        intensity = np.clip(np.exp(level) - self._settings.dark_intensity, 0.0, 1.0)
        share = np.where(self._dims[pixels], 1.0 - (1.0 - _BRIGHT_NOISE_SHARE) * intensity, 1.0)
        return self._random.random(len(pixels)) < share

    def _next_noise(self, pixels: Int64, after_ns: Float64) -> Float64:
        """Times of the next random events: waiting times of a Poisson process are exponential."""
        with np.errstate(divide="ignore"):
            return np.asarray(after_ns + self._random.exponential(size=len(pixels)) / self._noise_rate[pixels])

    def _filtered(self, intensity: Float64, span_ns: float) -> Float64:
        """``(H * W,)`` logarithm as the pixels follow it, ``span_ns`` after the last picture."""
        level = self._logarithm(intensity)
        if not self._settings.bandwidth_hz:
            return level
        share = _DARK_BANDWIDTH_SHARE + (1.0 - _DARK_BANDWIDTH_SHARE) * np.minimum(intensity.ravel(), 1.0)
        left = np.exp(-2.0 * np.pi * self._settings.bandwidth_hz * share * span_ns / 1e9)
        return np.asarray(level + left * (self._level - level))

    def _thresholds(self, mean: float, count: int) -> Float64:
        drawn = mean + self._settings.threshold_sigma * self._random.standard_normal(count)
        return np.maximum(drawn, min(mean, _LEAST_THRESHOLD))

    def _logarithm(self, intensity: Float64) -> Float64:
        """``(H * W,)`` natural logarithm of what the pixels see."""
        if intensity.ndim != 2 or intensity.shape != self._shape:
            raise InputError(f"intensity: expected shape {self._shape}, got {intensity.shape}")
        if not (intensity.size and np.isfinite(intensity).all() and intensity.min() >= 0):
            raise InputError("intensity: expected at least one pixel and finite values of 0 or more")
        return np.asarray(np.log(intensity.ravel() + self._settings.dark_intensity), np.float64)

    def _keys(self, pixels: Int64, time_ns: Float64, polarity: NDArray[np.bool_]) -> Int64:
        """One number an event, which is in the order of time, row, polarity and column."""
        y, x = np.divmod(pixels, self._shape[1])
        time_us = np.floor(time_ns / 1000).astype(np.int64)
        return np.asarray(((time_us * self._shape[0] + y) * 2 + polarity) * self._shape[1] + x, np.int64)

    def _in_order(self, keys: Int64) -> Events:
        keys.sort()
        rest, x = np.divmod(keys, self._shape[1])
        rest, polarity = np.divmod(rest, 2)
        time_us, y = np.divmod(rest, self._shape[0])
        return Events(time_us * 1000, x.astype(np.uint16), y.astype(np.uint16), polarity.astype(np.bool_))


class _Change:
    """What the pixels see from one picture to the next: a level that changes linearly in time.

    The memory's leak is counted as a rise of the level, which is the same to a pixel.
    """

    def __init__(self, start_ns: float, end_ns: float, start: Float64, end: Float64, leak: float) -> None:
        self.start_ns, self.end_ns = start_ns, end_ns
        self.start, self.end = start, end + leak * (end_ns - start_ns)
        self.slope = (self.end - start) / (end_ns - start_ns)

    def at(self, pixels: Int64, time_ns: Float64) -> Float64:
        """Level of ``pixels`` at ``time_ns``, one each."""
        return np.asarray(self.start[pixels] + self.slope[pixels] * (time_ns - self.start_ns))

    def time(self, pixels: Int64, level: Float64) -> Float64:
        """When each of ``pixels`` reaches its ``level``; infinite where it does not before the end."""
        start, end, slope = self.start[pixels], self.end[pixels], self.slope[pixels]
        reached = np.where(slope > 0, end >= level, (end <= level) & (slope < 0))
        when = np.full(len(pixels), np.inf)
        when[reached] = self.start_ns + (level - start)[reached] / slope[reached]
        return np.asarray(np.minimum(when, np.where(reached, self.end_ns, np.inf)))
