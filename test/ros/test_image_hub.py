"""Images handed over within a process."""

from __future__ import annotations

import numpy as np
from std_msgs.msg import Header

from mobinet_ros.frame_buffer import FrameBuffer
from mobinet_ros.image_hub import ImageHub

PICTURE = np.zeros((2, 2, 3), np.uint8)


def received(hub, topic):
    got = []

    def callback(header, image):
        got.append((header.frame_id, image))

    return got, callback


def test_provided_images_arrive_uncopied_and_read_only():
    hub = ImageHub()
    hub.provide("/r1/front/image_raw")
    got, callback = received(hub, "/r1/front/image_raw")
    assert not hub.listen("/r1/front/image_raw", callback)
    image = PICTURE.copy()
    assert hub.hand_over("/r1/front/image_raw", Header(frame_id="f"), image) == 1
    assert got[0][1] is image
    assert not image.flags.writeable


def test_first_listener_bridges_a_topic_from_outside_and_the_next_takes_over():
    hub = ImageHub()
    _, first = received(hub, "/x")
    _, second = received(hub, "/x")
    assert hub.listen("/x", first)
    assert not hub.listen("/x", second)
    hub.forget("/x", first)
    hub.release("/x")
    assert hub.listen("/x", first)


def test_topics_are_apart():
    hub = ImageHub()
    got, callback = received(hub, "/a")
    hub.listen("/a", callback)
    assert hub.hand_over("/b", Header(), PICTURE.copy()) == 0
    assert got == []


def test_forgotten_listener_gets_nothing():
    hub = ImageHub()
    got, callback = received(hub, "/a")
    hub.listen("/a", callback)
    hub.forget("/a", callback)
    hub.hand_over("/a", Header(), PICTURE.copy())
    assert got == []


def test_buffer_finds_by_stamp_and_is_bounded():
    buffer = FrameBuffer(capacity=3)
    for stamp in range(5):
        buffer.add(stamp, np.full((1, 1), stamp, np.uint8))
    assert buffer.get(1) is None
    assert buffer.get(4)[0, 0] == 4
    buffer.clear()
    assert buffer.get(4) is None
