"""Replays that come out the same: the next image is published only when the results of the last one are there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from mobinet.errors import RecordingError
from mobinet.recordings.bags import BagMessage
from mobinet_ros.bags.message_types import header_stamp_ns, load_type, starts_with_header

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
INPUT_TYPES = (*IMAGE_TYPES, "event_camera_msgs/msg/EventPacket", "vision_msgs/msg/Detection2DArray")
"""What a camera's results are made from."""
RESULTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tracks": ("mobinet_ros/msg/TrackArray", INPUT_TYPES),
    "appearances": ("mobinet_ros/msg/AppearanceArray", IMAGE_TYPES),
}
"""What is waited for unless told otherwise: last part of the name, type, types of the inputs."""

DISCOVERY_S = 15.0
SETTLE_S = 1.0
# what announces a process may get lost on a busy machine; Fast DDS repeats it after 3 s
SETTLE_OF_UNNAMED_S = 3.5


@dataclass
class Step:
    """The messages of one stamp.

    Args:
        stamp_ns: in their headers; ``None`` when none of them has one.
        messages: in the order of the bag.
    """

    stamp_ns: int | None
    messages: list[BagMessage] = field(default_factory=list)


def steps(messages: Iterable[BagMessage], with_header: Mapping[str, bool]) -> Iterator[Step]:
    """Cuts a bag where the stamp in the headers changes; messages without header stay with those before them.

    Args:
        messages: in the order of the bag.
        with_header: of each topic, whether its messages begin with a header.
    """
    step = Step(None)
    for message in messages:
        stamp_ns = header_stamp_ns(message.cdr) if with_header[message.topic] else None
        if stamp_ns is not None:
            new = stamp_ns != step.stamp_ns
        else:
            new = step.stamp_ns is None and bool(step.messages) and step.messages[-1].stamp_ns != message.stamp_ns
        if new and step.messages:
            yield step
            step = Step(stamp_ns)
        step.stamp_ns = step.stamp_ns if stamp_ns is None else stamp_ns
        step.messages.append(message)
    if step.messages:
        yield step


def inputs_of(result: str, played: Mapping[str, str]) -> list[str]:
    """The played topics (name to type) that a result is made from: images and the like in its namespace."""
    namespace, _, leaf = result.rpartition("/")
    _, inputs = RESULTS.get(leaf, ("", INPUT_TYPES))
    return [name for name, kind in played.items() if name.startswith(f"{namespace}/") and kind in inputs]


class ResultWaiter:
    """Waits until the live graph has answered each stamp.

    Args:
        node: for the subscriptions; spun only while waiting.
        played: published names and types.
        wanted: names of the results.
        timeout_s: for the results of one stamp.
        stop: ends waiting early.

    Raises:
        RecordingError: a result has no publisher, no header, or nothing that is played leads to it.
    """

    def __init__(
        self, node: Node, played: Mapping[str, str], wanted: Sequence[str], timeout_s: float, stop: Event
    ) -> None:
        self.steps = 0
        self.results = 0
        self.missing: list[str] = []
        self._stop = stop
        self._timeout_s = timeout_s
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._seen: dict[str, set[int]] = {name: set() for name in wanted}
        self._inputs = {name: inputs_of(name, played) for name in wanted}
        for name, inputs in self._inputs.items():
            if not inputs:
                raise RecordingError(
                    f"--wait-for {name}: no images, events or detections below '{name.rsplit('/', 1)[0]}/' are "
                    "played, but " + ", ".join(sorted(played))
                )
        self._subscriptions = [self._subscribe(node, name) for name in wanted]

    def check_inputs(self, subscribers: Mapping[str, int]) -> None:
        """Raises RecordingError for a result of whose inputs nobody takes any; ``subscribers`` counts each one's."""
        for name, inputs in self._inputs.items():
            if not any(subscribers.get(each) for each in inputs):
                raise RecordingError(
                    f"lockstep: nobody subscribes to {' or '.join(inputs)}, so no {name} can come; check that the "
                    "nodes are active and use these names ('mobinet doctor')"
                )

    def wait(self, stamp_ns: int | None, published: Collection[str]) -> None:
        """Returns when what was ``published`` (names) at the stamp is answered; notes in ``missing`` what is not."""
        awaited = [name for name, inputs in self._inputs.items() if not set(inputs).isdisjoint(published)]
        if stamp_ns is None or not awaited:
            return
        end_s = time.monotonic() + self._timeout_s
        late = awaited
        while late and time.monotonic() < end_s and not self._stop.is_set():
            self._executor.spin_once(timeout_sec=0.05)
            late = [name for name in awaited if stamp_ns not in self._seen[name]]
        if self._stop.is_set():
            return
        self.steps += 1
        self.results += len(awaited) - len(late)
        self.missing += [f"{name} at {stamp_ns * 1e-9:.9f}" for name in late]
        for seen in self._seen.values():
            seen.clear()

    def close(self) -> None:
        self._executor.shutdown()

    def _subscribe(self, node: Node, name: str) -> Any:
        kinds = sorted({info.topic_type for info in node.get_publishers_info_by_topic(name)})
        if not kinds:
            raise RecordingError(f"--wait-for {name}: nobody publishes it; start the rig first or correct the name")
        message_class = load_type(kinds[0])
        if not starts_with_header(message_class):
            raise RecordingError(f"--wait-for {name}: {kinds[0]} has no header, so its stamp cannot be told")
        seen = self._seen[name]
        offers = node.get_publishers_info_by_topic(name)
        reliable = all(info.qos_profile.reliability == ReliabilityPolicy.RELIABLE for info in offers)
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=100,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        )
        return node.create_subscription(
            message_class, name, lambda cdr: seen.add(header_stamp_ns(cdr)), profile, raw=True
        )


def live_results(node: Node, played: Mapping[str, str]) -> list[str]:
    """The ``tracks`` and ``appearances`` that somebody publishes for a camera that is played."""
    return sorted(
        name
        for name, kinds in node.get_topic_names_and_types()
        if RESULTS.get(name.rpartition("/")[2], ("",))[0] in kinds
        and inputs_of(name, played)
        and node.count_publishers(name) > 0
    )


def answered_live(node: Node, names: Collection[str]) -> list[str]:
    """The names that a node publishes already: they are results of this run, and those of the bag would mix with them.

    Transforms are shared by many publishers and stay.
    """
    return [name for name in names if node.count_publishers(name) and not name.endswith(("/tf", "/tf_static"))]


def find_results(node: Node, played: Mapping[str, str], wanted: Sequence[str], stop: Event) -> list[str]:
    """Waits until the results to wait for have publishers and the graph has been quiet for a moment.

    Raises:
        RecordingError: none came up in time.
    """
    end_s = time.monotonic() + DISCOVERY_S
    found: list[str] = []
    since_s = time.monotonic()
    settle_s = SETTLE_S if wanted else SETTLE_OF_UNNAMED_S
    while not stop.is_set():
        now_s = time.monotonic()
        current = [name for name in wanted if node.count_publishers(name)] if wanted else live_results(node, played)
        if current != found:
            found, since_s = current, now_s
        complete = len(found) == len(wanted) if wanted else bool(found)
        if complete and now_s - since_s >= settle_s:
            return found
        if now_s > end_s:
            missing = (
                ", ".join(name for name in wanted if name not in found)
                or "the tracks or appearances of a played camera"
            )
            raise RecordingError(
                f"lockstep: after {DISCOVERY_S:g} s nobody publishes {missing}; start the rig before, in the same "
                "ROS_DOMAIN_ID, or name other results with --wait-for"
            )
        stop.wait(0.1)
    return found
