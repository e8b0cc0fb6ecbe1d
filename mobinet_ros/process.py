"""Main of a process that holds nodes: makes them, spins them, ends cleanly on a signal."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import rclpy
from rclpy._rclpy_pybind11 import RCLError, UnknownROSArgsError
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from mobinet.errors import SettingsError
from mobinet_ros.executor import spin
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.shared_clock import share_clock
from mobinet_ros.stop_signals import stop_on_signals

LONGEST_END_S = 10


def run(node_class: Callable[[], StageNode]) -> int:
    """Runs one node with the process's own ROS arguments; see :func:`run_nodes`."""

    def make() -> Iterator[StageNode]:
        yield node_class()

    return run_nodes(make, sys.argv)


def run_nodes(make: Callable[[], Iterator[StageNode]], ros_arguments: Sequence[str]) -> int:
    """Runs the nodes that ``make`` yields until SIGINT, SIGTERM or SIGHUP.

    Returns:
        0; 1 when one of their threads broke down; 2 when a rig, a parameter or a ROS argument is wrong: printed in one
        line.
    """
    nodes: list[StageNode] = []
    try:
        # a signal sets a flag: an exception amid the middleware's calls would leave it in disorder
        rclpy.init(args=list(ros_arguments), signal_handler_options=SignalHandlerOptions.NO)
        with stop_on_signals() as stopping:
            broken = end_with_any_thread(stopping)
            nodes.extend(make())
            share_clock(nodes)
            # sinks first: what a camera sends before its readers listen is lost
            for node in reversed(nodes):
                node.start()
            # what is loaded stays: searching it for garbage again and again holds up images by tens of milliseconds
            gc.collect()
            gc.freeze()
            spin(nodes, stopping)
            return 1 if broken.is_set() else 0
    except (SettingsError, RCLError, UnknownROSArgsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        # Fast DDS now and then locks up while it takes its participant down, at the interpreter's very end: the kernel
        # ends the process then, for no Python code runs any more
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST_END_S)
        for node in nodes:
            node.guarded(node.close)
        rclpy.try_shutdown()
    return 0


def end_with_any_thread(stopping: threading.Event) -> threading.Event:
    """A thread that breaks down ends the process, to be started anew: a node without its thread only looks alive.

    Returns:
        Set when that happened.
    """
    broken = threading.Event()

    def hook(args: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(args)
        broken.set()
        stopping.set()

    threading.excepthook = hook
    return broken
