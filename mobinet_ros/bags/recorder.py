"""Records topics of the live graph as they travel, without reading the messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from mobinet.errors import RecordingError
from mobinet.recordings.bags import BagWriter
from mobinet_ros.bags.message_types import full_definition, load_type, type_hash
from mobinet_ros.bags.qos import offer_of, profile_to_record

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # its name before Iron
    from rclpy.qos_event import SubscriptionEventCallbacks


@dataclass
class RecordedTopic:
    """A topic that is being recorded.

    Args:
        type_name: of its messages.
        profile: quality of service asked for.
        subscription: the live one.
        count, lost: messages written, and told lost by the middleware.
    """

    type_name: str
    profile: QoSProfile
    subscription: Any = None
    count: int = 0
    lost: int = 0
    warned: set[str] = field(default_factory=set)


class BagRecorder:
    """Subscribes to topics as they appear and writes what arrives.

    Args:
        node: for the subscriptions.
        writer: of the bag.
        patterns: of the topics to record (``/r1/*``); all when empty.
        exclude: patterns of topics to leave out.
        say: takes warnings.
    """

    def __init__(
        self,
        node: Node,
        writer: BagWriter,
        patterns: Sequence[str],
        exclude: Sequence[str],
        say: Callable[[str], None],
    ) -> None:
        self.topics: dict[str, RecordedTopic] = {}
        self.error: RecordingError | None = None
        self._node = node
        self._writer = writer
        self._patterns = patterns
        self._exclude = exclude
        self._say = say
        self._refused: set[str] = set()

    @property
    def lost(self) -> int:
        """Messages that the middleware dropped before they reached the recorder."""
        return sum(topic.lost for topic in self.topics.values())

    def missing(self) -> list[str]:
        """Names asked for that nobody has published."""
        plain = [pattern for pattern in self._patterns if not set(pattern) & set("*?[")]
        return [name for name in plain if name not in self.topics and name not in self._refused]

    def discover(self) -> None:
        """Looks at the graph: subscribes to new topics, and anew where a publisher came whose offer does not match."""
        for name, kinds in self._node.get_topic_names_and_types():
            if name in self._refused or not self._is_wanted(name):
                continue
            # without a publisher the quality of service is not known yet
            offers = self._node.get_publishers_info_by_topic(name)
            if not offers:
                continue
            try:
                self._follow(name, kinds, offers)
            except RecordingError as error:
                self._refused.add(name)
                self._say(f"warning: topic {name} is not recorded: {error}")

    def _follow(self, name: str, kinds: Sequence[str], offers: Sequence[TopicEndpointInfo]) -> None:
        if len(kinds) > 1:
            raise RecordingError(
                f"it has several types, {', '.join(kinds)}; correct the node that publishes the wrong one"
            )
        profile = profile_to_record([offer_of(info.qos_profile) for info in offers])
        topic = self.topics.get(name)
        if topic is None:
            self._announce(name, kinds[0], offers)
            topic = self.topics[name] = RecordedTopic(kinds[0], profile)
            topic.subscription = self._subscribe(name, topic)
        elif _is_weaker(profile, topic.profile):
            topic.profile = profile
            self._node.destroy_subscription(topic.subscription)
            topic.subscription = self._subscribe(name, topic)
        self._warn_of_other_hashes(name, topic, offers)

    def _announce(self, name: str, type_name: str, offers: Sequence[TopicEndpointInfo]) -> None:
        hashes = [text for text in map(_hash_text, offers) if text]
        self._writer.add_topic(
            name,
            type_name,
            full_definition(type_name),
            type_hash(type_name) or (hashes[0] if hashes else ""),
            [offer_of(info.qos_profile) for info in offers],
        )

    def _subscribe(self, name: str, topic: RecordedTopic) -> Any:
        def write(cdr: bytes) -> None:
            if self.error is not None:
                return
            try:
                self._writer.write(name, self._node.get_clock().now().nanoseconds, cdr)
            except RecordingError as error:  # raised where the main loop sees it, not inside the executor
                self.error = error
            else:
                topic.count += 1

        def count_lost(status: Any) -> None:
            topic.lost += status.total_count_change

        events = SubscriptionEventCallbacks(message_lost=count_lost)
        return self._node.create_subscription(
            load_type(topic.type_name), name, write, topic.profile, raw=True, event_callbacks=events
        )

    def _warn_of_other_hashes(self, name: str, topic: RecordedTopic, offers: Sequence[TopicEndpointInfo]) -> None:
        own = type_hash(topic.type_name)
        for info in offers:
            other = _hash_text(info)
            if own and other and other != own and info.node_name not in topic.warned:
                topic.warned.add(info.node_name)
                publisher = f"{info.node_namespace.rstrip('/')}/{info.node_name}"
                self._say(
                    f"warning: {publisher} publishes {name} with another definition of {topic.type_name} than the one "
                    "installed here: nothing or garbage of it is recorded; build both with one version"
                )

    def _is_wanted(self, name: str) -> bool:
        if any(fnmatchcase(name, pattern) for pattern in self._exclude):
            return False
        # an action's feedback and status: recorded only by name, as ros2 bag does
        if topic_or_service_is_hidden(name):
            return name in self._patterns
        return not self._patterns or any(fnmatchcase(name, pattern) for pattern in self._patterns)


def wait_for_clock(node: Node, spin: Callable[[], None], timeout_s: float) -> None:
    """With simulated time, waits for /clock; raises RecordingError when nobody publishes it."""
    end_s = time.monotonic() + timeout_s
    while node.get_clock().now().nanoseconds == 0:
        if time.monotonic() > end_s:
            raise RecordingError(
                f"--use-sim-time: no /clock within {timeout_s:g} s; start its publisher or leave it out"
            )
        spin()


def _is_weaker(profile: QoSProfile, than: QoSProfile) -> bool:
    """Whether a subscription has to ask for less than it does, to match all publishers."""
    return (
        profile.reliability == ReliabilityPolicy.BEST_EFFORT and than.reliability == ReliabilityPolicy.RELIABLE
    ) or (profile.durability == DurabilityPolicy.VOLATILE and than.durability == DurabilityPolicy.TRANSIENT_LOCAL)


def _hash_text(info: TopicEndpointInfo) -> str:
    """``RIHS01_...`` of an endpoint, empty where the middleware does not tell it."""
    value = getattr(info, "topic_type_hash", None)  # since Iron
    if value is None or value.version <= 0:
        return ""
    return f"RIHS{value.version:02d}_{bytes(value.value).hex()}"
