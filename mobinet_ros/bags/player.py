"""Publishes the messages of a bag at their pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Event
from typing import Any

from rclpy._rclpy_pybind11 import RCLError
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

from mobinet.errors import RecordingError
from mobinet.recordings.bags import BagMessage, BagReader, BagTopic
from mobinet_ros.bags.message_types import load_type, type_hash
from mobinet_ros.bags.qos import profile_to_play

CLOCK = "/clock"
ATTEMPTS = 5
RETRY_S = 0.02
ACKNOWLEDGE_S = 3.0
SETTLE_S = 1.0
GRACE_S = 0.2


@dataclass(frozen=True)
class PlayOptions:
    """What of a bag is played, and how.

    Args:
        topics: patterns (``/r1/*``) of the topics to play, all when empty.
        remap: recorded name to the name to publish.
        rate: times as fast as recorded.
        clock_hz: of /clock, 0 for none.
        start_offset_s: left out at the start.
        duration_s: of the bag's time to play, 0 for all.
        loop: again and again.
        delay_s: how long to wait for subscribers at most before the first message.
    """

    topics: tuple[str, ...] = ()
    remap: Mapping[str, str] | None = None
    rate: float = 1.0
    clock_hz: float = 0.0
    start_offset_s: float = 0.0
    duration_s: float = 0.0
    loop: bool = False
    delay_s: float = 5.0


class BagPlayer:
    """A publisher for each topic of a bag, and the clock that they follow.

    Args:
        node: that publishes.
        bag: to play.
        options: what of it.
        stop: ends it early.
        leave_out: names (as published) that something else publishes.

    Raises:
        RecordingError: nothing of the bag can be played.
    """

    def __init__(
        self, node: Node, bag: BagReader, options: PlayOptions, stop: Event, leave_out: Sequence[str] = ()
    ) -> None:
        self.warnings: list[str] = []
        self.published = 0
        self.lost = 0
        self._node = node
        self._bag = bag
        self._options = options
        self._stop = stop
        self.start_ns = bag.start_ns + round(options.start_offset_s * 1e9)
        end_ns = self.start_ns + round(options.duration_s * 1e9) if options.duration_s else bag.end_ns + 1
        self.end_ns = min(end_ns, bag.end_ns + 1)
        self._check_not_empty()
        self.classes: dict[str, Any] = {}
        self._publishers = self._make_publishers(leave_out)
        self._clock = node.create_publisher(Clock, CLOCK, 10) if options.clock_hz else None
        self._next_tick_s = 0.0

    def published_name(self, topic: str) -> str:
        """The name a recorded topic is published under."""
        return (self._options.remap or {}).get(topic, topic)

    def subscriber_counts(self) -> dict[str, int]:
        """Matched subscriptions of each published topic."""
        return {p.topic_name: p.get_subscription_count() for p in self._publishers.values()}

    def wait_for_subscribers(self) -> None:
        """Returns when every topic has a subscriber, when no more come, or after the delay: what is published before a
        subscriber is found is lost to it."""
        start_s = changed_s = time.monotonic()
        known = self.subscriber_counts()
        while time.monotonic() < start_s + self._options.delay_s and not self._stop.is_set():
            if all(known.values()) or (any(known.values()) and time.monotonic() > changed_s + SETTLE_S):
                # the other side may find us a little later than we find it
                self._stop.wait(GRACE_S)
                return
            self._stop.wait(0.05)
            current = self.subscriber_counts()
            if current != known:
                known, changed_s = current, time.monotonic()

    def messages(self) -> Iterator[BagMessage]:
        """What is played, in order; before it, what was latched before its start.

        Raises:
            RecordingError: after the last message, when the bag is damaged.
        """
        names = list(self._publishers)
        latched = [name for name in names if _is_latched(self._bag.topics[name])]
        if latched and self.start_ns > self._bag.start_ns:
            for message in self._bag.messages(latched, stop_ns=self.start_ns):
                yield BagMessage(message.topic, message.type_name, self.start_ns, message.cdr)
        yield from self._bag.messages(names, self.start_ns, self.end_ns)

    def play_once(self, show: Callable[[float], None]) -> None:
        """Publishes everything at its time; ``show`` gets the seconds played."""
        begin_s = time.monotonic()
        self._next_tick_s = begin_s
        for message in self.messages():
            due_s = begin_s + (message.stamp_ns - self.start_ns) * 1e-9 / self._options.rate
            self._wait_until(due_s, begin_s)
            if self._stop.is_set():
                return
            self.publish(message)
            show((message.stamp_ns - self.start_ns) * 1e-9)

    def publish(self, message: BagMessage) -> None:
        """Publishes at once; a message that the middleware refuses again and again is counted as lost."""
        for _ in range(ATTEMPTS):
            try:
                self._publishers[message.topic].publish(message.cdr)
            except RCLError:
                self._stop.wait(RETRY_S)
            else:
                self.published += 1
                return
        self.lost += 1

    def publish_clock(self, time_ns: int) -> None:
        """Tells the graph what time it is in the bag; does nothing without --clock."""
        if self._clock is not None:
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(time_ns, 10**9)
            self._clock.publish(message)

    def wait_for_acknowledgements(self) -> None:
        """Keeps the publishers until reliable subscribers have everything."""
        end_s = time.monotonic() + ACKNOWLEDGE_S
        for publisher in self._publishers.values():
            if publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE:
                left_s = max(end_s - time.monotonic(), 0.0)
                publisher.wait_for_all_acked(Duration(seconds=left_s))

    def _wait_until(self, due_s: float, begin_s: float) -> None:
        while not self._stop.is_set():
            now_s = time.monotonic()
            if self._clock is not None and now_s >= self._next_tick_s:
                self.publish_clock(self.start_ns + round((now_s - begin_s) * self._options.rate * 1e9))
                self._next_tick_s = max(self._next_tick_s + 1 / self._options.clock_hz, now_s)
            if now_s >= due_s:
                return
            wake_s = min(due_s, self._next_tick_s) if self._clock is not None else due_s
            self._stop.wait(max(wake_s - now_s, 0.0))

    def _check_not_empty(self) -> None:
        if self._bag.message_count == 0:
            raise RecordingError(f"bag '{self._bag.path}' holds no messages; record it again")
        if self.start_ns >= self.end_ns:
            raise RecordingError(
                f"--start-offset {self._options.start_offset_s:g} s is past the end of the bag, which is "
                f"{self._bag.duration_ns * 1e-9:.3f} s long"
            )

    def _make_publishers(self, leave_out: Sequence[str]) -> dict[str, Any]:
        publishers = {}
        for topic in self._bag.topics.values():
            name = self.published_name(topic.name)
            if not self._is_wanted(topic.name) or name in leave_out or (name == CLOCK and self._options.clock_hz):
                continue
            try:
                message_class = load_type(topic.type_name)
                _check_version(topic)
            except RecordingError as error:
                self.warnings.append(f"topic {topic.name} is not played: {error}")
                continue
            self.classes[topic.name] = message_class
            publishers[topic.name] = self._node.create_publisher(message_class, name, profile_to_play(topic.qos))
        if not publishers:
            reasons = "; ".join(self.warnings) or f"no topic is wanted; it has {', '.join(sorted(self._bag.topics))}"
            raise RecordingError(f"nothing of bag '{self._bag.path}' can be played: {reasons}")
        return publishers

    def _is_wanted(self, topic: str) -> bool:
        return not self._options.topics or any(fnmatchcase(topic, pattern) for pattern in self._options.topics)


def _is_latched(topic: BagTopic) -> bool:
    return profile_to_play(topic.qos).durability == DurabilityPolicy.TRANSIENT_LOCAL


def _check_version(topic: BagTopic) -> None:
    """Raises RecordingError where the installed message is another than the recorded: it would be read as garbage."""
    installed = type_hash(topic.type_name)
    if topic.type_hash and installed and topic.type_hash != installed:
        raise RecordingError(
            f"{topic.type_name} was recorded with another definition than the installed one (type hash "
            f"{topic.type_hash[:15]}..., here {installed[:15]}...): install the version of "
            f"'{topic.type_name.split('/')[0]}' that it was recorded with"
        )
