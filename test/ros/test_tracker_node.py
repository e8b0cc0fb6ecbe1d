"""The tracker as a process: detections that come late, and those that are followed by their looks."""

from __future__ import annotations

import numpy as np

from mobinet.types import Detections
from mobinet_ros import topics
from mobinet_ros.conversions import detections_to_msg, make_header, stamp_to_ns
from mobinet_ros.image_conversions import ImageMessageFactory

FRAME = "r1/front_optical"


class Camera:
    """What a camera and its detector publish, and the tracks that come back."""

    def __init__(self, graph, **parameters) -> None:
        graph.start_node("tracker_node", "/r1", cameras="[front]", confirm_hits=1, **parameters)
        make = graph.node.create_publisher
        self.graph = graph
        self.found = make(topics.DETECTIONS.type, "/r1/front/detections", topics.DETECTIONS.qos)
        self.images = make(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
        self._told = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
        self.start_ns = graph.node.get_clock().now().nanoseconds
        heard = [self.found, self.images] if parameters.get("looks") else [self.found]
        assert graph.spin_until(lambda: all(each.get_subscription_count() for each in heard)), graph.logs()
        # what the node publishes before it knows of its listener is lost: empty images, until one is answered
        steps = iter(range(-100, 0))
        assert any(self._is_answered(step) for step in steps), graph.logs()

    def _is_answered(self, step: int) -> bool:
        self.detect(step)
        return self.graph.spin_until(lambda: bool(self._told), 0.6)

    @property
    def tracks(self) -> list:
        """The messages for what was detected since the start."""
        return [msg for msg in self._told if stamp_to_ns(msg.header.stamp) >= self.start_ns]

    def header(self, step: int):
        return make_header(self.start_ns + step * 10**8, FRAME)

    def detect(self, step: int, *lefts: float) -> None:
        boxes = np.array([[left, 100, left + 40, 200] for left in lefts], np.float32).reshape(-1, 4)
        found = Detections(boxes, np.full(len(boxes), 0.9, np.float32), ("person",) * len(boxes))
        self.found.publish(detections_to_msg(found, self.header(step)))

    def ids(self, count: int) -> list[str]:
        """Those of the newest message, once there are ``count`` messages."""
        assert self.graph.spin_until(lambda: len(self.tracks) >= count), self.graph.logs()
        return [track.detection.id for track in self.tracks[-1].tracks]


def test_a_late_message_is_taken_in_and_told_with_the_next(graph):
    camera = Camera(graph, late_s=0.5)
    camera.detect(0, 100)
    assert camera.ids(1) == ["1"]
    camera.detect(2, 100)
    assert camera.ids(2) == ["1"]
    # the person at 400 was seen in the image that comes late alone
    camera.detect(1, 100, 400)
    camera.detect(3, 100)
    assert camera.ids(3) == ["1", "2"]
    stamps = [(msg.header.stamp.sec, msg.header.stamp.nanosec) for msg in camera.tracks]
    assert stamps == sorted(stamps)


def test_a_late_message_is_dropped_where_none_may_be_late(graph):
    camera = Camera(graph)
    for count, (step, lefts) in enumerate([(0, [100]), (2, [100])], start=1):
        camera.detect(step, *lefts)
        camera.ids(count)
    camera.detect(1, 100, 400)
    camera.detect(3, 100)
    assert camera.ids(3) == ["1"]
    assert "a message with a late stamp is dropped" in graph.logs()


def painted(colours: dict[int, tuple[int, int, int]]) -> np.ndarray:
    """People, by the left side of their box, in plain colours."""
    image = np.full((220, 320, 3), 128, np.uint8)
    for left, colour in colours.items():
        image[100:200, left : left + 40] = colour
    return image


def crossing(graph, **parameters) -> list[list[str]]:
    """Two people stand apart for three images and then have changed places: ids by place, before and after."""
    camera, red, blue = Camera(graph, **parameters), (0, 0, 255), (255, 0, 0)
    after = []
    for step in range(4):
        colours = {200: red, 230: blue} if step < 3 else {200: blue, 230: red}
        camera.images.publish(ImageMessageFactory().fill(painted(colours), camera.header(step)))
        graph.spin_for(0.4)  # two topics keep no order between them
        camera.detect(step, 200, 230)
        camera.ids(step + 1)
        by_place = sorted(camera.tracks[-1].tracks, key=lambda track: track.detection.bbox.center.position.x)
        after.append([track.detection.id for track in by_place])
    return [after[2], after[3]]


def test_looks_tell_who_is_who(graph):
    before, after = crossing(graph, looks=True, appearance_weight=4.0)
    assert after == before[::-1]


def test_without_looks_places_tell(graph):
    before, after = crossing(graph)
    assert after == before
