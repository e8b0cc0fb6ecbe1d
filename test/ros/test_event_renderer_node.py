"""Pictures of events over the real middleware: what they show, whose stamps they have, and for whom they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from vision_msgs.msg import Detection2DArray

from mobinet_ros import topics
from mobinet_ros.conversions import make_header, stamp_to_ns
from mobinet_ros.image_conversions import msg_to_image
from test.ros.event_cameras import MS, packet_msg, square_events

SIZE = 64, 48
FRAME = "r1/dvs_optical"


class Camera:
    """A driver that sends a square, always at one place, a packet every 5 ms of its time."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        graph.start_node("event_renderer_node", "/r1", cameras="[dvs]", colours="grey", **parameters)
        self._packets = graph.node.create_publisher(topics.EVENTS.type, "/r1/dvs/events", 100)
        self._at_ns = 0
        self.origin_ns = graph.node.get_clock().now().nanoseconds
        assert graph.spin_until(lambda: self._packets.get_subscription_count() > 0), graph.logs()

    def send(self) -> None:
        start_ns, self._at_ns = self._at_ns, self._at_ns + 5 * MS
        events = square_events(10, 20, start_ns, self._at_ns)
        seq = start_ns // (5 * MS)
        self._packets.publish(packet_msg(events, start_ns, self.origin_ns + start_ns, seq, SIZE, FRAME))

    def send_until(self, condition: Any) -> bool:
        return bool(self.graph.spin_until(lambda: self.send() or self.graph.spin_until(condition, 0.005)))


def test_pictures_are_images_that_show_the_events(graph: Any) -> None:
    camera = Camera(graph)
    images = graph.collect(topics.EVENT_IMAGE.type, "/r1/dvs/event_image", topics.EVENT_IMAGE.qos)

    def with_events() -> list[Any]:
        # a busy machine sends late, and silence is drawn too
        return [msg for msg in images if (msg_to_image(msg) != 128).any()]

    assert camera.send_until(lambda: len(with_events()) > 2), graph.logs()
    msg = with_events()[-1]
    assert (msg.width, msg.height, msg.encoding, msg.header.frame_id) == (*SIZE, "mono8", FRAME)
    drawn = np.argwhere(msg_to_image(msg) != 128)
    assert drawn.min(axis=0).tolist() == [20, 10]
    assert drawn.max(axis=0).tolist() == [35, 25]


def test_pictures_have_the_stamps_of_the_detections(graph: Any) -> None:
    camera = Camera(graph)
    images = graph.collect(topics.EVENT_IMAGE.type, "/r1/dvs/event_image", topics.EVENT_IMAGE.qos)
    found = graph.node.create_publisher(Detection2DArray, "/r1/dvs/detections", 10)
    assert camera.send_until(lambda: bool(images)), graph.logs()
    told = set()

    def tell_and_look() -> bool:
        at_ns = camera.origin_ns + camera._at_ns + 123_456
        told.add(at_ns)
        found.publish(Detection2DArray(header=make_header(at_ns, FRAME)))
        return len(told & {stamp_to_ns(msg.header.stamp) for msg in images}) > 3

    assert camera.send_until(tell_and_look), graph.logs()


def test_nothing_is_decoded_while_nobody_looks(graph: Any) -> None:
    camera = Camera(graph)
    said = graph.collect(DiagnosticArray, "/diagnostics")

    def values() -> dict[str, str]:
        newest = [s for msg in said for s in msg.status if s.name == "/r1/event_renderer_node"][-1:]
        return {value.key: value.value for status in newest for value in status.values}

    # it does receive packets
    assert camera.send_until(lambda: float(values().get("/r1/dvs/events rate_hz", "0")) > 0), graph.logs()
    assert camera.send_until(lambda: "packets" in values()), graph.logs()
    assert values()["packets"] == "0"
