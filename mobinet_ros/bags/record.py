"""``mobinet record``: writes topics of the live graph to a bag."""

from __future__ import annotations

import argparse
import os
import time
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from mobinet.errors import SettingsError
from mobinet.progress import Progress
from mobinet_ros.fastdds import profile_environment
from mobinet_ros.stop_signals import stop_on_signals

DISCOVERY_PERIOD_S = 0.25
CLOCK_TIMEOUT_S = 10.0


def register(subparsers: Any) -> None:
    """Adds ``mobinet record``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "record", help="write topics to a bag", description=f"{__doc__} Ctrl-C ends it in order."
    )
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="names or patterns such as '/r1/*'")
    parser.add_argument("--all", "-a", action="store_true", help="everything there is")
    parser.add_argument("--exclude", nargs="+", default=[], metavar="TOPIC", help="names or patterns to leave out")
    parser.add_argument(
        "--output", "-o", type=Path, metavar="BAG", help="folder to make (default: rosbag2_ and the time)"
    )
    parser.add_argument("--storage", "-s", choices=("mcap", "sqlite3"), default="mcap", help="format (default: mcap)")
    parser.add_argument("--duration", "-d", type=float, default=0.0, metavar="S", help="end after S seconds")
    parser.add_argument("--use-sim-time", action="store_true", help="stamp by /clock instead of the system's clock")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet record``; returns the exit status: 0, or 1 when nothing was recorded.

    Raises:
        RecordingError, SettingsError: as ``record``.
    """
    os.environ.update(profile_environment())
    with stop_on_signals() as stop:
        return record(arguments, stop)


def record(arguments: argparse.Namespace, stop: Event) -> int:
    """Records until ``stop`` or the duration's end.

    Raises:
        SettingsError: neither topics nor --all, or both.
        RecordingError: the bag cannot be written.
    """
    if bool(arguments.topics) == arguments.all:
        raise SettingsError("name the topics to record, or give --all for everything (not both)")
    import rclpy
    from rclpy.parameter import Parameter
    from rclpy.signals import SignalHandlerOptions

    from mobinet.recordings.bags import BagWriter

    path = arguments.output or Path(f"rosbag2_{datetime.now():%Y_%m_%d-%H_%M_%S}")
    with BagWriter(path, arguments.storage) as writer:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        sim_time = Parameter("use_sim_time", Parameter.Type.BOOL, arguments.use_sim_time)
        node = rclpy.create_node("mobinet_record", parameter_overrides=[sim_time], start_parameter_services=False)
        try:
            _record_until(stop, node, writer, arguments)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
    print(f"recorded {writer.message_count} messages in {writer.path}", flush=True)
    return 0 if writer.message_count else 1


def _record_until(stop: Event, node: Any, writer: Any, arguments: argparse.Namespace) -> None:
    from rclpy.executors import SingleThreadedExecutor

    from mobinet_ros.bags.recorder import BagRecorder, wait_for_clock

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    start_s = look_s = time.monotonic()
    with Progress(f"recording {writer.path.name}", arguments.duration) as progress:
        if arguments.use_sim_time:
            wait_for_clock(node, lambda: executor.spin_once(timeout_sec=0.1), CLOCK_TIMEOUT_S)
        recorder = BagRecorder(node, writer, arguments.topics, arguments.exclude, progress.say)
        while not stop.is_set():
            now_s = time.monotonic()
            if arguments.duration and now_s - start_s >= arguments.duration:
                break
            if now_s >= look_s:
                recorder.discover()
                look_s = now_s + DISCOVERY_PERIOD_S
                lost = f", {recorder.lost} lost" if recorder.lost else ""
                size = f"{writer.message_count} messages, {writer.byte_count / 1e6:.1f} MB"
                progress.show(now_s - start_s, f"{len(recorder.topics)} topics, {size}{lost}")
            executor.spin_once(timeout_sec=0.05)
            if recorder.error is not None:
                raise recorder.error
        executor.shutdown()
        _report(recorder, progress)


def _report(recorder: Any, progress: Any) -> None:
    for name, topic in sorted(recorder.topics.items()):
        lost = f", {topic.lost} lost before they reached the recorder" if topic.lost else ""
        progress.say(f"  {name}: {topic.count} messages{lost}")
    for name in recorder.missing():
        progress.say(f"warning: nobody published {name}; check the name ('mobinet doctor' lists what there is)")
