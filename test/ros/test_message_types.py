"""Message types by name, and the messages of a bag cut into steps."""

from __future__ import annotations

import pytest
from mobinet_ros.msg import TrackArray
from rclpy.serialization import serialize_message
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage

from mobinet.errors import RecordingError
from mobinet.recordings.bags import BagMessage
from mobinet_ros import environment
from mobinet_ros.bags.lockstep import inputs_of, steps
from mobinet_ros.bags.message_types import (
    full_definition,
    header_stamp_ns,
    load_type,
    starts_with_header,
    type_hash,
)

environment.prepare()


def test_class_by_name_and_what_is_missing():
    assert load_type("mobinet_ros/msg/TrackArray") is TrackArray
    with pytest.raises(RecordingError, match=r"'absent_msgs' .* is not installed: sudo apt install .*-absent-msgs"):
        load_type("absent_msgs/msg/Thing")
    with pytest.raises(RecordingError, match="has no 'Nothing': it is of another version"):
        load_type("std_msgs/msg/Nothing")
    with pytest.raises(RecordingError, match="is no message type"):
        load_type("TrackArray")


def test_header_is_told_from_other_beginnings():
    assert starts_with_header(TrackArray)
    assert not starts_with_header(TFMessage)  # a list of transforms, each with a header
    assert not starts_with_header(Header)  # is one, has none


def test_stamp_is_read_from_the_serialised_message():
    message = TrackArray()
    message.header.stamp.sec, message.header.stamp.nanosec = 1_700_000_000, 123_456_789
    assert header_stamp_ns(serialize_message(message)) == 1_700_000_000_123_456_789
    # the same in big endian
    assert header_stamp_ns(b"\x00\x00\x00\x00" + (5).to_bytes(4, "big") + (7).to_bytes(4, "big")) == 5_000_000_007


def test_definition_holds_all_that_the_message_contains():
    text = full_definition("mobinet_ros/msg/TrackArray")
    parts = [line.removeprefix("MSG: ") for line in text.splitlines() if line.startswith("MSG: ")]
    assert set(parts) >= {"mobinet_ros/Track", "std_msgs/Header", "vision_msgs/Detection2D", "builtin_interfaces/Time"}
    assert len(parts) == len(set(parts))
    assert full_definition("absent_msgs/msg/Thing") == ""


def test_definition_and_hash_agree():
    # rosbags makes the hash from the text: were a part missing or wrong, it would be another
    typesys = pytest.importorskip("rosbags.typesys")
    for name in ("mobinet_ros/msg/TrackArray", "mobinet_ros/msg/Envelope", "event_camera_msgs/msg/EventPacket"):
        store = typesys.get_typestore(typesys.Stores.EMPTY)
        store.register(typesys.get_types_from_msg(full_definition(name), name))
        assert store.hash_rihs01(name) == type_hash(name)


def message(topic: str, stamp_ns: int, header_ns: int | None = None) -> BagMessage:
    if header_ns is None:
        return BagMessage(topic, "std_msgs/msg/String", stamp_ns, serialize_message(String(data="x")))
    tracks = TrackArray()
    tracks.header.stamp.sec, tracks.header.stamp.nanosec = divmod(header_ns, 10**9)
    return BagMessage(topic, "mobinet_ros/msg/TrackArray", stamp_ns, serialize_message(tracks))


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ([], []),
        ([("a", 1, 10), ("b", 2, 10), ("a", 3, 20)], [(10, "ab"), (20, "a")]),  # two cameras of one stamp
        ([("a", 1, 10), ("t", 2, None), ("a", 3, 20)], [(10, "at"), (20, "a")]),  # no header: stays with those before
        ([("t", 1, None), ("t", 1, None), ("t", 2, None)], [(None, "tt"), (None, "t")]),  # none has: by reception
        ([("t", 1, None), ("a", 2, 10)], [(None, "t"), (10, "a")]),
        ([("a", 1, 20), ("a", 2, 10), ("a", 3, 20)], [(20, "a"), (10, "a"), (20, "a")]),  # never put in another order
    ],
)
def test_steps(sequence, expected):
    cut = list(steps([message(*each) for each in sequence], {"a": True, "b": True, "t": False}))
    assert [(step.stamp_ns, "".join(each.topic for each in step.messages)) for step in cut] == expected


def test_inputs_of_a_result():
    played = {
        "/r1/front/image_raw": "sensor_msgs/msg/Image",
        "/r1/front/camera_info": "sensor_msgs/msg/CameraInfo",
        "/r1/back/image_raw/compressed": "sensor_msgs/msg/CompressedImage",
        "/r10/front/image_raw": "sensor_msgs/msg/Image",
    }
    assert inputs_of("/r1/front/tracks", played) == ["/r1/front/image_raw"]
    assert inputs_of("/r1/sightings", played) == ["/r1/front/image_raw", "/r1/back/image_raw/compressed"]
    assert inputs_of("/r2/front/tracks", played) == []
