"""What the re-identification node says over the real middleware: which tracks are described, under which header."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.types import Track, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, stamp_to_ns, tracks_to_msg
from mobinet_ros.image_conversions import ImageMessageFactory

CAMERAS = ("front", "rear")
BOXES = [np.array(box, np.float32) for box in ([10, 10, 60, 150], [70, 10, 120, 150], [130, 10, 180, 150])]
STATES = (TrackState.CONFIRMED, TrackState.TENTATIVE, TrackState.CONFIRMED)
CONFIRMED = {"1", "3"}


class Stages:
    """Publishes what camera and tracker would: a picture, then three tracks of its stamp, the second one tentative."""

    def __init__(self, graph):
        self._graph = graph
        self._images, self._tracks, self.described = {}, {}, {}
        for name in CAMERAS:
            node, place = graph.node, f"/r1/{name}"
            self._images[name] = node.create_publisher(topics.IMAGE.type, f"{place}/image_raw", topics.IMAGE.qos)
            self._tracks[name] = node.create_publisher(topics.TRACKS.type, f"{place}/tracks", topics.TRACKS.qos)
            self.described[name] = graph.collect(topics.APPEARANCES.type, f"{place}/appearances")
        self._picture = np.random.default_rng(0).integers(0, 256, (160, 200, 3), np.uint8)
        self.second = 0

    def publish(self, with_image=True):
        """Seconds lie between the pictures: what was described is described again."""
        self.second += 10
        headers = {name: make_header(self.second * 10**9 + 7, f"r1/{name}_optical") for name in CAMERAS}
        for name, header in headers.items():
            if with_image:
                self._images[name].publish(ImageMessageFactory().fill(self._picture, header))
        self._graph.spin_for(0.1)  # two topics keep no order between them
        for name, header in headers.items():
            self._tracks[name].publish(tracks_to_msg(self._seen(stamp_to_ns(header.stamp)), header))

    def _seen(self, stamp_ns):
        still = np.zeros(2, np.float32)
        return [
            Track(number, box, 0.9, "person", state, still, stamp_ns, stamp_ns, 0)
            for number, (box, state) in enumerate(zip(BOXES, STATES, strict=True), 1)
        ]


@pytest.fixture
def stages(graph):
    graph.start_node("reid_node", "/r1", cameras="[front, rear]", budget_ms=10_000.0)
    return Stages(graph)


def test_confirmed_tracks_are_described_under_the_header_of_their_tracks(graph, stages):
    assert graph.spin_until(lambda: stages.publish() or all(stages.described.values())), graph.logs()
    for name, messages in stages.described.items():
        message = messages[-1]
        assert message.header.frame_id == f"r1/{name}_optical"
        assert message.header.stamp.nanosec == 7
        assert message.header.stamp.sec in range(10, stages.second + 1, 10)
        assert message.model.startswith("histogram")
        assert {row.track_id for row in message.appearances} == CONFIRMED
        for row in message.appearances:
            assert np.linalg.norm(row.embedding) == pytest.approx(1.0, abs=1e-5)
            assert 0 < row.quality <= 1


def test_tracks_without_their_image_are_counted_and_not_described(graph, stages):
    statuses = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")

    def counted():
        stages.publish(with_image=False)
        values = [value for array in statuses for status in array.status for value in status.values]
        return any(value.key == "tracks_without_image" and int(value.value) > 0 for value in values)

    assert graph.spin_until(counted), graph.logs()
    assert not any(stages.described.values())
    # with images it goes on
    assert graph.spin_until(lambda: stages.publish() or all(stages.described.values())), graph.logs()
