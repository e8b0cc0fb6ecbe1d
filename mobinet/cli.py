"""The ``mobinet`` command. Commands that need ROS join it from the ROS layer, through an entry-point group."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TypeAlias

from mobinet import __version__, following
from mobinet.errors import MobinetError
from mobinet.evaluation import commands as evaluation_commands
from mobinet.learning import commands as learning_commands
from mobinet.models import commands as model_commands
from mobinet.reid.gallery import commands as gallery_commands
from mobinet.sim import commands as sim_commands

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
GROUP = "mobinet.commands"
ROS_COMMANDS = {
    "up": "run a rig: all nodes of all robots",
    "demo": "run the main job on a recording",
    "play": "publish a bag",
    "record": "write topics to a bag",
    "follow": "follow one object with a camera",
    "doctor": "say why nothing comes",
}
ROS_SIM_COMMANDS = {"record": "write a world to a bag"}
ROS_CURE = "needs ROS 2: 'pip install .' in the checkout (x86-64), or a colcon build in a sourced distribution"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mobinet", description="One network of mobile cameras.")
    parser.add_argument("--version", action="version", version=f"mobinet {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    model_commands.register(subparsers)
    evaluation_commands.register(subparsers)
    learning_commands.register(subparsers)
    following.register(subparsers)
    gallery_commands.register(subparsers)
    sim = sim_commands.register(subparsers)
    if not _register_ros_commands(subparsers, sim):
        for parsers, commands in ((subparsers, ROS_COMMANDS), (sim, ROS_SIM_COMMANDS)):
            for name, purpose in commands.items():
                absent = parsers.add_parser(name, help=f"{purpose} ({ROS_CURE})", add_help=False)
                absent.set_defaults(run=_explain_absence)
    return parser


def _register_ros_commands(subparsers: Subparsers, sim: Subparsers) -> bool:
    """Lets the ROS layer add its commands, and its actions of ``sim``; whether there is one."""
    if importlib.util.find_spec("rclpy") is None:
        return False
    points = entry_points(group=GROUP)
    for point in points:
        point.load()(subparsers, sim)
    if not points and importlib.util.find_spec("mobinet_ros") is not None:
        # a colcon install has no entry points of its own
        importlib.import_module("mobinet_ros.commands").register(subparsers, sim)
        return True
    return bool(points)


def _explain_absence(arguments: argparse.Namespace) -> int:
    action = getattr(arguments, "action", "")
    print(f"mobinet {' '.join(filter(None, (arguments.command, action)))} {ROS_CURE}", file=sys.stderr)
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
