"""What a rig is: robots, their cameras, where images come from, the settings of each stage.

A rig file is YAML; docs/rig.md describes it for people. Here are the records that it is read into.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

RIG_VERSION = 1

Pose: TypeAlias = tuple[float, float, float, float, float, float]
"""x, y, z in metres, then fixed-axis roll, pitch, yaw in radians (REP 103)."""

# stage of a robot, as the rig names it -> executable (and node name) that runs it
STAGES: Mapping[str, str] = {
    "detector": "detector_node",
    "event_detector": "event_detector_node",
    "tracker": "tracker_node",
    "reid": "reid_node",
    "gallery": "gallery_node",
    "cooperation": "cooperation_node",
    "target": "target_tracker_node",
    "ptz": "ptz_node",
    "event_renderer": "event_renderer_node",
    "overlay": "overlay_node",
    "marker": "marker_node",
}

# those that run only where the rig asks for them
OPTIONAL_STAGES = frozenset({"gallery", "target", "ptz"})

COLOUR, EVENTS = "rgb", "events"
CAMERA_TYPES = (COLOUR, EVENTS)
# those that only serve one type of camera, since they need its images or its events
STAGES_OF_TYPE: Mapping[str, frozenset[str]] = {
    COLOUR: frozenset({"detector", "reid", "gallery", "target"}),
    EVENTS: frozenset({"event_detector", "event_renderer"}),
}


@dataclass(frozen=True)
class CameraRig:
    """One camera of a robot.

    Args:
        name: its namespace below the robot's.
        source: what ``camera_node`` (``event_file_node`` for events) opens, a path already absolute; empty for a camera
            whose driver runs elsewhere.
        topic: where such a driver publishes its images or events, relative to the robot's namespace or absolute; empty
            for ``<camera>/image_raw`` or ``<camera>/events``.
        info_topic: the driver's ``camera_info``.
        calibration: absolute path of a calibration YAML, or empty.
        mount: ``base_link2camera`` pose of the camera's body frame (x forward, z up), or ``None`` where the robot's
            own description publishes it.
        parameters: what else that node is given.
        type: one of ``CAMERA_TYPES``.
        sister: name of the event camera beside it whose detections feed its tracks, or empty.
    """

    name: str
    source: str = ""
    topic: str = ""
    info_topic: str = ""
    calibration: str = ""
    mount: Pose | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    type: str = COLOUR
    sister: str = ""


@dataclass(frozen=True)
class RobotRig:
    """One robot.

    Args:
        name: its namespace, and the prefix of its frame ids.
        pose: fixed pose of its ``base_link`` in the map, or ``None`` where localisation publishes it.
        cameras: in the order of the file.
        stages: parameters of each stage that runs, by the names of :data:`STAGES`; a stage that is switched off, or an
            optional one that nobody asked for, is absent.
        remappings: given to each of its nodes.
        own_clock: it follows ``<robot>/clock`` instead of ``/clock``: a simulated robot whose clock errs.
        own_radio: it talks to the others through ``<robot>/radio``; a simulated world relays what it can hear.
    """

    name: str
    pose: Pose | None
    cameras: tuple[CameraRig, ...]
    stages: Mapping[str, Mapping[str, Any]]
    remappings: tuple[tuple[str, str], ...] = ()
    own_clock: bool = False
    own_radio: bool = False

    def cameras_of(self, stage: str) -> tuple[CameraRig, ...]:
        """The cameras that a stage serves. Pictures of event cameras are there for the overlay if they are drawn."""
        cameras = self.cameras
        for kind, stages in STAGES_OF_TYPE.items():
            if stage in stages or (stage == "overlay" and kind == COLOUR and "event_renderer" not in self.stages):
                cameras = tuple(camera for camera in cameras if camera.type == kind)
        if stage in ("tracker", "cooperation"):
            # what a sister sees is in the tracks of the camera that she helps
            sisters = {pair.partition("=")[2] for pair in self.sisters()}
            cameras = tuple(camera for camera in cameras if camera.name not in sisters)
        return cameras

    def sisters(self) -> tuple[str, ...]:
        """``CAMERA=SISTER`` of each camera that has one; in a world, the tracker's parameters say it."""
        told = self.stages.get("tracker", {}).get("sisters")
        return tuple(told or (f"{camera.name}={camera.sister}" for camera in self.cameras if camera.sister))


@dataclass(frozen=True)
class Rig:
    """A rig file, read: environment variables and relative paths resolved, defaults merged in.

    Args:
        path: of the file.
        robots: in the order of the file.
        viewer: parameters of ``viewer_node``.
        world: absolute path of the simulated world that the robots live in, '' for real cameras and recordings. Such a
            rig has a ``sim_node`` in place of camera nodes and fixed transforms, and follows its clock.
        sim: parameters of ``sim_node`` beside ``world``.
    """

    path: Path
    robots: tuple[RobotRig, ...]
    viewer: Mapping[str, Any] = field(default_factory=dict)
    world: str = ""
    sim: Mapping[str, Any] = field(default_factory=dict)

    def robot(self, name: str) -> RobotRig:
        """The robot of that name; raises KeyError."""
        return {robot.name: robot for robot in self.robots}[name]
