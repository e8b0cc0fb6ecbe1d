"""Which robots, cameras and nodes there are, and the processes that run them: one description, two front ends."""

from mobinet_ros.rig.node_specs import (
    LaunchSettings,
    NodeSpec,
    ProcessSpec,
    process_specs,
    rig_node_specs,
    settings_for,
)
from mobinet_ros.rig.reader import find_rig, load_rig
from mobinet_ros.rig.schema import CameraRig, Rig, RobotRig
from mobinet_ros.rig.start_time import common_start_ns

__all__ = [
    "CameraRig",
    "LaunchSettings",
    "NodeSpec",
    "ProcessSpec",
    "Rig",
    "RobotRig",
    "common_start_ns",
    "find_rig",
    "load_rig",
    "process_specs",
    "rig_node_specs",
    "settings_for",
]
