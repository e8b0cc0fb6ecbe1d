"""Parameters that may change while a node runs take effect in what it publishes."""

from __future__ import annotations

import numpy as np
from mobinet_ros.msg import Track as TrackMessage
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from vision_msgs.msg import Detection2DArray

from mobinet.types import Track, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import box_to_detection_msg, make_header, tracks_to_msg
from mobinet_ros.image_conversions import ImageMessageFactory

FRAME = "r1/front_optical"
BOXES = [np.array(box, np.float32) for box in ([10, 10, 60, 150], [100, 10, 150, 150])]


def set_integer(graph, node, name, value):
    client = graph.node.create_client(SetParameters, f"{node}/set_parameters")
    assert graph.spin_until(client.service_is_ready), graph.logs()
    parameter = Parameter(name=name, value=ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value))
    future = client.call_async(SetParameters.Request(parameters=[parameter]))
    assert graph.spin_until(future.done)
    return future.result().results[0].successful


def test_tracker_confirms_at_once_when_told_so(graph):
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    publisher = graph.node.create_publisher(topics.DETECTIONS.type, "/r1/front/detections", topics.DETECTIONS.qos)
    tracks = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
    stamps = iter(range(1, 5000))

    def states_of_a_new_object():
        """What the tracker says of an object that it sees for the first time, long after the last one."""
        header = make_header(next(stamps) * 10**10, FRAME)
        found = box_to_detection_msg(BOXES[0], 0.9, "person", header, "")
        tracks.clear()
        publisher.publish(Detection2DArray(header=header, detections=[found]))
        graph.spin_until(lambda: bool(tracks), timeout_s=1.0)
        return [track.state for message in tracks for track in message.tracks]

    assert graph.spin_until(lambda: states_of_a_new_object() == [TrackMessage.TENTATIVE]), graph.logs()
    assert set_integer(graph, "/r1/tracker_node", "confirm_hits", 1)
    assert states_of_a_new_object() == [TrackMessage.CONFIRMED]


def test_reid_describes_as_many_tracks_as_it_is_told(graph):
    graph.start_node("reid_node", "/r1", cameras="[front]")
    images = graph.node.create_publisher(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
    tracks = graph.node.create_publisher(topics.TRACKS.type, "/r1/front/tracks", topics.TRACKS.qos)
    appearances = graph.collect(topics.APPEARANCES.type, "/r1/front/appearances")
    picture = np.random.default_rng(0).integers(0, 256, (160, 200, 3), np.uint8)
    stamps = iter(range(1, 5000))

    def described():
        """How many of two tracks are described; longer after the last time than a description lasts."""
        stamp_ns = next(stamps) * 10**10
        header, still = make_header(stamp_ns, FRAME), np.zeros(2, np.float32)
        seen = [
            Track(number, box, 0.9, "person", TrackState.CONFIRMED, still, stamp_ns, stamp_ns, 0)
            for number, box in enumerate(BOXES, 1)
        ]
        appearances.clear()
        images.publish(ImageMessageFactory().fill(picture, header))
        graph.spin_for(0.2)  # two topics keep no order between them
        tracks.publish(tracks_to_msg(seen, header))
        graph.spin_until(lambda: bool(appearances), timeout_s=1.0)
        return sum(len(message.appearances) for message in appearances)

    assert graph.spin_until(lambda: described() == 2), graph.logs()
    assert set_integer(graph, "/r1/reid_node", "max_per_image", 1)
    assert described() == 1
