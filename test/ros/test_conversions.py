"""Records to messages and back give the same records."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from mobinet_ros.msg import Track as TrackMessage
from sensor_msgs.msg import CameraInfo
from vision_msgs.msg import Detection2DArray

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import Transform
from mobinet.types import Appearance, Detections, Identity, Sighting, Target, TargetState, Track, TrackKey, TrackState
from mobinet_ros import conversions as convert
from mobinet_ros import msg as messages

STAMP_NS = 1_700_000_000_123_456_789
HEADER = convert.make_header(STAMP_NS, "r1/front_optical")


def test_stamp_round_trip():
    assert convert.stamp_to_ns(convert.ns_to_stamp(STAMP_NS)) == STAMP_NS


def test_detections_round_trip():
    detections = Detections(
        np.array([[1, 2, 30, 40], [5.5, 6.25, 7, 8]], np.float32), np.array([0.5, 1.0], np.float32), ("person", "car")
    )
    msg = convert.detections_to_msg(detections, HEADER)
    back, complaints = convert.msg_to_detections(msg)
    assert not complaints
    np.testing.assert_allclose(back.boxes, detections.boxes)
    np.testing.assert_allclose(back.scores, detections.scores)
    assert back.class_names == detections.class_names
    assert msg.header == HEADER


@pytest.mark.parametrize("state", list(TargetState))
def test_target_round_trip(state):
    box = None if state in (TargetState.NONE, TargetState.LOST) else np.array([1.5, 2.25, 30, 40])
    msg = convert.target_to_msg(Target(STAMP_NS, state, box, 0.5), "r2-9", HEADER)
    back = convert.msg_to_target(msg)
    assert (back.stamp_ns, back.state, back.confidence) == (STAMP_NS, state, 0.5)
    np.testing.assert_array_equal(back.box, box)
    assert (msg.id, msg.header) == ("r2-9", HEADER)


def test_a_state_that_no_target_has_is_refused():
    with pytest.raises(InputError, match="state 9"):
        convert.msg_to_target(messages.Target(header=HEADER, state=9))


@pytest.mark.parametrize(
    ("size", "theta"),
    [(0.0, 0.0), (-3.0, 0.0), (float("nan"), 0.0), (float("inf"), 0.0), (10.0, 0.5)],
)
def test_a_box_without_area_or_turned_is_refused(size, theta):
    msg = convert.box_to_msg(np.array([0.0, 0, 10, 10]))
    msg.size_x, msg.center.theta = size, theta
    with pytest.raises(InputError, match="theta 0, got centre 5"):
        convert.msg_to_box(msg)


@pytest.mark.parametrize(
    ("size", "score"),
    [(0.0, 0.5), (-3.0, 0.5), (float("nan"), 0.5), (float("inf"), 0.5), (10.0, 1.5), (10.0, float("nan"))],
)
def test_unsound_detection_is_dropped_and_the_others_kept(size, score):
    msg = Detection2DArray(header=HEADER)
    box = np.array([0, 0, 10, 10], np.float32)
    msg.detections = [
        convert.box_to_detection_msg(box, 0.9, "person", HEADER, ""),
        convert.box_to_detection_msg(box, score, "person", HEADER, ""),
    ]
    msg.detections[1].bbox.size_x = size
    detections, complaints = convert.msg_to_detections(msg)
    assert len(detections) == 1
    assert len(complaints) == 1
    assert "detection 1" in complaints[0]


def test_tracks_round_trip():
    track = Track(
        track_id=7,
        box=np.array([1, 2, 3, 5], np.float32),
        score=0.75,
        class_name="person",
        state=TrackState.COASTING,
        velocity=np.array([3, -4], np.float32),
        first_stamp_ns=STAMP_NS - 3_000_000_001,
        last_stamp_ns=STAMP_NS - 500,
    )
    back = convert.msg_to_tracks(convert.tracks_to_msg([track], HEADER))[0]
    np.testing.assert_allclose(back.box, track.box)
    np.testing.assert_allclose(back.velocity, track.velocity)
    for name in ("track_id", "score", "class_name", "state", "first_stamp_ns", "last_stamp_ns", "detection_index"):
        assert getattr(back, name) == getattr(track, name), name


def test_track_without_a_number_is_refused():
    box = np.array([0, 0, 1, 1], np.float32)
    msg = convert.tracks_to_msg([], HEADER)
    msg.tracks = [TrackMessage(detection=convert.box_to_detection_msg(box, 1, "", HEADER, "abc"))]
    with pytest.raises(InputError, match="'abc'"):
        convert.msg_to_tracks(msg)


def test_track_state_that_does_not_exist_is_refused():
    msg = convert.tracks_to_msg([], HEADER)
    box = np.array([0, 0, 1, 1], np.float32)
    msg.tracks = [TrackMessage(detection=convert.box_to_detection_msg(box, 1, "", HEADER, "7"), state=99)]
    with pytest.raises(InputError, match="state 99"):
        convert.msg_to_tracks(msg)


def test_identity_shown_by_a_track_without_a_number_is_refused():
    msg = messages.IdentityArray(
        header=HEADER, identities=[messages.Identity(id="x", tracks=[messages.TrackKey(track_id="abc")])]
    )
    with pytest.raises(InputError, match="'abc'"):
        convert.msg_to_identities(msg)


def test_appearances_round_trip():
    vector = np.array([0.6, 0.8], np.float32)
    msg = convert.appearances_to_msg([Appearance(3, vector, 0.5)], "m:1", HEADER)
    (back,) = convert.msg_to_appearances(msg)
    assert (back.track_id, back.quality, msg.model) == (3, 0.5, "m:1")
    np.testing.assert_array_equal(back.embedding, vector)


def test_appearance_that_is_no_unit_vector_is_refused():
    msg = convert.appearances_to_msg([Appearance(3, np.array([0.0, 0.0], np.float32), 0.5)], "m:1", HEADER)
    with pytest.raises(InputError, match="unit vector"):
        convert.msg_to_appearances(msg)


def test_sighting_without_velocity_says_so():
    sighting = Sighting(TrackKey("r1", "front", 4), STAMP_NS, np.array([1.0, 2, 3]), np.eye(3), "person", 0.5)
    row = convert.sightings_to_msg([sighting], HEADER).sightings[0]
    assert (row.robot, row.camera, row.track_id) == ("r1", "front", "4")
    assert row.velocity_covariance[0] == -1.0
    assert (row.position.x, row.position.y, row.position.z) == (1.0, 2.0, 3.0)


def test_identities_round_trip():
    identity = Identity(
        "id1", ("id2",), "person", 0.5, np.array([1.0, 2, 0]), np.eye(3), np.array([0.1, 0, 0]), np.eye(3) * 2,
        (TrackKey("r1", "front", 4),), STAMP_NS - 5, STAMP_NS,
    )  # fmt: skip
    (back,) = convert.msg_to_identities(convert.identities_to_msg([identity], HEADER))
    np.testing.assert_allclose(back.covariance, identity.covariance)
    np.testing.assert_allclose(back.velocity_covariance, identity.velocity_covariance)
    for name in ("identity_id", "aliases", "class_name", "score", "tracks", "first_seen_ns", "last_seen_ns"):
        assert getattr(back, name) == getattr(identity, name), name


def test_camera_info_round_trip():
    model = CameraModel.pinhole(640, 480, 1.0)
    back = convert.camera_info_to_model(convert.model_to_camera_info(model, HEADER))
    np.testing.assert_allclose(back.matrix, model.matrix)
    assert (back.width, back.height) == (640, 480)


def test_uncalibrated_camera_is_refused():
    with pytest.raises(InputError, match="not calibrated"):
        convert.camera_info_to_model(CameraInfo(width=640, height=480))


def test_transform_round_trip():
    pose = Transform.from_euler(0.1, -0.2, 3.0, np.array([1.0, 2.0, 3.0]))
    back = convert.msg_to_transform(convert.transform_to_msg(pose, "map", "r1/base_link", STAMP_NS))
    np.testing.assert_allclose(back.rotation, pose.rotation, atol=1e-12)
    np.testing.assert_allclose(back.translation, pose.translation)


def test_zero_quaternion_is_refused():
    msg = TransformStamped()
    msg.transform.rotation.w = 0.0
    with pytest.raises(InputError, match="quaternion"):
        convert.msg_to_transform(msg)
