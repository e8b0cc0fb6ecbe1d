"""The ``mobinet`` command. Commands that need ROS join it from the ROS layer, through an entry-point group."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points

from mobinet import __version__
from mobinet.errors import MobinetError
from mobinet.models import commands as model_commands
from mobinet.sim import commands as sim_commands

GROUP = "mobinet.commands"
ROS_COMMANDS = {
    "up": "run a rig: all nodes of all robots",
    "demo": "run the main job on a recording",
    "play": "publish a bag",
    "record": "write topics to a bag",
    "doctor": "say why nothing comes",
}
ROS_CURE = "needs ROS 2: 'pip install .' in the checkout (x86-64), or a colcon build in a sourced distribution"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mobinet", description="One network of mobile cameras.")
    parser.add_argument("--version", action="version", version=f"mobinet {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    model_commands.register(subparsers)
    sim_commands.register(subparsers)
    if not _register_ros_commands(subparsers):
        for name, purpose in ROS_COMMANDS.items():
            absent = subparsers.add_parser(name, help=f"{purpose} ({ROS_CURE})", add_help=False)
            absent.set_defaults(run=_explain_absence)
    return parser


def _register_ros_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> bool:
    if importlib.util.find_spec("rclpy") is None:
        return False
    points = entry_points(group=GROUP)
    for point in points:
        point.load()(subparsers)
    if not points and importlib.util.find_spec("mobinet_ros") is not None:
        # a colcon install has no entry points of its own
        importlib.import_module("mobinet_ros.commands").register(subparsers)
        return True
    return bool(points)


def _explain_absence(arguments: argparse.Namespace) -> int:
    print(f"mobinet {arguments.command} {ROS_CURE}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 after an error of the user's: printed in one line, with its cure."""
    parser = build_parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not _explain_absence:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return int(options.run(options))
    except MobinetError as error:
        print(f"mobinet: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
