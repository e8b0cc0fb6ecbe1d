"""The commands that need ROS; the ``mobinet`` command finds them through the entry-point group ``mobinet.commands``."""

from __future__ import annotations

import importlib
from typing import Any

from mobinet_ros import environment

MODULES = ("running.up", "running.demo", "bags.play", "bags.record", "doctor.command")


def register(subparsers: Any) -> None:
    """Adds each command's parser to ``subparsers``, after a foreign ROS has been put off the search paths."""
    environment.prepare()
    for name in MODULES:
        importlib.import_module(f"mobinet_ros.{name}").register(subparsers)
