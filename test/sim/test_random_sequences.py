"""Random worlds before event cameras."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobinet.boxes import iou_matrix
from mobinet.events import BackgroundActivityFilter, EventDetectorSettings, Window, make_event_detector
from mobinet.learning.event_sequences import read_sequences, render_sequences
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.random_sequences import RandomSequenceSettings, random_event_world, random_sequences
from mobinet.sim.simulation import Simulation

SMALL = RandomSequenceSettings(width=96, height=64, cameras=1, duration_s=0.3, people=2, cyclists=0, cars=0)
WALKING = """
world_version: 1
seed: 3
duration: 4
walls:
  back: {from: [12, -14], to: [12, 14], height: 6, finish: brick}
people:
  anna: {path: [[6, 2], [6, -2]], speed: 1.4}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0.2, 0, 1.0, 0, 0, 0], width: 240, height: 180, horizontal_fov_deg: 60, rate: 10}
"""


def test_worlds_differ_as_cameras_do():
    worlds = [random_event_world(seed) for seed in range(60)]
    cameras = [(world.light, robot.cameras[0]) for world in worlds for robot in world.robots]
    again = random_event_world(7)
    assert again.people == worlds[7].people
    for one, other in zip(again.robots, worlds[7].robots, strict=True):
        assert (one.route, one.cameras[0].events) == (other.route, other.cameras[0].events)
    assert {light for light, _ in cameras} == {"day", "dusk", "night"}
    moving = [robot.moves for world in worlds for robot in world.robots]
    assert 0.35 < np.mean(moving) < 0.65
    # in the dark pixels make more noise
    noise = {
        light: [camera.events.noise_rate_hz for other, camera in cameras if other == light] for light, _ in cameras
    }
    assert np.median(noise["night"]) > 2 * np.median(noise["day"])


def test_a_camera_that_sets_off_looks_where_it_looked():
    seed = next(seed for seed in range(20) if random_event_world(seed).robots[0].moves)
    world = random_event_world(seed)
    robot = world.robots[0]
    heading = robot.route.trajectory(world.duration_s, 0.4).at(0).heading
    turned = np.arctan2(*(robot.cameras[0].mount.rotation @ [1.0, 0, 0])[1::-1])
    # towards the place, which is around the origin
    to_the_middle = np.arctan2(-robot.route.waypoints[0].y, -robot.route.waypoints[0].x)
    assert np.cos(heading + turned - to_the_middle) > 0


def test_events_and_truth_of_a_world(tmp_path):
    sequences = list(random_sequences(3, SMALL))
    assert len(sequences) == 1
    true = sequences[0]
    assert true.stamps_ns == (0, 100_000_000, 200_000_000, 300_000_000)
    assert len(true.objects) == 4
    assert len(true.events)
    assert 0 <= true.events.t_ns.min() <= true.events.t_ns.max() < 300_000_000
    # the same again from a folder, in which what is there is not rendered again
    render_sequences(tmp_path, 1, 3, SMALL)
    file = tmp_path / "events" / "0000003_0.npy"
    written_ns = file.stat().st_mtime_ns
    render_sequences(tmp_path, 1, 3, SMALL)
    assert file.stat().st_mtime_ns == written_ns
    stored = read_sequences(tmp_path)[0]
    events = stored.events(0, 300_000_000)
    np.testing.assert_array_equal(events.t_ns, true.events.t_ns)
    np.testing.assert_array_equal(events.x, true.events.x)
    boxes = [thing.box for thing in true.objects[2]]
    np.testing.assert_allclose(stored.objects_at(200_000_000)[0], np.reshape(boxes, (-1, 4)), atol=0.06)


def test_the_shipped_network_finds_who_walks(simulate: Callable[..., Simulation]):
    simulation = simulate(WALKING)
    view = simulation.views[0]
    settings = EventCameraSettings(max_displacement_px=4.0, min_step_us=10_000)
    camera, noise = EventCamera(simulation, view, settings, 500_000_000), BackgroundActivityFilter(*view.size, 0.01)
    detector = make_event_detector(EventDetectorSettings(model="street-events"), *view.size)
    overlaps = []
    for number in range(10):
        window = Window(500_000_000 + 50_000_000 * number, 550_000_000 + 50_000_000 * number)
        events = camera.advance(window.end_ns)
        found = detector.detect(events[noise.keep(events)], window)
        people = found[np.array([name == "person" for name in found.class_names], bool)]
        true = simulation.truth(view, window.end_ns)[0].box[None]
        overlaps.append(float(iou_matrix(people.boxes, true).max(initial=0.0)))
    # after the first windows, in nearly all
    assert np.mean(np.array(overlaps[3:]) > 0.5) > 0.8
