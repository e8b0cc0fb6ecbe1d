"""The commands that need ROS; the ``mobinet`` command finds them through the entry-point group ``mobinet.commands``."""

from __future__ import annotations

import importlib
from typing import Any

from mobinet_ros import environment

SIM_MODULES = ("simulation.record",)
MODULES = ("running.up", "running.demo", "bags.play", "bags.record", "following.command", "doctor.command")


def register(subparsers: Any, sim: Any) -> None:
    """Adds each command's parser to ``subparsers``, and to ``sim`` those that are actions of ``mobinet sim``; after a
    foreign ROS has been put off the search paths."""
    environment.prepare()
    for parsers, modules in ((subparsers, MODULES), (sim, SIM_MODULES)):
        for name in modules:
            importlib.import_module(f"mobinet_ros.{name}").register(parsers)
