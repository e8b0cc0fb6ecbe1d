"""The command line of the doctor."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

from mobinet.errors import MobinetError
from mobinet_ros.doctor.checks import diagnose
from mobinet_ros.doctor.report import exit_status, write_json, write_text

FAILED = 3


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `doctor` to the `mobinet` command."""
    text = "look at the live graph and say why nothing comes"
    parser = subparsers.add_parser(
        "doctor",
        help=text,
        description=text,
        epilog="exit status: 0 nothing wrong, 1 warnings, 2 errors, 3 it could not look",
    )
    parser.add_argument("--rig", metavar="RIG", help="rig file: also report its nodes that the graph lacks")
    parser.add_argument("--seconds", type=_seconds, default=3.0, help="how long to listen (default 3)")
    parser.add_argument("--map-frame", default="map", help="frame that the robots share (default map)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parser.set_defaults(run=run)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.5 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"expected 0.5 to 3600 seconds, got '{text}'")
    return value


def run(args: argparse.Namespace) -> int:
    """Looks, prints the findings; returns the exit status."""
    try:
        expected = rig_nodes(args.rig) if args.rig else ()
    except MobinetError as error:
        print(f"mobinet doctor: {error}", file=sys.stderr)
        return FAILED
    from mobinet_ros.doctor.graph import take_snapshot  # rclpy takes long to load, and only this command needs it

    snapshot = replace(take_snapshot(args.seconds, args.map_frame), expected_nodes=expected)
    findings = diagnose(snapshot)
    write: Any = write_json if args.json else write_text
    write(findings, snapshot, sys.stdout)
    return exit_status(findings)


def rig_nodes(path: str) -> tuple[str, ...]:
    """Full names of the nodes that a rig file asks for; raises what reading the file raises."""
    from mobinet_ros.rig import load_rig
    from mobinet_ros.rig.node_specs import rig_node_specs

    return tuple(spec.full_name for spec in rig_node_specs(load_rig(path)))
