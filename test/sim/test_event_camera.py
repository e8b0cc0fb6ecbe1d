"""Rendered event cameras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.events import Events, Evt3Decoder, encode_evt3
from mobinet.sim.event_camera import EventCamera, linear_intensity
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import Simulation

QUIET = EventCameraSettings(leak_rate_hz=0.0, noise_rate_hz=0.0, hot_pixel_share=0.0)
MS = 1_000_000

# a black car drives from left to right before a light wall; the camera stands still
PASSING = """
world_version: 1
seed: 3
duration: 4
walls:
  back: {from: [12, -14], to: [12, 14], height: 6, finish: plaster}
cars:
  car: {path: [[9, 6], [9, -6]], speed: 5, colour: black}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0.2, 0, 1.0, 0, 0, 0], width: 160, height: 120, horizontal_fov_deg: 70, rate: 10}
"""
STILL = """
world_version: 1
seed: 3
duration: 4
walls:
  back: {from: [12, -14], to: [12, 14], height: 6, finish: brick}
people:
  anna: {at: [5, 0.5, 180]}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0.2, 0, 1.0, 0, 0, 0], width: 160, height: 120, horizontal_fov_deg: 70, rate: 10}
"""
DRIVING = STILL.replace("at: [0, 0, 0]", "path: [[0, 0], [3, 0.5]]\n    speed: 1.0")

Simulate = Callable[..., Simulation]


def camera_of(simulation: Simulation, settings: EventCameraSettings = QUIET, start_ns: int = 0) -> EventCamera:
    return EventCamera(simulation, simulation.views[0], settings, start_ns)


def rows(events: Events) -> list[tuple[int, int, int, bool]]:
    columns = (events.t_ns, events.x, events.y, events.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_nothing_happens_before_a_still_camera(simulate: Simulate) -> None:
    camera = camera_of(simulate(STILL))
    assert len(camera.advance(400 * MS)) == 0
    # the first one, and one each 20 ms once the steps have grown to that
    assert camera.pictures <= 1 + 400 // 20 + 6


def test_edges_of_a_moving_car(simulate: Simulate) -> None:
    """Where the black car comes, the wall turns darker; where it leaves, lighter."""
    simulation = simulate(PASSING)
    camera = camera_of(simulation, start_ns=1000 * MS)
    events = camera.advance(1030 * MS)
    (car,) = simulation.truth(simulation.views[0], 1015 * MS)
    left, top, right, bottom = car.box
    assert len(events) > 200
    inside = (events.x > left - 4) & (events.x < right + 4) & (events.y > top - 3) & (events.y < bottom + 4)
    assert inside.mean() > 0.99
    # the bumpers, below the lamps and not as far in as the wheels
    low = events[(events.y > top + 0.55 * (bottom - top)) & (events.y < bottom - 3)]
    leading, trailing = low[low.x > right - 5], low[low.x < left + 5]
    assert len(leading) > 15
    assert len(trailing) > 15
    assert leading.polarity.mean() < 0.1
    assert trailing.polarity.mean() > 0.9


@pytest.mark.parametrize("settings", [QUIET, replace(EventCameraSettings(), noise_rate_hz=20.0)])
def test_events_do_not_depend_on_the_times_asked_for(simulate: Simulate, settings: EventCameraSettings) -> None:
    simulation = simulate(PASSING)
    whole = camera_of(simulation, settings).advance(60 * MS)
    camera = camera_of(simulation, settings)
    parts = []
    for until_ns in (1, 7 * MS, 7 * MS, 3 * MS, 22 * MS + 333, 59 * MS, 60 * MS):
        part = camera.advance(until_ns)
        assert (part.t_ns < until_ns).all()
        parts.append(part)
    assert len(whole) > 100
    assert rows(Events.concatenate(parts)) == rows(whole)
    assert (np.diff(whole.t_ns) >= 0).all()


def test_two_runs_are_equal_and_cameras_differ(simulate: Simulate) -> None:
    settings = EventCameraSettings()
    events = camera_of(simulate(DRIVING), settings).advance(15 * MS)
    assert rows(camera_of(simulate(DRIVING, fresh=True), settings).advance(15 * MS)) == rows(events)
    other = simulate(DRIVING.replace("front:", "left:"))
    assert rows(camera_of(other, settings).advance(15 * MS)) != rows(events)


def test_faster_motion_is_rendered_more_often(simulate: Simulate) -> None:
    counts = {}
    for name, text in (("still", STILL), ("driving", DRIVING), ("fast", DRIVING.replace("speed: 1.0", "speed: 4.0"))):
        camera = camera_of(simulate(text), start_ns=800 * MS)
        camera.advance(850 * MS)
        counts[name] = camera.pictures
    assert counts["still"] < counts["driving"] < counts["fast"]
    # coarser steps are fewer
    camera = camera_of(simulate(DRIVING), replace(QUIET, max_displacement_px=4.0), start_ns=800 * MS)
    camera.advance(850 * MS)
    assert camera.pictures < counts["driving"]


def test_events_travel_as_evt3(simulate: Simulate) -> None:
    camera = camera_of(simulate(DRIVING), EventCameraSettings())
    events = camera.advance(40 * MS)
    assert len(events) > 500
    assert rows(Evt3Decoder(160, 120).decode(encode_evt3(events))) == rows(events)


def test_a_sensor_that_evt3_cannot_tell_is_refused(simulate: Simulate) -> None:
    simulation = simulate(STILL)
    view = simulation.views[0]
    model = CameraModel.pinhole(2100, 100, 1.0)
    large = replace(view, camera=replace(view.camera, model=model))
    with pytest.raises(SettingsError, match="at most 2048 pixels a side, got 2100 x 100"):
        EventCamera(simulation, large, QUIET)


@pytest.mark.parametrize(
    ("bgr", "expected"),
    [
        ((0, 0, 0), 0.0),
        ((255, 255, 255), 1.0),
        # IEC 61966-2-1: the straight part near black, and the middle
        ((10, 10, 10), 10 / 255 / 12.92),
        ((188, 188, 188), 0.503),
        # green counts most
        ((0, 255, 0), 0.7152),
    ],
)
def test_pictures_are_made_linear(bgr: tuple[int, int, int], expected: float) -> None:
    assert linear_intensity(np.full((1, 1, 3), bgr, np.uint8)) == pytest.approx(expected, abs=5e-4)


def test_a_camera_with_a_real_lens(simulate: Simulate) -> None:
    """Pictures are rendered larger and bent; where no ray of the lens is, nothing changes."""
    lens = "front: {mount: [0.2, 0, 1.0, 0, 0, 0], calibration: lens.yaml, rate: 10}"
    text = "\n".join(f"      {lens}" if "front:" in line else line for line in DRIVING.splitlines())
    simulation = simulate(text)
    assert simulation.views[0].size != (320, 240)
    events = camera_of(simulation, start_ns=800 * MS).advance(810 * MS)
    assert len(events) > 100
    assert events.x.max() < 320
    assert events.y.max() < 240
