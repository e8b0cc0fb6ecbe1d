"""Names of a robot's coordinate frames (REP 105), which carry the robot's name."""

from __future__ import annotations

from mobinet.sim.world import Robot, SimCamera


def odom_frame(robot: Robot) -> str:
    return f"{robot.name}/odom"


def base_frame(robot: Robot) -> str:
    return f"{robot.name}/base_link"


def body_frame(robot: Robot, camera: SimCamera) -> str:
    """A camera's body: x forward, z up."""
    return f"{robot.name}/{camera.name}"


def optical_frame(robot: Robot, camera: SimCamera) -> str:
    """x right, y down, z forward (REP 103)."""
    return f"{robot.name}/{camera.name}_optical"
