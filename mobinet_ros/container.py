"""One process with all nodes of a robot: the same nodes as apart, images handed over in memory."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence

import rclpy.utilities

from mobinet.errors import SettingsError
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run_nodes
from mobinet_ros.rig import LaunchSettings, NodeSpec, load_rig, rig_node_specs


def node_class(executable: str) -> type[StageNode]:
    """``tracker_node`` to ``TrackerNode``: the module's name gives the class's."""
    module = importlib.import_module(f"mobinet_ros.{executable}")
    name = "".join(part.capitalize() for part in executable.split("_"))
    return getattr(module, name)  # type: ignore[no-any-return]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="container", description=__doc__)
    parser.add_argument("--rig", required=True, help="rig file")
    parser.add_argument("--robot", required=True, help="which robot of the rig")
    parser.add_argument("--namespace", default="", help="outer namespace of the rig")
    parser.add_argument("--use-sim-time", default="false", choices=("true", "false"))
    parser.add_argument("--autostart", default="true", choices=("true", "false"))
    parser.add_argument("--params-file", default="", help="parameters that override the rig's")
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--start-time-ns", type=int, default=0, help="common start of all recordings")
    return parser.parse_args(arguments)


def robot_specs(options: argparse.Namespace) -> list[NodeSpec]:
    settings = LaunchSettings(
        namespace=options.namespace,
        use_sim_time=options.use_sim_time == "true",
        params_file=options.params_file,
        autostart=options.autostart == "true",
        log_level=options.log_level,
        start_time_ns=options.start_time_ns,
    )
    specs = rig_node_specs(load_rig(options.rig), settings)
    return [spec for spec in specs if spec.robot == options.robot]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the nodes of one robot until a signal ends them.

    Returns:
        0, or 2 when the rig or a parameter is wrong.
    """
    given = rclpy.utilities.remove_ros_args(sys.argv)[1:] if arguments is None else arguments
    options = parse(given)
    hub = ImageHub()

    def make() -> Iterator[StageNode]:
        for spec in robot_specs(options):
            try:
                yield node_class(spec.executable)(cli_args=spec.ros_arguments(), hub=hub)
            except SettingsError as error:
                raise SettingsError(f"{spec.full_name}: {error}") from error

    return run_nodes(make, ["container", "--ros-args", "--log-level", options.log_level])


if __name__ == "__main__":
    sys.exit(main())
