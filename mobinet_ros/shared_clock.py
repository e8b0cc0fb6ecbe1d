"""One subscription of ``/clock`` for all nodes of a process.

rclpy gives every node its own, so a process with all nodes of a robot is woken ten times for each tick and takes each
message ten times. Here one node of the process listens, and tells the time to the time sources of all. A node's
``use_sim_time`` keeps its meaning, also when it is set at run time.
"""

from __future__ import annotations

from collections.abc import Sequence

from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.time_source import CLOCK_TOPIC, USE_SIM_TIME_NAME, TimeSource
from rosgraph_msgs.msg import Clock

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks


def share_clock(nodes: Sequence[Node]) -> None:
    """Lets one of the nodes listen to the clock for all whose ``/clock`` resolves to the same topic.

    Call it once, before the nodes are spun; they must all live until the spinning ends.
    """
    by_topic: dict[str, list[Node]] = {}
    for node in nodes:
        if _time_source(node) is not None:  # a release of rclpy without it: the node keeps its own subscription
            by_topic.setdefault(node.resolve_topic_name(CLOCK_TOPIC), []).append(node)
    for group in by_topic.values():
        if len(group) > 1:
            _SharedClock(group)


def _time_source(node: Node) -> TimeSource | None:
    return getattr(node, "_time_source", None)


class _SharedClock:
    """Kept alive by the nodes, whose parameter callbacks it holds."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._host = nodes[0]
        self._sources = [source for node in nodes if (source := _time_source(node)) is not None]
        self._subscription: Subscription | None = None
        for node, source in zip(nodes, self._sources, strict=True):
            # a detached source goes on following use_sim_time, and only subscribes nothing
            source.detach_node()
            node.add_on_set_parameters_callback(self._on_parameters)
        if any(source.ros_time_is_active for source in self._sources):
            self._subscribe()

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        if any(parameter.name == USE_SIM_TIME_NAME and parameter.value is True for parameter in parameters):
            self._subscribe()
        return SetParametersResult(successful=True)

    def _subscribe(self) -> None:
        """Once and for good: without anybody on simulated time it costs nothing, for nobody publishes a clock then."""
        if self._subscription is None:
            self._subscription = self._host.create_subscription(
                Clock,
                CLOCK_TOPIC,
                self._on_clock,
                QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
                # with the default ones every tick also wakes whoever waits for the subscription's events
                event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
                callback_group=ReentrantCallbackGroup(),
            )

    def _on_clock(self, msg: Clock) -> None:
        for source in self._sources:
            source.clock_callback(msg)
