"""``mobinet follow``: lets a camera follow one object, and tells what becomes of it until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import time
from threading import Event
from typing import Any

from mobinet.errors import SettingsError
from mobinet_ros.stop_signals import stop_on_signals

WAIT_S = 10.0
TELL_EVERY_S = 1.0


def register(subparsers: Any) -> None:
    """Adds ``mobinet follow``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "follow",
        help="follow one object with a camera",
        description=f"{__doc__} It asks the camera's target_tracker_node, whose page says more.",
        epilog="exit status: 0 followed until the time limit or Ctrl-C, 1 it ended otherwise, 2 no such node",
    )
    parser.add_argument("camera", help="ROBOT/CAMERA; ROBOT alone with --identity or --point: whichever camera sees it")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--track", metavar="ID", help="a track of the camera")
    choice.add_argument("--identity", metavar="ID", help="an identity that the robot knows")
    choice.add_argument("--box", nargs=4, type=float, metavar=("X1", "Y1", "X2", "Y2"), help="corners, pixels")
    choice.add_argument("--pixel", nargs=2, type=float, metavar=("X", "Y"), help="what is there in the newest image")
    choice.add_argument("--point", nargs=3, type=float, metavar=("X", "Y", "Z"), help="what stands there, metres")
    parser.add_argument("--frame", default="map", help="frame of --point (map)")
    parser.add_argument("--stamp", type=float, default=0.0, metavar="S", help="stamp of the image of --box or --pixel")
    parser.add_argument("--duration", type=float, default=0.0, metavar="S", help="end after S seconds, 0 never (never)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet follow``; returns the exit status.

    Raises:
        SettingsError: no such node, or the arguments do not fit each other.
    """
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    with stop_on_signals() as stop:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node("mobinet_follow", start_parameter_services=False)
        try:
            return _Following(node, arguments, stop).run()
        finally:
            node.destroy_node()
            rclpy.try_shutdown()


class _Following:
    """One goal, from finding the node to its result."""

    def __init__(self, node: Any, arguments: argparse.Namespace, stop: Event) -> None:
        from rclpy.executors import SingleThreadedExecutor

        self._node, self._arguments, self._stop = node, arguments, stop
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._told = ("", 0.0)

    def run(self) -> int:
        """Returns 0 or 1, see ``register``."""
        client, camera = self._find_node()
        sent = client.send_goal_async(make_goal(self._arguments, camera), self._tell)
        self._spin(sent.done)
        handle = sent.result()
        if handle is None or not handle.accepted:
            print("mobinet follow: the node is not active", file=sys.stderr)
            return 1
        ending = handle.get_result_async()
        self._spin(lambda: ending.done() or self._stop.is_set() or not client.server_is_ready())
        if not ending.done() and self._stop.is_set():
            handle.cancel_goal_async()
            self._spin(ending.done, WAIT_S)
        if not ending.done():
            print("mobinet follow: the node is gone", file=sys.stderr)
            return 1
        result = ending.result().result
        seconds = result.followed.sec + result.followed.nanosec / 1e9
        print(f"{result.message}; followed for {seconds:.1f} s, seen in {result.images_seen} of {result.images} images")
        return 0 if result.reason in (result.TIME_LIMIT, result.CANCELLED) else 1

    def _find_node(self) -> tuple[Any, str]:
        """A client of the action, and what the node calls the camera: it may serve the robot's cameras or this one."""
        from rclpy.action import ActionClient

        from mobinet_ros.action import TrackTarget
        from mobinet_ros.target_tracker_node import ACTION_NAME

        name = self._arguments.camera.strip("/")
        robot, _, camera = name.rpartition("/")
        places = [(f"/{name}/{ACTION_NAME}", "")] + ([(f"/{robot}/{ACTION_NAME}", camera)] if robot else [])
        clients = [(ActionClient(self._node, TrackTarget, action), own) for action, own in places]
        found: list[tuple[Any, str]] = []

        def look() -> bool:
            found.extend(one for one in clients if one[0].server_is_ready())
            return bool(found) or self._stop.is_set()

        self._spin(look, WAIT_S)
        if not found:
            actions = " or ".join(action for action, _ in places)
            raise SettingsError(
                f"no action {actions}: start a target_tracker_node there, in a rig by 'target: true'; 'mobinet doctor' "
                "says what runs"
            )
        return found[0]

    def _tell(self, message: Any) -> None:
        """A line when the state changes, and one a second."""
        from mobinet_ros.conversions import msg_to_target

        feedback, now = message.feedback, time.monotonic()
        target = msg_to_target(feedback.target)
        where = "" if target.box is None else " at " + ", ".join(f"{value:.0f}" for value in target.box)
        seconds = feedback.followed.sec + feedback.followed.nanosec / 1e9
        if target.state.name != self._told[0] or now - self._told[1] >= TELL_EVERY_S:
            self._told = (target.state.name, now)
            line = f"{seconds:7.1f} s {feedback.camera} {target.state.name} {100 * target.confidence:.0f} %{where}"
            print(line, flush=True)

    def _spin(self, condition: Any, limit_s: float = float("inf")) -> None:
        end = time.monotonic() + limit_s
        while not condition() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.1)


def make_goal(arguments: argparse.Namespace, camera: str) -> Any:
    """The goal that the arguments ask for."""
    import numpy as np

    from mobinet_ros.action import TrackTarget
    from mobinet_ros.conversions import array_to_point, box_to_msg, ns_to_duration, ns_to_stamp

    goal = TrackTarget.Goal(camera=camera, stamp=ns_to_stamp(round(arguments.stamp * 1e9)))
    goal.time_limit = ns_to_duration(round(arguments.duration * 1e9))
    if arguments.track is not None:
        goal.by, goal.id = goal.TRACK, arguments.track
    elif arguments.identity is not None:
        goal.by, goal.id = goal.IDENTITY, arguments.identity
    elif arguments.box is not None:
        goal.by, goal.box = goal.BOX, box_to_msg(np.array(arguments.box))
    elif arguments.pixel is not None:
        goal.by, goal.point = goal.POINT, array_to_point(np.array([*arguments.pixel, 0.0]))
    else:
        goal.by, goal.point, goal.point_frame = goal.POINT, array_to_point(np.array(arguments.point)), arguments.frame
    return goal
