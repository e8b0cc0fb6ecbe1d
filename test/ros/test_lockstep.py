"""Which results a lockstep replay waits for, and what each is made from."""

from __future__ import annotations

import pytest
from mobinet_ros.msg import AppearanceArray, TrackArray

from mobinet_ros.bags.lockstep import inputs_of, live_results

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
EVENTS, DETECTIONS = "event_camera_msgs/msg/EventPacket", "vision_msgs/msg/Detection2DArray"
PLAYED = {
    "/r1/front/image_raw": IMAGE,
    "/r1/front/image_raw/compressed": COMPRESSED,
    "/r1/front/camera_info": "sensor_msgs/msg/CameraInfo",
    "/r1/front/detections": DETECTIONS,
    "/r1/side/events": EVENTS,
    "/r1/front_left/image_raw": IMAGE,
}


@pytest.mark.parametrize(
    ("result", "inputs"),
    [
        ("/r1/front/tracks", ["/r1/front/image_raw", "/r1/front/image_raw/compressed", "/r1/front/detections"]),
        # detections alone show nothing of what somebody looks like
        ("/r1/front/appearances", ["/r1/front/image_raw", "/r1/front/image_raw/compressed"]),
        ("/r1/side/tracks", ["/r1/side/events"]),
        ("/r1/side/appearances", []),
        # whatever the user names
        ("/r1/side/own", ["/r1/side/events"]),
        ("/r2/front/tracks", []),
    ],
)
def test_inputs(result, inputs):
    assert inputs_of(result, PLAYED) == inputs


def test_live_results_are_those_of_played_cameras(graph):
    for name, kind in {
        "/r1/front/tracks": TrackArray,
        "/r1/front/appearances": AppearanceArray,
        "/r1/side/appearances": AppearanceArray,  # no images of it are played
        "/r2/front/tracks": TrackArray,  # not played
        "/r1/front_left/tracks": AppearanceArray,  # of another type
    }.items():
        graph.node.create_publisher(kind, name, 10)
    graph.node.create_subscription(TrackArray, "/r1/front_left/appearances", print, 10)  # listened to, not published
    assert graph.spin_until(lambda: len(live_results(graph.node, PLAYED)) >= 2)
    assert live_results(graph.node, PLAYED) == ["/r1/front/appearances", "/r1/front/tracks"]
