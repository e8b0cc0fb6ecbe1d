from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.sim.exposure import Exposure, electrons_per_ms
from mobinet.sim.exposure_settings import ExposureSettings
from mobinet.sim.simulation import Simulation
from mobinet.types import Float64, Image

MS = 1_000_000
# so many electrons that noise is far below a step of 8 bits
QUIET = ExposureSettings(time_ms=10.0, gain=1.0, full_well=1e7, read_noise=0.0, pixel_um=100.0)


class Steady:
    """Motion in the image at a speed, pixels a millisecond."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    def displacement_px(self, start_ns: int, end_ns: int) -> float:
        return self.speed * (end_ns - start_ns) / MS


def exposure(settings: ExposureSettings, render: Callable[[int], Image], speed: float = 0.0) -> Exposure:
    return Exposure(render, Steady(speed), settings, "day", lambda stamp_ns: np.random.default_rng(stamp_ns))


def flat(value: int, side: int = 64) -> Callable[[int], Image]:
    return lambda stamp_ns: np.full((side, side, 3), value, np.uint8)


def to_linear(image: Image) -> Float64:
    value = image / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def filling(settings: ExposureSettings, share: float) -> ExposureSettings:
    """Light in which white fills this share of a pixel within ``time_ms``."""
    return replace(
        settings, light_lux=share * settings.full_well / (settings.time_ms * electrons_per_ms(settings, 1.0))
    )


@pytest.mark.parametrize("value", [10, 60, 188, 250])
def test_much_light_gives_the_picture_itself(value: int) -> None:
    found = exposure(filling(QUIET, 1.0), flat(value)).image(0)
    assert np.abs(found.astype(int) - value).max() <= 1


def test_a_moving_edge_is_averaged_in_linear_light() -> None:
    """Columns 4 to 7 turn white an eighth, three eighths and so on of the exposure after its beginning."""

    def edge(stamp_ns: int) -> Image:
        picture = np.zeros((4, 12, 3), np.uint8)
        picture[:, : round(6 + stamp_ns / MS)] = 255
        return picture

    settings = filling(replace(QUIET, time_ms=4.0, max_pictures=401), 1.0)
    found = exposure(settings, edge, speed=1000.0).image(0)
    assert found[0, [2, 9], 0].tolist() == [255, 0]
    assert np.abs(to_linear(found)[0, [4, 5, 6, 7], 0] - [0.875, 0.625, 0.375, 0.125]).max() < 0.02


def test_photons_and_reading_are_noisy() -> None:
    """Variance of electrons: that of a Poisson distribution and that of reading (EMVA 1288)."""
    settings = filling(ExposureSettings(time_ms=10.0, gain=1.0, full_well=500.0, read_noise=6.0), 0.5)
    electrons = 500 * to_linear(exposure(settings, flat(255, 200)).image(0))
    assert electrons.mean() == pytest.approx(250, rel=0.01)
    assert electrons.var() == pytest.approx(250 + 6**2, rel=0.03)


def test_a_pixel_is_full_at_some_number_of_electrons() -> None:
    settings = replace(filling(QUIET, 4.0), gain=0.5)
    assert exposure(settings, flat(255)).image(0).min() == exposure(settings, flat(255)).image(0).max() == 188


def test_photons_are_those_of_the_standard() -> None:
    """50.34 A t l E of them, in um^2, ms, um and uW/cm^2 (EMVA 1288), half of which become electrons; 683 lm/W."""
    settings = ExposureSettings(f_number=2.0, transmittance=0.8, pixel_um=5.0, quantum_efficiency=0.5)
    microwatts = 1000 * 0.8 / 16 / 683 * 1e6 / 1e4
    assert electrons_per_ms(settings, 1000.0) == pytest.approx(0.5 * 50.34 * 25 * 0.555 * microwatts, rel=1e-3)


@pytest.mark.parametrize(
    ("lux", "time_ms", "gain"),
    [
        # a day too bright for the shortest time
        (1e5, 0.1, 1.0),
        # enough light: the time alone
        (1000.0, 3.62, 1.0),
        # the longest time, and gain
        (10.0, 33.0, 10.98),
        # too dark for both
        (0.01, 33.0, 16.0),
    ],
)
def test_automatic_exposure_takes_time_before_gain(lux: float, time_ms: float, gain: float) -> None:
    found = exposure(ExposureSettings(light_lux=lux, shortest_ms=0.1), flat(0)).automatic(0.3)
    assert found == (pytest.approx(time_ms, rel=0.01), pytest.approx(gain, rel=0.01))


def test_automatic_exposure_reaches_its_target() -> None:
    for value in (40, 128, 220):
        found = exposure(replace(QUIET, time_ms=0.0, gain=0.0, light_lux=1e4), flat(value)).image(0)
        assert to_linear(found).mean() == pytest.approx(0.18, rel=0.03)


@pytest.mark.parametrize(("speed", "pictures"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.31, 5), (5.0, 9)])
def test_pictures_are_as_many_as_the_motion_asks_for_and_around_the_stamp(speed: float, pictures: int) -> None:
    stamps: list[int] = []

    def render(stamp_ns: int) -> Image:
        stamps.append(stamp_ns)
        return flat(100)(stamp_ns)

    exposure(replace(QUIET, max_pictures=10), render, speed).image(1000 * MS)
    assert len(stamps) == pictures
    assert np.mean(stamps) == pytest.approx(1000 * MS, abs=1)
    assert max(stamps) - min(stamps) == pytest.approx(10 * MS * (pictures - 1) / pictures, abs=1)


def test_noise_follows_from_the_stamp_alone() -> None:
    dark = ExposureSettings(light_lux=1.0)
    one, other = exposure(dark, flat(60)), exposure(dark, flat(60))
    one.image(5)
    assert np.array_equal(one.image(7), other.image(7))
    assert not np.array_equal(one.image(5), one.image(7))


def test_limits_are_in_order() -> None:
    with pytest.raises(SettingsError, match="shortest_ms is 50"):
        ExposureSettings(shortest_ms=50.0)


WORLD = """
world_version: 1
seed: 1
duration: 4
people: {anna: {path: [[3, -2], [3, 2]], speed: 4, mode: return}}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0, 0, 1, 0, 0, 0], width: 80, height: 60, horizontal_fov_deg: 70, rate: 10, %s}
"""


def test_a_camera_of_a_world_is_exposed_around_its_stamp(simulate: Callable[..., Simulation]) -> None:
    """The blur of somebody who runs reaches as far to both sides, and nothing else differs."""
    much_light = "light_lux: 50, full_well: 10000000, pixel_um: 100"
    simulation = simulate(WORLD % f"exposure: {{time_ms: 100, gain: 1, {much_light}}}")
    view, stamp_ns = simulation.views[0], 700 * MS
    image, sharp = simulation.image(view, stamp_ns), simulation.sharp_image(view, stamp_ns)
    assert (image.shape, image.dtype) == (sharp.shape, np.uint8)
    ends = [simulation.truth(view, stamp_ns + offset)[0].box for offset in (-50 * MS, 50 * MS)]
    left, right = min(box[0] for box in ends), max(box[2] for box in ends)
    gain = to_linear(image)[:10].mean() / to_linear(sharp)[:10].mean()
    columns = np.flatnonzero((np.abs(to_linear(image) - gain * to_linear(sharp)).max(axis=2) > 0.03).any(axis=0))
    assert columns.min() == pytest.approx(left, abs=3)
    assert columns.max() == pytest.approx(right - 1, abs=3)


def test_a_camera_without_exposure_is_sharp(simulate: Callable[..., Simulation]) -> None:
    simulation = simulate(WORLD % "")
    view = simulation.views[0]
    assert view.camera.exposure is None
    assert np.array_equal(simulation.image(view, 700 * MS), simulation.sharp_image(view, 700 * MS))


def test_a_camera_that_turns_can_be_exposed_at_the_beginning(simulate: Callable[..., Simulation]) -> None:
    simulation = simulate(WORLD % "ptz: {}, exposure: {time_ms: 30}")
    view = simulation.views[0]
    assert np.array_equal(simulation.image(view, 0), simulation.image(view, 0))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        # an event camera has no exposure
        ("type: events, exposure: {}", "expected a camera of type rgb or rgbd, this one is 'events'"),
        ("exposure: {time: 3}", "unknown key"),
        ("exposure: {gain: -1}", "out of range"),
    ],
)
def test_wrong_exposures_are_refused(simulate: Callable[..., Simulation], keys: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        simulate(WORLD % keys)
