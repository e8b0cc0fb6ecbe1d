"""The detector of events over the real middleware: what it finds, what it says of silence and of bad packets."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from mobinet_ros import topics
from mobinet_ros.conversions import detection_msg_to_box, stamp_to_ns
from test.ros.event_cameras import MS, packet_msg, square_events

SIZE = 128, 96
FRAME = "r1/dvs_optical"
NODE = "/r1/event_detector_node"


class Camera:
    """A driver that sends a packet every 5 ms of its time, and keeps what the node answers."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        graph.start_node("event_detector_node", "/r1", cameras="[dvs]", **parameters)
        self._packets = graph.node.create_publisher(topics.EVENTS.type, "/r1/dvs/events", 100)
        self.found = graph.collect(topics.DETECTIONS.type, "/r1/dvs/detections", topics.DETECTIONS.qos)
        self.said = graph.said_by(NODE)
        self._at_ns, self._seq = 0, 0
        self.origin_ns = graph.node.get_clock().now().nanoseconds
        assert graph.spin_until(lambda: self._packets.get_subscription_count() > 0), graph.logs()

    def send(self, **changes: Any) -> None:
        """The next packet, of a square that moves to the right; ``changes`` are fields of the message."""
        start_ns, end_ns = self._at_ns, self._at_ns + 5 * MS
        left = 10 + self._at_ns // (20 * MS) % 80
        events = square_events(left, 40, start_ns, end_ns)
        msg = packet_msg(events, start_ns, self.origin_ns + start_ns, self._seq, SIZE, FRAME)
        for name, value in changes.items():
            setattr(msg, name, value)
        self._packets.publish(msg)
        self._at_ns, self._seq = end_ns, self._seq + 1

    def send_until(self, condition: Any) -> bool:
        return bool(self.graph.spin_until(lambda: self.send() or self.graph.spin_until(condition, 0.005)))


def test_what_moves_is_found_at_the_windows_end(graph: Any) -> None:
    camera = Camera(graph)
    assert camera.send_until(lambda: any(msg.detections for msg in camera.found)), graph.logs()
    msg = next(msg for msg in camera.found if msg.detections)
    assert msg.header.frame_id == FRAME
    # windows of 50 ms, the first of which begins with the first packet that came
    assert (stamp_to_ns(msg.header.stamp) - camera.origin_ns) % (5 * MS) < MS
    x1, y1, x2, y2 = detection_msg_to_box(msg.detections[0])
    assert x1 < 60 < x2 + 50
    assert y1 <= 48 <= y2


def test_silence_is_told_too(graph: Any) -> None:
    camera = Camera(graph)
    assert camera.send_until(lambda: any(msg.detections for msg in camera.found)), graph.logs()
    graph.spin_for(0.3)
    seen = len(camera.found)
    # nothing is sent any more, and what was there fades
    assert graph.spin_until(lambda: len(camera.found) > seen + 5 and not camera.found[-1].detections), graph.logs()
    stamps = [stamp_to_ns(msg.header.stamp) for msg in camera.found]
    assert stamps == sorted(stamps)


def test_labels_are_latched(graph: Any) -> None:
    Camera(graph)
    labels = graph.collect(topics.LABEL_INFO.type, "/r1/dvs/label_info", topics.LABEL_INFO.qos)
    assert graph.spin_until(lambda: bool(labels)), graph.logs()
    assert [entry.class_name for entry in labels[0].class_map] == [""]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoding": "evt9"}, "evt9"),
        ({"events": array("B", [0])}, "it was cut"),
        ({"width": 64, "height": 48}, "64 x 48"),
    ],
)
def test_bad_packets_are_said_and_cost_no_more(graph: Any, changes: dict[str, Any], says: str) -> None:
    camera = Camera(graph)
    assert camera.send_until(lambda: bool(camera.found)), graph.logs()
    camera.send(**changes)
    assert camera.send_until(lambda: any(says in text for text in camera.said())), graph.logs()
    seen = len(camera.found)
    assert camera.send_until(lambda: len(camera.found) > seen), graph.logs()
