"""The camera's motion between two messages, and the tracker that is told of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tf2_msgs.msg import TFMessage

from mobinet.camera import CameraModel
from mobinet.errors import TransformError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.tracking import ImageMotion, ImageMotionSettings, rotation_homography
from mobinet.transforms import TransformBuffer
from mobinet.types import Detections
from mobinet_ros import topics
from mobinet_ros.conversions import detections_to_msg, make_header, model_to_camera_info, transform_to_msg
from mobinet_ros.picture_motion import MotionFromImages, MotionFromTf

MODEL = CameraModel.pinhole(640, 480, 1.2)
FRAME = "r1/front_optical"
NO_BOXES = np.zeros((0, 4), np.float32)


def facing(yaw: float) -> Transform:
    """``optical2map`` of a level camera."""
    return Transform.from_euler(0, 0, yaw, np.array([1.0, 2.0, 1.5])) @ OPTICAL2BODY


def turned(before: float, now: float) -> np.ndarray:
    return rotation_homography(MODEL.matrix, facing(before).rotation.T @ facing(now).rotation)


def test_tf_gives_the_turn_between_two_stamps():
    buffer = TransformBuffer()
    for step, yaw in enumerate((0.0, 0.1, 0.3)):
        buffer.set_transform("map", FRAME, step * 10**9, facing(yaw))
    turn = MotionFromTf(buffer, "map")
    assert turn.motion(MODEL, FRAME, 0) is None
    # stamps that were left out lie between
    np.testing.assert_allclose(turn.motion(MODEL, FRAME, 2 * 10**9), turned(0.0, 0.3), atol=1e-9)


def test_after_a_stamp_without_transform_a_turn_is_not_known():
    buffer = TransformBuffer()
    for step, yaw in enumerate((0.0, 0.1)):
        buffer.set_transform("map", FRAME, step * 10**9, facing(yaw))
    turn = MotionFromTf(buffer, "map")
    turn.motion(MODEL, FRAME, 0)
    with pytest.raises(TransformError):
        turn.motion(MODEL, FRAME, 5 * 10**9)
    assert turn.motion(MODEL, FRAME, 10**9) is None


def picture(shift: int) -> np.ndarray:
    random = np.random.default_rng(4)
    canvas = cv2.GaussianBlur(random.integers(0, 255, (400, 800), np.uint8), (0, 0), 3)
    canvas = cv2.normalize(canvas, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return np.ascontiguousarray(canvas[:240, 200 - shift : 520 - shift])


def test_motions_of_images_without_message_add_up():
    seen = MotionFromImages(ImageMotionSettings())
    for stamp_ns, shift in enumerate((0, 5, 11)):
        seen.see(stamp_ns, picture(shift), NO_BOXES)
    assert seen.motion(0) is None
    np.testing.assert_allclose(seen.motion(2)[:2, 2], [11, 0], atol=0.5)


def test_a_camera_may_drive_for_hours(monkeypatch):
    """The homographies of a drive multiplied without end are no numbers any more."""
    seen, forward = MotionFromImages(ImageMotionSettings()), np.diag([1.1, 1.1, 1.0])
    monkeypatch.setattr(ImageMotion, "observe", lambda *_: forward)
    for stamp_ns in range(10_000):
        seen.see(stamp_ns, picture(0), NO_BOXES)
        motion = seen.motion(stamp_ns) if stamp_ns % 2 else None
    np.testing.assert_allclose(motion, forward @ forward)


def test_no_motion_is_known_across_a_picture_that_shows_something_else():
    seen = MotionFromImages(ImageMotionSettings())
    for stamp_ns, image in enumerate((picture(0), np.zeros((240, 320), np.uint8), picture(3), picture(5))):
        seen.see(stamp_ns, image, NO_BOXES)
    assert seen.motion(0) is None
    assert seen.motion(3) is None
    # an image that never came
    assert seen.motion(99) is None


@pytest.mark.parametrize("source", ["tf", "auto"])
def test_a_tracker_keeps_its_tracks_through_a_turn(graph, source):
    graph.start_node("tracker_node", "/r1", cameras="[front]", camera_motion=source, confirm_hits=1)
    make = graph.node.create_publisher
    found = make(topics.DETECTIONS.type, "/r1/front/detections", topics.DETECTIONS.qos)
    infos = make(topics.CAMERA_INFO.type, "/r1/front/camera_info", topics.CAMERA_INFO.qos)
    moving = make(TFMessage, "/tf", topics.TF.qos)
    tracks = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
    ready = lambda: all(p.get_subscription_count() for p in (found, infos, moving))  # noqa: E731
    assert graph.spin_until(ready), graph.logs()
    start_ns = graph.node.get_clock().now().nanoseconds
    # two people stand far away; at the third image the camera has turned by four widths of a person
    for step, yaw in enumerate((0.0, 0.0, -0.3)):
        stamp_ns = start_ns + step * 10**8
        header = make_header(stamp_ns, FRAME)
        moving.publish(TFMessage(transforms=[transform_to_msg(facing(yaw), "map", FRAME, stamp_ns)]))
        infos.publish(model_to_camera_info(MODEL, header))
        graph.spin_for(0.5)
        centres = [turned(0.0, yaw) @ np.array([x, 240.0, 1.0]) for x in (300.0, 500.0)]
        boxes = np.array([[x / w - 20, y / w - 40, x / w + 20, y / w + 40] for x, y, w in centres], np.float32)
        seen = Detections(boxes, np.full(2, 0.9, np.float32), ("person",) * 2)
        found.publish(detections_to_msg(seen, header))
        assert graph.spin_until(lambda wanted=step + 1: len(tracks) >= wanted), graph.logs()
    assert [track.detection.id for track in tracks[-1].tracks] == ["1", "2"]
