"""``mobinet play BAG``: publishes what a bag recorded."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from mobinet.errors import SettingsError
from mobinet.progress import Progress
from mobinet_ros.fastdds import profile_environment
from mobinet_ros.stop_signals import stop_on_signals

if TYPE_CHECKING:
    from mobinet.recordings.bags import BagReader
    from mobinet_ros.bags.lockstep import ResultWaiter
    from mobinet_ros.bags.player import BagPlayer, PlayOptions

CLOCK_HZ = 40.0
DELAY_S = 5.0


def register(subparsers: Any) -> None:
    """Adds ``mobinet play``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "play", help="publish the messages of a bag", description=__doc__
    )
    parser.add_argument("bag", type=Path, help="rosbag2 folder, .mcap or .db3 file")
    parser.add_argument("--topics", nargs="+", default=[], metavar="NAME", help="only these, e.g. '/r1/*'")
    parser.add_argument("--remap", "-m", nargs="+", default=[], metavar="OLD:=NEW", help="publish under another name")
    parser.add_argument("--rate", "-r", type=float, metavar="R", help="times as fast as recorded (default: 1)")
    parser.add_argument("--loop", "-l", action="store_true", help="again and again; time jumps back at each start")
    parser.add_argument(
        "--clock", nargs="?", type=float, const=CLOCK_HZ, default=0.0, metavar="HZ",
        help=f"publish /clock, for nodes with use_sim_time (default: {CLOCK_HZ:g} Hz)",
    )  # fmt: skip
    parser.add_argument("--start-offset", type=float, default=0.0, metavar="S", help="leave out the first S seconds")
    parser.add_argument("--duration", type=float, default=0.0, metavar="S", help="end after S seconds of the bag")
    parser.add_argument(
        "--delay", type=float, default=DELAY_S, metavar="S", help="wait so long for subscribers at most (default: 5)"
    )
    parser.add_argument(
        "--lockstep", action="store_true",
        help="wait for the results of each stamp before the next, so that two replays are identical; sets /clock",
    )  # fmt: skip
    parser.add_argument(
        "--wait-for",
        nargs="+",
        default=[],
        metavar="TOPIC",
        help="results of --lockstep (default: tracks, appearances)",
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="for one step of --lockstep")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet play``; returns the exit status: 0, or 1 when messages or results were lost.

    Raises:
        RecordingError, SettingsError: as ``play``.
    """
    os.environ.update(profile_environment())
    with stop_on_signals() as stop:
        return play(arguments, stop)


def play(arguments: argparse.Namespace, stop: Event) -> int:
    """Plays until the bag's end or ``stop``.

    Raises:
        RecordingError: the bag cannot be read or played; of a damaged one, after all that can be read was played.
        SettingsError: an option makes no sense.
    """
    options = options_from(arguments)
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from mobinet.recordings.bags import BagReader

    with BagReader(arguments.bag) as bag:
        if bag.warning:
            print(f"warning: {bag.warning}", file=sys.stderr)
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node("mobinet_play")
        try:
            if arguments.lockstep:
                return _play_in_lockstep(node, bag, options, arguments, stop)
            return _play_in_time(node, bag, options, stop)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()


def options_from(arguments: argparse.Namespace) -> PlayOptions:
    """Checks the command line; raises SettingsError naming the option."""
    from mobinet_ros.bags.player import PlayOptions

    rate = 1.0 if arguments.rate is None else arguments.rate
    for name, value, least in (
        ("--rate", rate, 1e-6),
        ("--clock", arguments.clock, 0.0),
        ("--start-offset", arguments.start_offset, 0.0),
        ("--duration", arguments.duration, 0.0),
        ("--delay", arguments.delay, 0.0),
        ("--timeout", arguments.timeout, 0.0),
    ):
        if not least <= value < 1e9:
            raise SettingsError(f"{name}: {value} is out of range, expected {'above' if least else 'at least'} 0")
    if arguments.lockstep and arguments.rate is not None:
        raise SettingsError("--lockstep goes as fast as the results come: leave out --rate")
    if arguments.wait_for and not arguments.lockstep:
        raise SettingsError("--wait-for belongs to --lockstep: add it")
    remap = {}
    for rule in arguments.remap:
        old, mark, new = rule.partition(":=")
        if not (mark and old.startswith("/") and new.startswith("/")):
            raise SettingsError(f"--remap: expected /OLD:=/NEW with full names, got '{rule}'")
        remap[old] = new
    return PlayOptions(
        tuple(arguments.topics),
        remap,
        rate,
        CLOCK_HZ if arguments.lockstep else arguments.clock,
        arguments.start_offset,
        arguments.duration,
        arguments.loop,
        arguments.delay,
    )


def _play_in_time(node: Any, bag: BagReader, options: PlayOptions, stop: Event) -> int:
    from mobinet_ros.bags.player import BagPlayer

    player = BagPlayer(node, bag, options, stop)
    with Progress(f"playing {bag.path.name}", (player.end_ns - player.start_ns) * 1e-9) as progress:
        for warning in player.warnings:
            progress.say(f"warning: {warning}")
        player.wait_for_subscribers()
        try:
            while not stop.is_set():
                player.play_once(lambda done_s: progress.show(done_s, f"{player.published} messages"))
                if not options.loop:
                    break
        finally:
            player.wait_for_acknowledgements()
            progress.say(_summary(player))
    return 1 if player.lost else 0


def _play_in_lockstep(
    node: Any, bag: BagReader, options: PlayOptions, arguments: argparse.Namespace, stop: Event
) -> int:
    from mobinet_ros.bags.lockstep import ResultWaiter, answered_live, find_results, live_results, steps
    from mobinet_ros.bags.message_types import starts_with_header
    from mobinet_ros.bags.player import BagPlayer

    remapped = {(options.remap or {}).get(name, name): topic.type_name for name, topic in bag.topics.items()}
    inputs = {name: kind for name, kind in remapped.items() if name not in arguments.wait_for}
    results = find_results(node, inputs, arguments.wait_for, stop)
    live = answered_live(node, remapped)
    player = BagPlayer(node, bag, options, stop, leave_out=live)
    played = {player.published_name(name): bag.topics[name].type_name for name in player.classes}
    waiter = ResultWaiter(node, played, results, arguments.timeout, stop)
    with_header = {name: starts_with_header(kind) for name, kind in player.classes.items()}
    with Progress(f"lockstep {bag.path.name}", (player.end_ns - player.start_ns) * 1e-9) as progress:
        for warning in player.warnings:
            progress.say(f"warning: {warning}")
        if live:
            progress.say(f"not played, the graph publishes them: {', '.join(live)}")
        progress.say(f"waiting for each stamp's {', '.join(results)}")
        player.wait_for_subscribers()
        waiter.check_inputs(player.subscriber_counts())
        try:
            while not stop.is_set():
                for step in steps(player.messages(), with_header):
                    if stop.is_set():
                        break
                    player.publish_clock(max(message.stamp_ns for message in step.messages))
                    for message in step.messages:
                        player.publish(message)
                    waiter.wait(step.stamp_ns, {player.published_name(message.topic) for message in step.messages})
                    progress.show((step.messages[-1].stamp_ns - player.start_ns) * 1e-9, f"{waiter.steps} stamps")
                if not options.loop:
                    break
        finally:
            waiter.close()
            progress.say(_summary(player))
            progress.say(f"lockstep: {waiter.steps} stamps, {waiter.results} results, {len(waiter.missing)} missing")
    _explain_missing(waiter)
    late = [] if arguments.wait_for else [name for name in live_results(node, played) if name not in results]
    if late:
        print(
            f"  {', '.join(late)} appeared after the start and was not waited for: play again now that all nodes are "
            "up, or name the results with --wait-for",
            file=sys.stderr,
        )
    return 1 if waiter.missing or player.lost or late else 0


def _summary(player: BagPlayer) -> str:
    lost = f", {player.lost} refused by the middleware: play slower or enlarge its history" if player.lost else ""
    return f"played {player.published} messages on {len(player.classes)} topics{lost}"


def _explain_missing(waiter: ResultWaiter) -> None:
    for line in waiter.missing[:10]:
        print(f"  no {line}", file=sys.stderr)
    if waiter.missing:
        print(
            "  replays with missing results may differ: 'mobinet doctor' says why they do not come; or raise --timeout",
            file=sys.stderr,
        )
