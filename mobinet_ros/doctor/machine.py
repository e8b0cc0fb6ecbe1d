"""This machine's part of the picture: the variables that steer discovery, the middleware, shared memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rclpy.utilities import get_rmw_implementation_identifier

from mobinet_ros.doctor.snapshot import Machine
from mobinet_ros.fastdds import leaked_memory, shared_memory_complaints

VARIABLES = (
    "ROS_DOMAIN_ID",
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "ROS_LOCALHOST_ONLY",
    "ROS_STATIC_PEERS",
    "ROS_DISCOVERY_SERVER",
    "RMW_IMPLEMENTATION",
    "FASTDDS_BUILTIN_TRANSPORTS",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
)


def read_machine(environment: Mapping[str, str] = os.environ) -> Machine:
    """What the shell that runs the doctor would give to a node."""
    shown = {name: environment[name] for name in VARIABLES if environment.get(name)}
    files = [name for name in shown if name.endswith("_PROFILES_FILE") and not Path(shown[name]).is_file()]
    rmw = get_rmw_implementation_identifier()
    if not rmw.startswith("rmw_fastrtps"):
        return Machine(shown, rmw, tuple(files))
    leaked = leaked_memory().advice()
    complaints = (line for line in shared_memory_complaints(processes=1) if line != leaked)
    return Machine(shown, rmw, tuple(files), tuple(complaints), leaked)
