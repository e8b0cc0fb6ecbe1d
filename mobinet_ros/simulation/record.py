"""``mobinet sim record``: writes a simulated world to a bag, as fast as it can be rendered."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mobinet_ros.stop_signals import stop_on_signals


def register(actions: Any) -> None:
    """Adds ``mobinet sim record``."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "record",
        help="write a world to a bag",
        description=f"{__doc__} The same world gives the same bytes. After an error or Ctrl-C nothing is left.",
    )
    parser.add_argument("world", metavar="WORLD", help="a shipped world or a YAML file")
    parser.add_argument("-o", "--output", metavar="BAG", type=Path, required=True, help="folder to make")
    parser.add_argument("--duration", metavar="S", type=float, default=0.0, help="default: the world's length")
    parser.add_argument(
        "--rate", metavar="HZ", type=float, default=0.0, help="images per second of every camera (default: the world's)"
    )
    parser.add_argument("--compressed", action="store_true", help="JPEG instead of raw images: a tenth of the size")
    parser.add_argument("--no-truth", action="store_true", help="without ground truth: faster")
    parser.add_argument(
        "--truth-rate", metavar="HZ", type=float, default=0.0, help="ground truth of a camera (default: each image)"
    )
    parser.add_argument("--storage", "-s", choices=("mcap", "sqlite3"), default="mcap", help="format (default: mcap)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet sim record``; returns 0.

    Raises:
        SettingsError: an option or the world file is wrong.
        RecordingError: the bag is there already, or cannot be written.
        MissingDependencyError: no MuJoCo, no EGL or no rosbags.
        KeyboardInterrupt: a signal ended it.
    """
    from mobinet.sim.world_file import find_world, load_world
    from mobinet_ros.simulation.settings import StreamSettings
    from mobinet_ros.simulation.world_bag import BagOptions, record_world

    settings = StreamSettings(
        duration=arguments.duration,
        rate=arguments.rate,
        truth=not arguments.no_truth,
        truth_rate=arguments.truth_rate,
    )
    world = load_world(find_world(arguments.world))
    options = BagOptions(arguments.output, arguments.storage, arguments.compressed)
    with stop_on_signals() as stop:
        record_world(world, settings, options, stop)
    return 0
