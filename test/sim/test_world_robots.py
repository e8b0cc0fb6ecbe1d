"""Robots of world files: their clocks, errors and cameras, and when nobody hears them."""

from __future__ import annotations

import pytest
import yaml

from mobinet.errors import SettingsError
from mobinet.sim.clocks import RobotClock
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.localisation import PoseNoise
from mobinet.sim.odometry import OdometryErrors
from mobinet.sim.world import Outage
from mobinet.sim.world_file import load_world

PERFECT = """
world_version: 1
duration: 10
robots:
  r1:
    at: [-3, 0, 90]
    cameras:
      front: {mount: [0.1, 0, 1.2, 0, 0.1, 0], width: 64, height: 48, rate: 5}
"""

ERRING = """
world_version: 1
duration: 10
robots:
  r1:
    at: [-3, 0, 90]
    clock: {offset_s: 0.02, drift_ppm: 30}
    odometry: {distance_scale: 0.01, heading_noise_deg_per_m: 1}
    pose_noise: {position_m: 0.1}
    localised: false
    cameras:
      front: {mount: [0.1, 0, 1.2, 0, 0.1, 0], type: events, events: {threshold_on: 0.3}}
outages: [{robots: [r1], from: 2, until: 5.5}]
radio_range: 30
"""


def write(tmp_path, text):
    path = tmp_path / "world.yaml"
    path.write_text(text)
    return path


def test_robots_are_perfect_unless_said_otherwise(tmp_path):
    world = load_world(write(tmp_path, PERFECT))
    robot = world.robots[0]
    assert (robot.clock, robot.odometry, robot.pose_noise) == (RobotClock(), OdometryErrors(), PoseNoise())
    assert robot.localised
    assert (robot.cameras[0].kind, robot.cameras[0].events) == ("rgb", None)
    assert (world.outages, world.radio_range_m) == ((), 0.0)


def test_errors_of_robots_are_read(tmp_path):
    world = load_world(write(tmp_path, ERRING))
    robot = world.robots[0]
    assert robot.clock == RobotClock(0.02, 30.0)
    assert robot.odometry == OdometryErrors(distance_scale=0.01, heading_noise_deg_per_m=1.0)
    assert robot.pose_noise == PoseNoise(position_m=0.1)
    assert not robot.localised
    assert robot.cameras[0].kind == "events"
    assert robot.cameras[0].events == EventCameraSettings(threshold_on=0.3)
    assert world.outages == (Outage(("r1",), 2.0, 5.5),)
    assert world.radio_range_m == 30.0


def test_an_event_camera_may_leave_its_settings_out_and_have_a_distorting_lens(tmp_path):
    calibration = {
        "image_width": 80, "image_height": 60, "distortion_model": "plumb_bob",
        "camera_matrix": {"data": [70, 0, 39.5, 0, 70, 29.5, 0, 0, 1]},
        "distortion_coefficients": {"data": [-0.2, 0.05, 0, 0, 0]},
    }  # fmt: skip
    (tmp_path / "lens.yaml").write_text(yaml.safe_dump(calibration))
    text = PERFECT.replace("width: 64, height: 48", "calibration: lens.yaml, type: events")
    assert load_world(write(tmp_path, text)).robots[0].cameras[0].events == EventCameraSettings()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            "offset_s: 0.02",
            "offset: 0.02",
            r"world.yaml:7: robots.r1.clock.offset: unknown key; known: drift",
        ),
        ("drift_ppm: 30", "drift_ppm: fast", "world.yaml:7: robots.r1.clock.drift_ppm: expected float, got 'fast'"),
        (
            "distance_scale: 0.01",
            "distance_scale: 2",
            "world.yaml:8: robots.r1.odometry.distance_scale: 2.0 is out",
        ),
        ("{position_m: 0.1}", "0.1", "robots.r1.pose_noise: expected a mapping"),
        ("localised: false", "localised: maybe", "robots.r1.localised: expected true or false"),
        ("threshold_on: 0.3", "treshold: 0.3", r"cameras.front.events.treshold: unknown key"),  # codespell:ignore
        ("threshold_on: 0.3", "min_step_us: 30000", "cameras.front.events: min_step_us is 30000, above max_step_us"),
        ("type: events", "type: rgb", "cameras.front.events: are settings of an event camera, and this one is 'rgb'"),
        ("type: events", "type: event", "cameras.front.type: expected one of rgb, depth, rgbd, events"),
        ("robots: [r1]", "robots: [r1, r9]", r"world.yaml:13: outages\[0\].robots: expected a list of robots .*\(r1\)"),
        ("robots: [r1]", "robots: r1", r"outages\[0\].robots: expected a list"),
        ("robots: [r1]", "robots: [r1, r1]", r"outages\[0\].robots: a robot is there twice"),
        ("until: 5.5", "until: 2", r"outages\[0\].until: expected a time after 'from' \(2 s\), got 2 s"),
        ("until: 5.5", "to: 5.5", r"outages\[0\].to: unknown key"),
        ("from: 2, ", "", r"outages\[0\].from: is missing"),
        ("outages: [{robots: [r1], from: 2, until: 5.5}]", "outages: {robots: [r1]}", "outages: expected a list"),
        ("outages: [{robots: [r1], from: 2, until: 5.5}]", "outages: [r1]", "outages: expected a mapping"),
        ("radio_range: 30", "radio_range: -1", "radio_range: expected a number from 0"),
    ],
)
def test_what_is_wrong_with_a_robot_is_named(tmp_path, old, new, named):
    wrong = ERRING.replace(old, new)
    assert wrong != ERRING
    with pytest.raises(SettingsError, match=named):
        load_world(write(tmp_path, wrong))
