"""All nodes of a process follow one subscription of the clock, each by its own ``use_sim_time``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from mobinet_ros.shared_clock import share_clock

WORLD_S = 1000


def sim_time(value: bool) -> Parameter:
    return Parameter("use_sim_time", Parameter.Type.BOOL, value)


class Process:
    """Two nodes on simulated time, one on the machine's and one whose clock is remapped."""

    def __init__(self, context: rclpy.Context) -> None:
        common: dict[str, Any] = {"context": context, "use_global_arguments": False}
        remap = ["--ros-args", "-r", "/clock:=/own/clock"]
        self.nodes = {
            "first": Node("first", parameter_overrides=[sim_time(True)], **common),
            "second": Node("second", parameter_overrides=[sim_time(True)], **common),
            "wall": Node("wall", **common),
            "own": Node("own", parameter_overrides=[sim_time(True)], cli_args=remap, **common),
        }
        self.master = Node("master", **common)
        self._publishers = {name: self.master.create_publisher(Clock, name, 1) for name in ("/clock", "/own/clock")}
        self._executor = SingleThreadedExecutor(context=context)
        for node in self.nodes.values():
            self._executor.add_node(node)

    def listeners(self) -> int:
        return sum(sub.topic_name == "/clock" for node in self.nodes.values() for sub in node.subscriptions)

    def now_s(self, name: str) -> float:
        return float(self.nodes[name].get_clock().now().nanoseconds / 1e9)

    def tick(self, topic: str, seconds: int, reached: str) -> None:
        """Tells the time until a node has heard it; the middleware may still be discovering."""
        for _ in range(200):
            msg = Clock()
            msg.clock.sec = seconds
            self._publishers[topic].publish(msg)
            self._executor.spin_once(timeout_sec=0.05)
            if self.now_s(reached) == seconds:
                return
        raise AssertionError(f"{reached} is at {self.now_s(reached)}")


@pytest.fixture
def process(domain: int) -> Iterator[Process]:
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    made = Process(context)
    share_clock(list(made.nodes.values()))
    yield made
    for node in (*made.nodes.values(), made.master):
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_one_subscription_tells_the_time_to_all_that_follow_it(process: Process) -> None:
    assert process.listeners() == 1
    process.tick("/clock", WORLD_S, reached="second")
    assert process.now_s("first") == WORLD_S
    assert process.now_s("wall") > 1e9


def test_a_remapped_clock_is_another_one(process: Process) -> None:
    process.tick("/own/clock", 7, reached="own")
    process.tick("/clock", WORLD_S, reached="first")
    assert process.now_s("own") == 7


def test_use_sim_time_can_be_switched_while_running(process: Process) -> None:
    process.tick("/clock", WORLD_S, reached="first")
    process.nodes["first"].set_parameters([sim_time(False)])
    process.nodes["wall"].set_parameters([sim_time(True)])
    assert process.now_s("first") > 1e9
    process.tick("/clock", WORLD_S + 1, reached="wall")
    process.nodes["first"].set_parameters([sim_time(True)])
    assert process.now_s("first") == WORLD_S + 1


def test_nodes_on_the_machine_s_time_listen_to_nothing_until_one_is_switched(domain: int) -> None:
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    nodes = [Node(name, context=context, use_global_arguments=False) for name in ("a", "b")]
    share_clock(nodes)
    clocks = lambda: [sub for node in nodes for sub in node.subscriptions if sub.topic_name == "/clock"]  # noqa: E731
    assert not clocks()
    nodes[1].set_parameters([sim_time(True)])
    assert len(clocks()) == 1
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)
