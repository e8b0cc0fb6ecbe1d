"""``mobinet up RIG``: the front end of a rig for machines without ros2 launch."""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from rclpy.node import Node

from mobinet.errors import SettingsError
from mobinet_ros.environment import clean_environment
from mobinet_ros.fastdds import profile_environment, shared_memory_complaints
from mobinet_ros.live_table import show
from mobinet_ros.live_table_monitor import LiveTableMonitor
from mobinet_ros.observing import observing
from mobinet_ros.rig import LaunchSettings, ProcessSpec, Rig, load_rig, process_specs
from mobinet_ros.stop_signals import stop_on_signals
from mobinet_ros.supervisor import Supervisor

START_DELAY_S = 5.0
"""From the start of the processes to the first image of a recording: all cameras of the rig are ready by then."""
POLL_S = 0.2
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


@dataclass(frozen=True)
class UpOptions:
    """How a rig is run.

    Args:
        rig: its file.
        launch: what the nodes are told.
        composed: one process a robot instead of one a node.
        duration_s: ends by itself after this time, 0 for never.
        table: show a live table instead of plain lines.
    """

    rig: Path
    launch: LaunchSettings
    composed: bool = True
    duration_s: float = 0.0
    table: bool = True


def register(subparsers: Any) -> None:
    """Adds ``mobinet up``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "up", help="run all robots and cameras of a rig file", description=__doc__
    )
    parser.add_argument("rig", type=Path, help="rig file (YAML)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--composed", action="store_true", default=True, help="one process a robot (the default)")
    mode.add_argument("--separate", action="store_false", dest="composed", help="one process a node")
    add_common_arguments(parser, view="none")
    parser.add_argument("--params-file", default="", help="ROS parameter file that overrides the rig")
    parser.add_argument("--namespace", default="", help="outer namespace of the rig")
    parser.add_argument("--use-sim-time", action="store_true", help="nodes follow /clock")
    parser.add_argument("--no-autostart", action="store_true", help="nodes wait for a lifecycle manager")
    parser.set_defaults(run=run)


def add_common_arguments(parser: argparse.ArgumentParser, view: str) -> None:
    """Arguments that the demonstration has too."""
    parser.add_argument("--view", choices=("rerun", "none"), default=view, help=f"live view (default: {view})")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="of the nodes' log files")
    parser.add_argument("--duration", type=float, default=0.0, metavar="S", help="end after S seconds (default: never)")
    parser.add_argument("--no-table", action="store_true", help="plain lines instead of the live table")


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet up``; returns 0, or 1 when a process was given up.

    Raises:
        SettingsError: the rig is wrong, or the parameter file is missing.
    """
    params_file = str(Path(arguments.params_file).expanduser().resolve()) if arguments.params_file else ""
    launch = LaunchSettings(
        namespace=arguments.namespace,
        use_sim_time=arguments.use_sim_time,
        params_file=params_file,
        autostart=not arguments.no_autostart,
        log_level=arguments.log_level,
        start_time_ns=0 if arguments.use_sim_time else time.time_ns() + round(START_DELAY_S * 1e9),
        view=arguments.view,
    )
    options = UpOptions(arguments.rig, launch, arguments.composed, arguments.duration, not arguments.no_table)
    if params_file and not Path(params_file).is_file():
        raise SettingsError(f"--params-file: '{params_file}' does not exist")
    return run_rig(load_rig(options.rig), options)


def run_rig(rig: Rig, options: UpOptions, observers: Sequence[Callable[[], Node]] = ()) -> int:
    """Runs a rig until SIGINT, SIGTERM, the duration's end or the end of hope.

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
    folder = log_folder()
    environment["ROS_LOG_DIR"] = str(folder)
    say(f"{rig.path.name}: {describe(rig, specs)}; logs in {folder}")
    supervisor = Supervisor(specs, environment, folder, say)
    with stop_on_signals() as stop, supervisor, _shown(rig, options, observers):
        _supervise(supervisor, stop, options.duration_s)
    return 1 if supervisor.failed else 0


def _supervise(supervisor: Supervisor, stop: threading.Event, duration_s: float) -> None:
    end = time.monotonic() + duration_s if duration_s > 0 else float("inf")
    while time.monotonic() < end and not supervisor.hopeless and not stop.wait(POLL_S):
        supervisor.poll()


@contextmanager
def _shown(rig: Rig, options: UpOptions, observers: Sequence[Callable[[], Node]]) -> Iterator[None]:
    """The live table, where it is wanted, and the observers."""
    cameras = [(robot.name, camera.name) for robot in rig.robots for camera in robot.cameras]
    table = partial(LiveTableMonitor, cameras, options.launch.namespace, options.launch.use_sim_time)
    ended = threading.Event()
    with observing([table, *observers] if options.table else observers) as nodes:
        if not options.table:
            yield
            return
        thread = threading.Thread(
            target=show, args=(cast(LiveTableMonitor, nodes[0]).table, ended), name="table", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=5.0)


def describe(rig: Rig, specs: list[ProcessSpec]) -> str:
    """``3 robots, 3 cameras, 4 processes``."""
    cameras = sum(len(robot.cameras) for robot in rig.robots)
    counts = ((len(rig.robots), "robot"), (cameras, "camera"), (len(specs), "process"))
    return ", ".join(f"{count} {_plural(word, count)}" for count, word in counts)


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word}es" if word.endswith("s") else f"{word}s"


def log_folder() -> Path:
    """A new folder for this run, where ROS keeps its logs (ROS_LOG_DIR, ROS_HOME, ~/.ros/log)."""
    home = Path(os.environ.get("ROS_HOME") or Path.home() / ".ros")
    root = Path(os.environ.get("ROS_LOG_DIR") or home / "log")
    return root / f"mobinet_{datetime.now():%Y%m%d_%H%M%S}_{os.getpid()}"


def say(line: str) -> None:
    """One line for the person at the terminal, shown at once also through a pipe."""
    print(line, flush=True)
