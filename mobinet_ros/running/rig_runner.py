"""Runs a rig without ros2 launch: its processes, the live table, and what else looks on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

from rclpy.node import Node

from mobinet_ros.environment import clean_environment
from mobinet_ros.fastdds import profile_environment, shared_memory_complaints
from mobinet_ros.rig import LaunchSettings, ProcessSpec, Rig, process_specs, settings_for
from mobinet_ros.running.live_table import show
from mobinet_ros.running.live_table_monitor import LiveTableMonitor
from mobinet_ros.running.observing import observing
from mobinet_ros.running.supervisor import Supervisor
from mobinet_ros.stop_signals import stop_on_signals

POLL_S = 0.2


@dataclass(frozen=True)
class RunOptions:
    """How a rig is run.

    Args:
        launch: what the nodes are told.
        composed: one process a robot instead of one a node.
        duration_s: ends by itself after this time, 0 for never.
        table: show the live table.
        folder: of the logs; ``None`` for a new one where ROS keeps its logs.
        ended: asked now and then, whether there is no more to come.
    """

    launch: LaunchSettings
    composed: bool = True
    duration_s: float = 0.0
    table: bool = True
    folder: Path | None = None
    ended: Callable[[], bool] = lambda: False


def run_rig(rig: Rig, options: RunOptions, observers: Sequence[Callable[[], Node]] = ()) -> int:
    """Runs a rig until SIGINT, SIGTERM, the duration's end, nothing more comes, or every process was given up.

    Args:
        rig: what to run.
        options: how.
        observers: make nodes that look on from this process.

    Returns:
        0, or 1 when a process was given up.
    """
    specs = process_specs(rig, options.launch, options.composed)
    for complaint in shared_memory_complaints(len(specs)):
        say(f"warning: {complaint}")
    environment = clean_environment()
    environment.update(profile_environment(environment))
    folder = options.folder or log_folder()
    environment["ROS_LOG_DIR"] = str(folder)
    say(f"{rig.path.name}: {describe(rig, specs)}; logs in {folder}")
    supervisor = Supervisor(specs, environment, folder, say)
    with stop_on_signals() as stop, supervisor, _shown(rig, options, observers):
        _supervise(supervisor, stop, options)
    return 1 if supervisor.failed else 0


def _supervise(supervisor: Supervisor, stop: threading.Event, options: RunOptions) -> None:
    end = time.monotonic() + options.duration_s if options.duration_s > 0 else float("inf")
    while time.monotonic() < end and not supervisor.hopeless and not options.ended() and not stop.wait(POLL_S):
        supervisor.poll()


@contextmanager
def _shown(rig: Rig, options: RunOptions, observers: Sequence[Callable[[], Node]]) -> Iterator[None]:
    """The live table, where it is wanted, and the observers."""
    cameras = [(robot.name, camera.name) for robot in rig.robots for camera in robot.cameras]
    launch = settings_for(rig, options.launch)
    table = partial(LiveTableMonitor, cameras, launch.namespace, launch.use_sim_time)
    ended = threading.Event()
    with observing([table, *observers] if options.table else observers) as nodes:
        if not options.table:
            yield
            return
        shown = cast(LiveTableMonitor, nodes[0]).table
        thread = threading.Thread(target=show, args=(shown, ended), name="table", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=5.0)


def describe(rig: Rig, specs: Sequence[ProcessSpec]) -> str:
    """``3 robots, 3 cameras, 4 processes``."""
    cameras = sum(len(robot.cameras) for robot in rig.robots)
    counts = ((len(rig.robots), "robot", "s"), (cameras, "camera", "s"), (len(specs), "process", "es"))
    return ", ".join(f"{count} {word}{ending if count != 1 else ''}" for count, word, ending in counts)


def log_folder() -> Path:
    """A new folder for this run, where ROS keeps its logs (ROS_LOG_DIR, ROS_HOME, ~/.ros/log)."""
    home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
    root = Path(os.environ.get("ROS_LOG_DIR") or home / "log")
    return root / f"mobinet_{datetime.now():%Y%m%d_%H%M%S}_{os.getpid()}"


def say(line: str) -> None:
    """One line for the person at the terminal, shown at once also through a pipe."""
    print(line, flush=True)
