"""Reads the robots of a world file: their cameras, clocks, odometry, and when they cannot talk to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.sim.clocks import RobotClock
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.exposure_settings import ExposureSettings
from mobinet.sim.localisation import PoseNoise
from mobinet.sim.looks import COLOURS
from mobinet.sim.obstacles import Obstacle
from mobinet.sim.odometry import OdometryErrors
from mobinet.sim.world import CAMERA_KINDS, COLOUR_KINDS, WORN_PLACES, Outage, Robot, SimCamera, Wearer
from mobinet.sim.world_people import LOOK_KEYS, PERSON_RADIUS_M, read_look
from mobinet.sim.world_routes import ROUTE_KEYS, check_route, read_route
from mobinet.sim.world_values import Section
from mobinet.targets.ptz_mount import PtzMountSettings

_ROBOT_KEYS = (*ROUTE_KEYS, "colour", "cameras", "clock", "odometry", "pose_noise", "localised", "worn")
_CAMERA_KEYS = (
    "type",
    "mount",
    "width",
    "height",
    "horizontal_fov_deg",
    "calibration",
    "rate",
    "events",
    "ptz",
    "exposure",
)
_ROBOT_RADIUS = 0.35


def read_robot(section: Section, seed: int, obstacles: Sequence[Obstacle]) -> Robot:
    """A robot with its cameras.

    Raises:
        SettingsError: naming file, line and key of what is wrong.
    """
    worn = "worn" in section.values
    section.check_keys((*_ROBOT_KEYS, *LOOK_KEYS) if worn else _ROBOT_KEYS)
    route = read_route(section, 1.0, 8.0) if worn else read_route(section, 0.8, 10.0)
    check_route(section, route, PERSON_RADIUS_M if worn else _ROBOT_RADIUS, obstacles)
    cameras = tuple(_camera(child) for child in section.children("cameras"))
    if worn and any(camera.ptz for camera in cameras):
        raise section.error("worn", "expected fixed cameras: nobody wears one that turns; leave out their 'ptz'")
    return Robot(
        section.name,
        route,
        cameras,
        section.colour("colour", COLOURS["orange"]),
        clock=section.settings("clock", RobotClock),
        odometry=section.settings("odometry", OdometryErrors),
        pose_noise=section.settings("pose_noise", PoseNoise),
        localised=section.flag("localised", True),
        wearer=_wearer(section, seed) if worn else None,
    )


def _wearer(section: Section, seed: int) -> Wearer:
    look = read_look(section, seed, {})
    return Wearer(look, section.choice("worn", WORN_PLACES[0], WORN_PLACES))


def read_outages(section: Section, robots: Sequence[Robot]) -> tuple[Outage, ...]:
    """The list ``outages`` of a world.

    Raises:
        SettingsError: naming file, line and key: an unknown robot, no length.
    """
    return tuple(_outage(entry, [robot.name for robot in robots]) for entry in section.entries("outages"))


def _outage(section: Section, known: Sequence[str]) -> Outage:
    section.check_keys(("robots", "from", "until"))
    robots = section.require("robots")
    if not isinstance(robots, list) or not robots or any(name not in known for name in robots):
        raise section.error("robots", f"expected a list of robots of this world ({', '.join(known)}), got {robots!r}")
    if len(set(robots)) < len(robots):
        raise section.error("robots", f"a robot is there twice in {robots!r}; name it once")
    start_s = section.number("from", None, 0, 3600)
    end_s = section.number("until", None, 0, 3600)
    if end_s <= start_s:
        raise section.error("until", f"expected a time after 'from' ({start_s:g} s), got {end_s:g} s")
    return Outage(tuple(robots), start_s, end_s)


def _camera(section: Section) -> SimCamera:
    section.check_keys(_CAMERA_KEYS)
    kind = section.choice("type", "rgb", CAMERA_KINDS)
    if kind != "events" and "events" in section.values:
        raise section.error("events", f"are settings of an event camera, and this one is '{kind}'; add type: events")
    if kind not in COLOUR_KINDS and "exposure" in section.values:
        kinds = " or ".join(COLOUR_KINDS)
        raise section.error("exposure", f"expected a camera of type {kinds}, this one is '{kind}'; leave it out")
    model = _camera_model(section)
    return SimCamera(
        section.name,
        model,
        _mount(section),
        section.number("rate", 15, 0.1, 240),
        kind,
        section.settings("events", EventCameraSettings) if kind == "events" else None,
        _ptz(section, kind, model) if "ptz" in section.values else None,
        section.settings("exposure", ExposureSettings) if "exposure" in section.values else None,
    )


def _ptz(section: Section, kind: str, model: CameraModel) -> PtzMountSettings:
    if kind == "events":
        raise section.error("ptz", "expected a camera of images, this one is 'events'; leave it out")
    if model.distortion.any() or model.model == "equidistant":
        raise section.error(
            "ptz",
            "expected an ideal lens, since distortion changes with the zoom; give width, height "
            "and horizontal_fov_deg instead of a calibration",
        )
    return section.settings("ptz", PtzMountSettings)


def _mount(section: Section) -> Transform:
    x, y, z, roll, pitch, yaw = section.numbers("mount", 6)
    if max(map(abs, (roll, pitch, yaw))) > 2 * math.pi:
        raise section.error(
            "mount", f"expected roll, pitch and yaw in radians, got {roll:g}, {pitch:g}, {yaw:g}; convert degrees"
        )
    return Transform.from_euler(roll, pitch, yaw, np.array([x, y, z]))


def _camera_model(section: Section) -> CameraModel:
    calibration = section.values.get("calibration")
    if calibration is not None:
        if {"width", "height", "horizontal_fov_deg"} & set(section.values):
            raise section.error("calibration", "it has size and field of view; leave out the other keys")
        return CameraModel.from_calibration_yaml(Path(section.values.file).parent / str(calibration))
    return CameraModel.pinhole(
        section.whole("width", 640, 16, 4096),
        section.whole("height", 480, 16, 4096),
        math.radians(section.number("horizontal_fov_deg", 70, 1, 150)),
    )
