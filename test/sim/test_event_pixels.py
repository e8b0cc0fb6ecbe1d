"""The pixels of an event camera against their definition; nothing is rendered."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError, SettingsError
from mobinet.events import Events
from mobinet.sim.event_pixels import EventPixels
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.types import Float64

IDEAL = EventCameraSettings(
    threshold_sigma=0.0, refractory_us=0, leak_rate_hz=0.0, noise_rate_hz=0.0, hot_pixel_share=0.0
)
DARK = IDEAL.dark_intensity
MS = 1_000_000


def play(
    intensity: Callable[[float], Float64], times_us: Sequence[int], settings: EventCameraSettings, seed: int = 0
) -> Events:
    """Events of pictures ``intensity(seconds)`` at times, the first of which switches the camera on."""
    pixels = EventPixels(intensity(times_us[0] / 1e6), 1000 * times_us[0], settings, np.random.default_rng(seed))
    return Events.concatenate([pixels.show(intensity(t / 1e6), 1000 * t) for t in times_us[1:]])


def ramp(slope: float, count: int = 1) -> Callable[[float], Float64]:
    """A row of pixels whose logarithm changes by ``slope`` a second, from an intensity of 0.3 on."""
    return lambda time_s: np.full((1, count), (0.3 + DARK) * math.exp(slope * time_s) - DARK)


def constant(value: float, side: int) -> Callable[[float], Float64]:
    return lambda time_s: np.full((side, side), value)


def gaps_us(events: Events) -> list[int]:
    """Times between consecutive events of one pixel, of all pixels."""
    found: list[int] = []
    for pixel in np.unique(np.column_stack([events.x, events.y]), axis=0):
        found += np.diff(events.t_ns[(events.x == pixel[0]) & (events.y == pixel[1])] // 1000).tolist()
    return found


def test_a_moving_sinusoid_makes_the_events_of_the_definition() -> None:
    """Against the definition itself, tried at every 10 us."""
    wavelength, speed, duration_us, period_us = 31.7, 203.0, 200_000, 985

    def seen(column: int, time_s: float) -> float:
        return 0.5 + 0.4 * math.sin(2 * math.pi * (0.3 + column + speed * time_s) / wavelength)

    def picture(time_s: float) -> Float64:
        return np.array([[seen(column, time_s) for column in range(12)]])

    events = play(picture, range(0, duration_us, period_us), IDEAL)
    for column in range(12):
        expected = []
        memory = math.log(seen(column, 0.0) + DARK)
        for time_us in range(0, duration_us, 10):
            level = math.log(seen(column, time_us / 1e6) + DARK)
            while abs(level - memory) >= 0.2:
                memory += math.copysign(0.2, level - memory)
                expected.append((time_us, level > memory))
        own = events[events.x == column]
        assert len(own) >= 15
        assert own.polarity.tolist() == [polarity for _, polarity in expected[: len(own)]]
        # the last picture is up to a period before the end
        assert all(time_us > duration_us - 2 * period_us for time_us, _ in expected[len(own) :])
        off = own.t_ns / 1000 - np.array([time_us for time_us, _ in expected[: len(own)]])
        # the extremes of this wave are not within reach of a crossing, so each event is between the same two pictures
        assert np.abs(off).max() < period_us
        assert np.median(np.abs(off)) < 20


@pytest.mark.parametrize("refractory_us", [0, 700, 3000])
@pytest.mark.parametrize("period_us", [1000, 20_000])
def test_a_ramp_crosses_thresholds_at_even_times(refractory_us: int, period_us: int) -> None:
    """Each event waits for one threshold of rise, and for the refractory time that the one before it left."""
    slope = 60.0
    events = play(ramp(slope), range(0, 20_001, period_us), replace(IDEAL, refractory_us=refractory_us))
    wait_us = 1e6 * 0.2 / slope
    number = np.arange(1, math.floor((20_000 + refractory_us) / (wait_us + refractory_us)) + 1)
    assert events.t_ns / 1000 == pytest.approx(number * wait_us + (number - 1) * refractory_us, abs=1.01)
    assert events.polarity.all()


def test_thresholds_of_rise_and_fall_are_their_own() -> None:
    settings = replace(IDEAL, threshold_on=0.1, threshold_off=0.4)
    assert len(play(ramp(10.1), [0, 100_000], settings)) == 10
    falling = play(ramp(-10.1), [0, 100_000], settings)
    assert len(falling) == 2
    assert not falling.polarity.any()


def test_thresholds_differ_from_pixel_to_pixel() -> None:
    events = play(ramp(10.0, 4000), [0, 50_000], replace(IDEAL, threshold_sigma=0.03))
    _, first = np.unique(events.x, return_index=True)
    thresholds = 10.0 * events.t_ns[first] / 1e9
    assert len(thresholds) == 4000
    assert thresholds.mean() == pytest.approx(0.2, abs=4 * 0.03 / math.sqrt(4000))
    assert thresholds.std() == pytest.approx(0.03, rel=0.05)


@pytest.mark.parametrize(
    ("bright", "share"),
    # v2e: a tenth of the bandwidth in the dark
    [(1.0, 1.0), (0.05, 0.145)],
)
def test_a_step_of_light_is_smoothed(bright: float, share: float) -> None:
    """The response of a low-pass of first order: an event at each threshold that it has risen by."""
    events = play(
        lambda time_s: np.full((1, 1), bright if time_s > 0 else 0.01),
        range(0, 100_001, 20),
        replace(IDEAL, bandwidth_hz=30.0),
    )
    rate = 2 * math.pi * 30 * share
    rise = math.log((bright + DARK) / (0.01 + DARK))
    number = np.arange(1, math.floor(rise * (1 - math.exp(-rate * 0.1)) / 0.2) + 1)
    assert len(number) >= 4
    assert events.t_ns / 1000 == pytest.approx(-1e6 / rate * np.log(1 - 0.2 * number / rise), abs=2)


def test_constant_light_makes_no_events() -> None:
    assert len(play(constant(0.4, 8), range(0, 500_000, 20_000), replace(IDEAL, threshold_sigma=0.05))) == 0


@pytest.mark.parametrize(
    ("intensity", "rate_hz"),
    # v2e: a quarter in full light
    [(0.0, 20.0), (0.5, 12.5), (1.0, 5.0)],
)
def test_background_noise_is_poisson_and_less_in_the_light(intensity: float, rate_hz: float) -> None:
    events = play(constant(intensity, 40), range(0, 1_000_001, 20_000), replace(IDEAL, noise_rate_hz=20.0))
    expected = rate_hz * 40 * 40
    assert len(events) == pytest.approx(expected, abs=5 * math.sqrt(expected))
    assert events.polarity.mean() == pytest.approx(0.5, abs=2.5 / math.sqrt(expected))
    counts = np.bincount(events.y.astype(int) * 40 + events.x, minlength=1600)
    # mean and variance of a Poisson distribution are one number
    assert counts.var() == pytest.approx(counts.mean(), rel=0.2)


def test_hot_pixels_are_as_hot_in_the_light() -> None:
    settings = replace(IDEAL, hot_pixel_share=0.02, hot_pixel_rate_hz=200.0)
    events = play(constant(1.0, 50), range(0, 500_001, 20_000), settings)
    pixels, counts = np.unique(events.y.astype(int) * 50 + events.x, return_counts=True)
    assert len(pixels) == pytest.approx(50, abs=5 * 7)
    assert counts.mean() == pytest.approx(100, abs=5 * 10 / math.sqrt(len(pixels)))


def test_the_leak_makes_rising_events() -> None:
    events = play(constant(0.5, 40), range(0, 1_000_001, 20_000), replace(IDEAL, leak_rate_hz=8.0))
    assert events.polarity.all()
    # after two periods, whatever the pixels remembered at the beginning; pixels do not fire together
    per_period = np.histogram(events.t_ns, bins=12, range=(250 * MS, 1000 * MS))[0]
    assert per_period.sum() == pytest.approx(6 * 1600, rel=0.02)
    assert per_period == pytest.approx(800, abs=5 * math.sqrt(800))
    assert np.array(gaps_us(events[events.y == 0])) == pytest.approx(125_000, abs=2)


def test_no_pixel_fires_within_its_refractory_time() -> None:
    settings = replace(IDEAL, refractory_us=4000, noise_rate_hz=400.0)
    found = gaps_us(play(constant(0.0, 6), range(0, 400_001, 7000), settings))
    assert min(found) >= 3999
    # after it, noise goes on as before
    assert np.mean(found) == pytest.approx(4000 + 1e6 / 400, rel=0.05)


# pictures are put between others where the logarithm is on the straight line anyway
@given(st.lists(st.integers(1, 49_999), max_size=6, unique=True), st.floats(-80, 80), st.integers(0, 3000))
def test_more_pictures_of_a_straight_change_make_no_difference(
    between: list[int], slope: float, refractory_us: int
) -> None:
    settings = replace(IDEAL, refractory_us=refractory_us, threshold_sigma=0.03)
    few = play(ramp(slope, 3), [0, 50_000], settings)
    many = play(ramp(slope, 3), [0, *sorted(between), 50_000], settings)
    # a time that is a whole microsecond but for the last bit may fall on either side
    assert len(few) == len(many)
    assert np.abs(few.t_ns - many.t_ns).max(initial=0) <= 1000
    assert sorted(few.x.tolist()) == sorted(many.x.tolist())


def test_events_are_in_order_and_of_whole_microseconds() -> None:
    random = np.random.default_rng(1)
    shown = [random.random((9, 11)) for _ in range(5)]
    events = play(lambda time_s: shown[round(time_s * 100)], range(0, 50_000, 10_000), EventCameraSettings())
    assert len(events) > 500
    keys = list(zip(events.t_ns.tolist(), events.y.tolist(), events.polarity.tolist(), events.x.tolist(), strict=True))
    assert keys == sorted(keys)
    assert not (events.t_ns % 1000).any()
    assert events.x.max() == 10
    assert events.y.max() == 8


def test_the_seed_decides_all() -> None:
    settings = replace(EventCameraSettings(), noise_rate_hz=50.0)
    one, same, other = (play(constant(0.2, 20), range(0, 100_000, 9000), settings, seed) for seed in (3, 3, 4))
    assert one.t_ns.tolist() == same.t_ns.tolist()
    assert one.x.tolist() == same.x.tolist()
    assert one.t_ns.tolist() != other.t_ns.tolist()


@pytest.mark.parametrize(
    ("picture", "until_ns", "message"),
    [
        (np.zeros((2, 3)), MS, "expected shape"),
        (np.full((2, 2), np.nan), MS, "finite"),
        (np.full((2, 2), -0.1), MS, "finite values of 0 or more"),
        (np.zeros((2, 2)), 0, "a time after 0 ns"),
    ],
)
def test_what_is_no_picture_is_refused(picture: Float64, until_ns: int, message: str) -> None:
    pixels = EventPixels(np.zeros((2, 2)), 0, IDEAL, np.random.default_rng(0))
    with pytest.raises(InputError, match=message):
        pixels.show(picture, until_ns)


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(SettingsError, match="min_step_us is 30000, above max_step_us, 20000"):
        EventCameraSettings(min_step_us=30_000)
