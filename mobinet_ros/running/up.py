"""``mobinet up RIG``: runs all robots and cameras of a rig file, on machines with and without ros2 launch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mobinet.errors import SettingsError
from mobinet_ros.rig.node_specs import LaunchSettings
from mobinet_ros.rig.start_time import common_start_ns

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


def register(subparsers: Any) -> None:
    """Adds ``mobinet up``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "up", help="run all robots and cameras of a rig file", description=__doc__
    )
    parser.add_argument("rig", help="rig file (YAML), or the name of a rig or a simulated world that is shipped")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--composed", action="store_true", default=True, help="one process a robot (the default)")
    mode.add_argument("--separate", action="store_false", dest="composed", help="one process a node")
    add_common_arguments(parser, view="none", duration_s=0.0)
    parser.add_argument("--params-file", default="", metavar="FILE", help="ROS parameters that override the rig's")
    parser.add_argument("--namespace", default="", metavar="NS", help="outer namespace of the rig")
    parser.add_argument("--use-sim-time", action="store_true", help="nodes follow /clock")
    parser.add_argument("--no-autostart", action="store_true", help="nodes wait for a lifecycle manager")
    parser.set_defaults(run=run)


def add_common_arguments(parser: argparse.ArgumentParser, view: str, duration_s: float) -> None:
    """Arguments that ``mobinet demo`` has too, with their defaults."""
    length = f"{duration_s:g} s" if duration_s else "never"
    parser.add_argument("--view", choices=("rerun", "none"), default=view, help=f"view in a browser (default: {view})")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="of the nodes' log files")
    parser.add_argument(
        "--duration", type=float, default=duration_s, metavar="S", help=f"end after S seconds, 0 never ({length})"
    )
    parser.add_argument("--no-table", action="store_true", help="no live table, only warnings")


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet up``; returns 0, or 1 when a process was given up.

    Raises:
        SettingsError: the rig is wrong, or the parameter file is missing.
    """
    from mobinet_ros.rig import load_rig
    from mobinet_ros.running.rig_runner import RunOptions, run_rig

    params_file = str(Path(arguments.params_file).expanduser().resolve()) if arguments.params_file else ""
    if params_file and not Path(params_file).is_file():
        raise SettingsError(f"--params-file: '{params_file}' does not exist")
    launch = LaunchSettings(
        namespace=arguments.namespace,
        use_sim_time=arguments.use_sim_time,
        params_file=params_file,
        autostart=not arguments.no_autostart,
        log_level=arguments.log_level,
        start_time_ns=0 if arguments.use_sim_time else common_start_ns(),
        view=arguments.view,
    )
    options = RunOptions(launch, arguments.composed, arguments.duration, not arguments.no_table)
    return run_rig(load_rig(arguments.rig), options)
