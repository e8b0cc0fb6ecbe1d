"""Images handed over within a process."""

from __future__ import annotations

import numpy as np
from std_msgs.msg import Header

from mobinet_ros.frame_buffer import FrameBuffer
from mobinet_ros.image_hub import ImageHub, ImageListener

PICTURE = np.zeros((2, 2, 3), np.uint8)


class Node:
    """What a listening node notes."""

    def __init__(self):
        self.images, self.refused, self.bridged = [], [], 0
        self.listener = ImageListener(lambda _, image: self.images.append(image), self.refused.append, self.bridge)

    def bridge(self):
        self.bridged += 1


def test_provided_images_arrive_uncopied_and_read_only():
    hub, node = ImageHub(), Node()
    hub.provide("/r1/front/image_raw")
    hub.listen("/r1/front/image_raw", node.listener)
    image = PICTURE.copy()
    assert hub.hand_over("/r1/front/image_raw", Header(), image) == 1
    assert node.images[0] is image
    assert not image.flags.writeable
    assert node.bridged == 0


def test_one_node_bridges_a_topic_from_outside_and_the_next_takes_over():
    hub, first, second = ImageHub(), Node(), Node()
    hub.listen("/x", first.listener)
    hub.listen("/x", second.listener)
    assert (first.bridged, second.bridged) == (1, 0)
    hub.forget("/x", first.listener)
    assert (first.bridged, second.bridged) == (1, 1)
    # the one that comes back finds the topic bridged
    hub.listen("/x", first.listener)
    assert (first.bridged, second.bridged) == (1, 1)


def test_node_that_does_not_bridge_leaves_the_bridge_alone():
    hub, first, second = ImageHub(), Node(), Node()
    hub.listen("/x", first.listener)
    hub.listen("/x", second.listener)
    hub.forget("/x", second.listener)
    assert (first.bridged, second.bridged) == (1, 0)


def test_topics_are_apart():
    hub, node = ImageHub(), Node()
    hub.listen("/a", node.listener)
    assert hub.hand_over("/b", Header(), PICTURE.copy()) == 0
    assert node.images == []


def test_forgotten_node_gets_nothing():
    hub, node = ImageHub(), Node()
    hub.listen("/a", node.listener)
    hub.forget("/a", node.listener)
    hub.hand_over("/a", Header(), PICTURE.copy())
    assert node.images == []


def test_every_node_hears_of_an_unreadable_image():
    hub, first, second = ImageHub(), Node(), Node()
    hub.listen("/a", first.listener)
    hub.listen("/a", second.listener)
    hub.refuse("/a", "wrong step")
    assert first.refused == second.refused == ["wrong step"]


def test_buffer_finds_by_stamp_and_is_bounded():
    buffer = FrameBuffer(capacity=3)
    for stamp in range(5):
        buffer.add(stamp, np.full((1, 1), stamp, np.uint8))
    assert buffer.get(1) is None
    assert buffer.get(4)[0, 0] == 4
    buffer.clear()
    assert buffer.get(4) is None
