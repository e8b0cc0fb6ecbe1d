"""Nodes that look on from inside a command, spun in the background while the command does its own work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from mobinet_ros.shared_clock import share_clock


@contextmanager
def observing(factories: Sequence[Callable[[], Node]]) -> Iterator[list[Node]]:
    """The nodes that the factories make, spun by a thread until the context is left. Signals stay the command's own."""
    if not factories:
        yield []
        return
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()
    nodes: list[Node] = []
    thread = threading.Thread(target=_spin, args=(executor,), name="observing", daemon=True)
    try:
        for factory in factories:
            nodes.append(factory())
            executor.add_node(nodes[-1])
        share_clock(nodes)
        thread.start()
        yield nodes
    finally:
        executor.shutdown(timeout_sec=2.0)
        if thread.is_alive():
            thread.join(timeout=2.0)
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()


def _spin(executor: SingleThreadedExecutor) -> None:
    with suppress(ExternalShutdownException):
        executor.spin()
