"""The rig file that plays a rendered world: the same poses, mounts and lenses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mobinet.camera import CameraModel
from mobinet.sim.export_layout import sees_colours
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world import Robot
from mobinet.types import Float64

_HEADER = "# Plays a rendered world: mobinet up rig.yaml\n"
_EVENTS = "events"
_MOVING = "# {names}: moving, so no pose is given here; poses.txt of each camera has it for every image.\n"
_OTHER = "# {names}: neither colour images nor events, so not played.\n"


def write_rig(path: Path, simulation: Simulation, images: str) -> None:
    """Writes the rig file, and beside each camera's images its calibration; ``images`` is their name there."""
    robots: dict[str, Any] = {}
    for view in simulation.views:
        calibration = path.parent / view.name / "calibration.yaml"
        write_calibration(calibration, view.camera.model, view.name.replace("/", "_"))
    moving = [robot.name for robot in simulation.world.robots if robot.moves]
    other = [view.name for view in simulation.views if not _is_played(view)]
    for robot in simulation.world.robots:
        views = [view for view in simulation.views if view.robot is robot and _is_played(view)]
        if not views:
            continue
        robots[robot.name] = {"cameras": {view.camera.name: _camera(view, images) for view in views}}
        if not robot.moves:
            robots[robot.name] = {"pose": _static_pose(simulation, robot), **robots[robot.name]}
    content = yaml.safe_dump({"rig_version": 1, "robots": robots}, sort_keys=False, default_flow_style=None)
    notes = "".join(
        text.format(names=", ".join(names)) for text, names in ((_MOVING, moving), (_OTHER, other)) if names
    )
    path.write_text(_HEADER + notes + content, encoding="utf-8")


def _is_played(view: CameraView) -> bool:
    return sees_colours(view) or view.camera.kind == _EVENTS


def _camera(view: CameraView, images: str) -> dict[str, Any]:
    mount = view.camera.mount
    pose = [*mount.translation.tolist(), *euler_of(mount.rotation)]
    content: dict[str, Any] = {"source": f"{view.name}/{images}", "rate": float(view.camera.rate)}
    if view.camera.kind == _EVENTS:
        content = {"type": "events", "source": f"{view.name}/events.raw"}
    return {
        **content,
        "calibration": f"{view.name}/calibration.yaml",
        "mount": [round(value, 6) for value in pose],
    }


def _static_pose(simulation: Simulation, robot: Robot) -> list[float]:
    pose = simulation.base_pose(robot, 0)
    return [round(value, 6) for value in (*pose.translation.tolist(), *euler_of(pose.rotation))]


def euler_of(rotation: Float64) -> list[float]:
    """Fixed-axis roll, pitch, yaw (REP 103) in radians of a ``(3, 3)`` rotation; roll is 0 where pitch is vertical."""
    pitch = float(np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0)))
    if abs(rotation[2, 0]) > 1 - 1e-9:
        return [0.0, pitch, float(np.arctan2(-rotation[0, 1], rotation[1, 1]))]
    roll = float(np.arctan2(rotation[2, 1], rotation[2, 2]))
    return [roll, pitch, float(np.arctan2(rotation[1, 0], rotation[0, 0]))]


def write_calibration(path: Path, model: CameraModel, name: str) -> None:
    """Writes a camera's intrinsics in the format of ROS's ``camera_calibration``."""
    projection = np.column_stack([model.matrix, np.zeros(3)])
    content = {
        "image_width": model.width,
        "image_height": model.height,
        "camera_name": name,
        "camera_matrix": _matrix(model.matrix),
        "distortion_model": model.model,
        "distortion_coefficients": _matrix(
            (model.distortion if len(model.distortion) else np.zeros(4 if model.model == "equidistant" else 5))[None]
        ),
        "rectification_matrix": _matrix(np.eye(3)),
        "projection_matrix": _matrix(projection),
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, default_flow_style=None), encoding="utf-8")


def _matrix(values: Float64) -> dict[str, Any]:
    return {"rows": values.shape[0], "cols": values.shape[1], "data": [float(value) for value in values.ravel()]}
