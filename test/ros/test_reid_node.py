"""How images and tracks find each other, whichever comes first."""

from __future__ import annotations

import numpy as np

from mobinet.types import Track, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, tracks_to_msg
from mobinet_ros.image_conversions import ImageMessageFactory

PICTURE = np.random.default_rng(0).integers(0, 256, (160, 200, 3), np.uint8)
BOX = np.array([10, 10, 60, 150], np.float32)


def test_tracks_that_overtake_their_image_are_described(graph):
    graph.start_node("reid_node", "/r1", cameras="[front]")
    images = graph.node.create_publisher(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
    tracks = graph.node.create_publisher(topics.TRACKS.type, "/r1/front/tracks", topics.TRACKS.qos)
    appearances = graph.collect(topics.APPEARANCES.type, "/r1/front/appearances")
    stamps = iter(range(1, 5000))

    def described():
        stamp_ns = next(stamps) * 10**10
        header, still = make_header(stamp_ns, "r1/front_optical"), np.zeros(2, np.float32)
        seen = Track(1, BOX, 0.9, "person", TrackState.CONFIRMED, still, stamp_ns, stamp_ns, 0)
        tracks.publish(tracks_to_msg([seen], header))
        graph.spin_for(0.2)  # two topics keep no order between them
        images.publish(ImageMessageFactory().fill(PICTURE, header))
        graph.spin_until(lambda: bool(appearances), timeout_s=1.0)
        return [message.header == header for message in appearances]

    assert graph.spin_until(lambda: described() == [True]), graph.logs()
