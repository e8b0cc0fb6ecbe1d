"""Which robots, cameras and nodes there are, and the processes that run them: one description, two front ends."""

from mobinet_ros.rig.node_specs import LaunchSettings, NodeSpec, ProcessSpec, process_specs, rig_node_specs
from mobinet_ros.rig.reader import load_rig
from mobinet_ros.rig.schema import CameraRig, Rig, RobotRig

__all__ = [
    "CameraRig",
    "LaunchSettings",
    "NodeSpec",
    "ProcessSpec",
    "Rig",
    "RobotRig",
    "load_rig",
    "process_specs",
    "rig_node_specs",
]
