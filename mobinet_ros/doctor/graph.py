"""Watches the live graph through one node of its own and takes a snapshot of it."""

from __future__ import annotations

import os
import time
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node as RosNode
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from mobinet_ros.doctor.endpoints import endpoint, full_name, hash_text, is_same_host
from mobinet_ros.doctor.feeds import Feeds
from mobinet_ros.doctor.listening import StreamListener, has_header, message_class
from mobinet_ros.doctor.machine import read_machine
from mobinet_ros.doctor.questions import NodeAnswers, Questions, is_missing_file, is_model
from mobinet_ros.doctor.snapshot import COMPRESSED_TYPE, IMAGE_TYPE, TF_TYPE, Node, Snapshot, Topic

# Fast DDS announces a participant at once, and again after 3 s where that was lost
DISCOVERY_S = 6.0
SETTLED_S = 1.5
HEARING_S = 1.0
PATIENCE_S = 2.0
LOOK_S = 0.2
OWN_NAME = "_mobinet_doctor"
IGNORED_TOPICS = ("/rosout", "/parameter_events")


def take_snapshot(seconds: float, map_frame: str = "map") -> Snapshot:
    """Discovers until the graph is complete (6 s at most), listens for ``seconds``, and says what there was."""
    context = Context()
    rclpy.init(args=[], context=context)
    watcher = GraphWatcher(context)
    try:
        watcher.discover()
        watcher.listen(seconds)
        return watcher.snapshot(seconds, map_frame)
    finally:
        watcher.close()
        rclpy.try_shutdown(context=context)


class GraphWatcher:
    """Subscribes to what is published while it spins, and asks the nodes it sees."""

    def __init__(self, context: Context) -> None:
        self._node = RosNode(
            f"{OWN_NAME}_{os.getpid()}",
            context=context,
            enable_rosout=False,
            start_parameter_services=False,
            use_global_arguments=False,
        )
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._questions = Questions(self._node)
        self._answers = NodeAnswers(self._questions)
        self._feeds = Feeds()
        self._listeners: dict[str, StreamListener] = {}
        self._since: dict[str, float] = {}
        self._seen: set[str] = set()
        self._unknown_types: set[str] = set()

    def discover(self) -> None:
        """Spins until there are nodes and nothing was added for a while."""
        start = changed = time.monotonic()
        extent = (0, 0)
        while (now := time.monotonic()) < start + DISCOVERY_S and (extent[0] == 0 or now < changed + SETTLED_S):
            self._spin(LOOK_S)
            seen = (len(self._node_names()), len(self._node.get_topic_names_and_types()))
            if seen != extent:
                extent, changed = seen, time.monotonic()

    def listen(self, seconds: float) -> None:
        """Spins for so long; up to two seconds longer where nodes owe an answer or a topic was found just now."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until or (now < until + PATIENCE_S and self._is_waiting(now)):
            self._spin(LOOK_S)

    def _is_waiting(self, now: float) -> bool:
        return self._questions.open or now < max(self._since.values(), default=0.0) + HEARING_S

    def _spin(self, seconds: float) -> None:
        self._look()
        self._questions.send()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._executor.spin_once(timeout_sec=seconds / 4)

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()

    # looking

    def _look(self) -> None:
        services = dict(self._node.get_service_names_and_types())
        for name in set(self._node_names()):
            self._answers.ask(name, services)
        for name, kinds in self._node.get_topic_names_and_types():
            ignored = name in IGNORED_TOPICS or topic_or_service_is_hidden(name)
            if name not in self._seen and not ignored and len(kinds) == 1:
                self._listen(name, kinds[0])

    def _node_names(self) -> list[str]:
        pairs = self._node.get_node_names_and_namespaces()
        return [full_name(space, name) for name, space in pairs if not name.startswith("_")]

    def _listen(self, name: str, kind: str) -> None:
        publishers = self._node.get_publishers_info_by_topic(name)
        listeners = [e for e in self._node.get_subscriptions_info_by_topic(name) if _is_foreign(e)]
        if not publishers or not _is_worth_hearing(name, kind, bool(listeners)):
            return
        self._seen.add(name)
        cls = message_class(kind)
        if cls is None:
            self._unknown_types.add(kind)
            return
        take, qos = self._feeds.receiver(name, kind), _fitting_qos(kind, publishers)
        if take is not None:
            self._node.create_subscription(cls, name, take, qos)
        elif has_header(cls):
            self._listeners[name] = StreamListener(kind, cls, self._feeds.clock_times)
            self._since[name] = time.monotonic()
            self._node.create_subscription(cls, name, self._listeners[name].receive, qos, raw=True)

    # the result

    def snapshot(self, seconds: float, map_frame: str) -> Snapshot:
        """What was seen until now."""
        own_hashes: dict[str, str] = {}
        hosts: dict[str, bool | None] = {}
        seen = (self._topic(name, own_hashes, hosts) for name in self._topic_names())
        topics = tuple(topic for topic in seen if topic.endpoints)
        # what appeared after that had too little time to speak
        late = time.monotonic() - HEARING_S
        streams = {
            name: listener.stream()
            for name, listener in self._listeners.items()
            if listener.count or self._since[name] < late
        }
        return Snapshot(
            seconds=seconds,
            map_frame=map_frame,
            nodes=tuple(self._known(name, hosts.get(name)) for name in sorted(self._node_names())),
            topics=topics,
            streams=streams,
            own_hashes=own_hashes,
            unknown_types=tuple(sorted(self._unknown_types)),
            links=self._feeds.links,
            clocks=dict(self._feeds.clocks),
            diagnostics=self._feeds.diagnostics,
            machine=read_machine(),
        )

    def _topic_names(self) -> list[str]:
        names = (name for name, _ in self._node.get_topic_names_and_types())
        return sorted(name for name in names if not topic_or_service_is_hidden(name))

    def _topic(self, name: str, own_hashes: dict[str, str], hosts: dict[str, bool | None]) -> Topic:
        """The topic's endpoints; notes on the way this machine's type hash and who runs on this machine."""
        publishers = self._node.get_publishers_info_by_topic(name)
        subscriptions = self._node.get_subscriptions_info_by_topic(name)
        own = next((e for e in (*publishers, *subscriptions) if e.node_name == self._node.get_name()), None)
        if own is not None:
            own_hashes[name] = hash_text(own)
            for info in (*publishers, *subscriptions):
                hosts[full_name(info.node_namespace, info.node_name)] = is_same_host(own, info)
        return Topic(
            name,
            tuple(endpoint(e) for e in publishers if _is_foreign(e)),
            tuple(endpoint(e) for e in subscriptions if _is_foreign(e)),
        )

    def _known(self, name: str, same_host: bool | None) -> Node:
        parameters = self._answers.parameters.get(name, {})
        models = {key: value for key, value in parameters.items() if is_model(key) and isinstance(value, str)}
        return Node(
            name=name,
            use_sim_time=parameters.get("use_sim_time"),
            lifecycle=self._answers.lifecycle.get(name),
            models=models,
            missing_models=tuple(key for key, value in models.items() if is_missing_file(value)),
            same_host=same_host,
        )


def _is_foreign(info: Any) -> bool:
    """Whether an endpoint is not a doctor's, this one's or another's."""
    return not info.node_name.startswith(OWN_NAME)


def _is_worth_hearing(name: str, kind: str, has_listeners: bool) -> bool:
    """Not the images that are only made when somebody looks: listening would set off the work."""
    if kind == COMPRESSED_TYPE:
        return has_listeners
    return kind != IMAGE_TYPE or has_listeners or name.endswith("image_raw")


def _fitting_qos(kind: str, publishers: list[Any]) -> QoSProfile:
    """The strongest that every publisher satisfies; old messages are wanted of tf only, elsewhere they look stale."""
    reliable = all(p.qos_profile.reliability == ReliabilityPolicy.RELIABLE for p in publishers)
    latched = all(p.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers)
    return QoSProfile(
        depth=100 if kind == TF_TYPE else 5,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched and kind == TF_TYPE else DurabilityPolicy.VOLATILE,
    )
