"""Messages to the library's records and back; pictures are in ``image_conversions``."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, TransformStamped, Vector3
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import BoundingBox2D, Detection2D, Detection2DArray, ObjectHypothesisWithPose, Point2D, Pose2D

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import Transform
from mobinet.types import (
    Appearance,
    Detections,
    Identity,
    Sighting,
    Target,
    TargetState,
    Track,
    TrackKey,
    TrackState,
)
from mobinet_ros import msg as messages

NANOSECONDS = 1_000_000_000
TRACK_STATES = frozenset(int(state) for state in TrackState)
TARGET_STATES = frozenset(int(state) for state in TargetState)


def stamp_to_ns(stamp: Time) -> int:
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def ns_to_stamp(stamp_ns: int) -> Time:
    return Time(sec=stamp_ns // NANOSECONDS, nanosec=stamp_ns % NANOSECONDS)


def ns_to_duration(duration_ns: int) -> Duration:
    return Duration(sec=duration_ns // NANOSECONDS, nanosec=duration_ns % NANOSECONDS)


def make_header(stamp_ns: int, frame_id: str) -> Header:
    return Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame_id)


def camera_info_to_model(msg: CameraInfo) -> CameraModel:
    """Raises InputError for an uncalibrated camera (all zero K)."""
    matrix = np.array(msg.k, np.float64).reshape(3, 3)
    if not matrix[0, 0] > 0 or not matrix[1, 1] > 0:
        raise InputError(
            f"camera_info of '{msg.header.frame_id}': the camera is not calibrated (K is {matrix.ravel().tolist()}); "
            "give the driver a calibration file (camera_node: calibration, or horizontal_fov_deg)"
        )
    return CameraModel(
        width=int(msg.width),
        height=int(msg.height),
        matrix=matrix,
        distortion=np.array(msg.d, np.float64),
        model=msg.distortion_model or "plumb_bob",
    )


def model_to_camera_info(model: CameraModel, header: Header) -> CameraInfo:
    k = model.matrix
    projection = np.hstack([k, np.zeros((3, 1))])
    return CameraInfo(
        header=header,
        width=model.width,
        height=model.height,
        distortion_model=model.model,
        d=model.distortion.tolist() or [0.0] * 5,
        k=k.ravel().tolist(),
        r=np.eye(3).ravel().tolist(),
        p=projection.ravel().tolist(),
    )


def box_to_detection_msg(box: np.ndarray, score: float, class_name: str, header: Header, object_id: str) -> Detection2D:
    msg = Detection2D(header=header, id=object_id)
    x1, y1, x2, y2 = (float(v) for v in box)
    msg.bbox.center.position.x = (x1 + x2) / 2
    msg.bbox.center.position.y = (y1 + y2) / 2
    msg.bbox.size_x = x2 - x1
    msg.bbox.size_y = y2 - y1
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = class_name
    result.hypothesis.score = float(score)
    msg.results = [result]
    return msg


def detection_msg_to_box(msg: Detection2D) -> tuple[float, float, float, float]:
    center, width, height = msg.bbox.center.position, msg.bbox.size_x, msg.bbox.size_y
    return (center.x - width / 2, center.y - height / 2, center.x + width / 2, center.y + height / 2)


def detections_to_msg(detections: Detections, header: Header) -> Detection2DArray:
    rows = zip(detections.boxes, detections.scores, detections.class_names, strict=True)
    found = [box_to_detection_msg(box, score, name, header, "") for box, score, name in rows]
    return Detection2DArray(header=header, detections=found)


def msg_to_detections(msg: Detection2DArray) -> tuple[Detections, list[str]]:
    """The sound detections, and a complaint for each other one (NaN, zero size, a score outside 0..1)."""
    boxes, scores, names, complaints = [], [], [], []
    for index, detection in enumerate(msg.detections):
        box = detection_msg_to_box(detection)
        best = max(detection.results, key=lambda r: r.hypothesis.score, default=None)
        score = best.hypothesis.score if best is not None else 1.0
        sound = np.isfinite(box).all() and box[2] > box[0] and box[3] > box[1] and 0 <= score <= 1
        if not sound:
            complaints.append(f"detection {index} of '{msg.header.frame_id}': box {box}, score {score} is dropped")
            continue
        boxes.append(box)
        scores.append(score)
        names.append(best.hypothesis.class_id if best is not None else "")
    table = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(table, np.array(scores, np.float32), tuple(names)), complaints


def tracks_to_msg(tracks: Iterable[Track], header: Header) -> messages.TrackArray:
    now = stamp_to_ns(header.stamp)
    array_msg = messages.TrackArray(header=header)
    for track in tracks:
        detection = box_to_detection_msg(track.box, track.score, track.class_name, header, str(track.track_id))
        array_msg.tracks.append(
            messages.Track(
                detection=detection,
                state=int(track.state),
                velocity_x=float(track.velocity[0]),
                velocity_y=float(track.velocity[1]),
                age=ns_to_duration(now - track.first_stamp_ns),
                time_since_update=ns_to_duration(now - track.last_stamp_ns),
            )
        )
    return array_msg


def duration_to_ns(duration: Duration) -> int:
    return int(duration.sec) * NANOSECONDS + int(duration.nanosec)


def box_to_msg(box: np.ndarray) -> BoundingBox2D:
    """A box xyxy."""
    x1, y1, x2, y2 = (float(v) for v in box)
    center = Pose2D(position=Point2D(x=(x1 + x2) / 2, y=(y1 + y2) / 2))
    return BoundingBox2D(center=center, size_x=x2 - x1, size_y=y2 - y1)


def msg_to_box(msg: BoundingBox2D) -> np.ndarray:
    """``(4,)`` float64 xyxy; raises InputError for a turned box, or one without finite numbers or area."""
    center, half = msg.center.position, np.array([msg.size_x, msg.size_y]) / 2
    box = np.concatenate([np.array([center.x, center.y]) - half, np.array([center.x, center.y]) + half])
    if msg.center.theta != 0 or not np.isfinite(box).all() or not (half > 0).all():
        raise InputError(
            f"box: expected finite numbers, a positive size and theta 0, got centre {center.x}, {center.y}, size "
            f"{msg.size_x} x {msg.size_y}, theta {msg.center.theta}"
        )
    return box


def target_to_msg(target: Target, target_id: str, header: Header) -> messages.Target:
    """``target_id`` is what was asked for: a track, an identity, or '' for a box or a click."""
    msg = messages.Target(header=header, state=int(target.state), id=target_id, confidence=float(target.confidence))
    if target.box is not None:
        msg.bbox = box_to_msg(target.box)
    return msg


def msg_to_target(msg: messages.Target) -> Target:
    """Raises InputError for a state that no target has, or a box that is none."""
    if msg.state not in TARGET_STATES:
        raise InputError(f"target: state {msg.state} is not one of {sorted(TARGET_STATES)}")
    state = TargetState(msg.state)
    box = None if state in (TargetState.NONE, TargetState.LOST) else msg_to_box(msg.bbox)
    return Target(stamp_to_ns(msg.header.stamp), state, box, msg.confidence)


def msg_to_tracks(msg: messages.TrackArray) -> list[Track]:
    """Raises InputError for a track id that is not a number, or a state that no track has."""
    now = stamp_to_ns(msg.header.stamp)
    tracks = []
    for index, track in enumerate(msg.tracks):
        if not track.detection.id.isdecimal():
            raise InputError(f"track {index}: id '{track.detection.id}' is not a decimal number")
        if track.state not in TRACK_STATES:
            raise InputError(f"track {index}: state {track.state} is not one of {sorted(TRACK_STATES)}")
        best = track.detection.results[0].hypothesis if track.detection.results else None
        since_update = duration_to_ns(track.time_since_update)
        tracks.append(
            Track(
                track_id=int(track.detection.id),
                box=np.array(detection_msg_to_box(track.detection), np.float32),
                score=best.score if best else 0.0,
                class_name=best.class_id if best else "",
                state=TrackState(track.state),
                velocity=np.array([track.velocity_x, track.velocity_y], np.float32),
                first_stamp_ns=now - duration_to_ns(track.age),
                last_stamp_ns=now - since_update,
                detection_index=0 if since_update == 0 else -1,
            )
        )
    return tracks


def appearances_to_msg(appearances: Iterable[Appearance], model: str, header: Header) -> messages.AppearanceArray:
    rows = [
        messages.Appearance(track_id=str(a.track_id), embedding=array("f", a.embedding.tolist()), quality=a.quality)
        for a in appearances
    ]
    return messages.AppearanceArray(header=header, model=model, appearances=rows)


def msg_to_appearances(msg: messages.AppearanceArray) -> list[Appearance]:
    """Raises InputError for a track id that is not a number or a vector that is not of unit length."""
    appearances = []
    for row in msg.appearances:
        embedding = np.array(row.embedding, np.float32)
        norm = float(np.linalg.norm(embedding))
        if not row.track_id.isdecimal() or not abs(norm - 1) < 1e-2:
            raise InputError(f"appearance of track '{row.track_id}': expected a unit vector, its length is {norm}")
        appearances.append(Appearance(int(row.track_id), embedding, row.quality))
    return appearances


def sightings_to_msg(sightings: Sequence[Sighting], header: Header) -> messages.SightingArray:
    rows = []
    for s in sightings:
        row = messages.Sighting(
            robot=s.key.robot,
            camera=s.key.camera,
            track_id=str(s.key.track_id),
            class_id=s.class_name,
            score=float(s.score),
            stamp=ns_to_stamp(s.stamp_ns),
            position=array_to_point(s.position),
            position_covariance=s.covariance.ravel(),
            model=s.model,
        )
        if s.velocity is not None:
            row.velocity = array_to_vector(s.velocity)
        else:
            row.velocity_covariance = np.diag([-1.0, -1.0, -1.0]).ravel()
        if s.embedding is not None:
            row.embedding = array("f", s.embedding.tolist())
        rows.append(row)
    return messages.SightingArray(header=header, sightings=rows)


def identities_to_msg(identities: Sequence[Identity], header: Header) -> messages.IdentityArray:
    rows = [
        messages.Identity(
            id=i.identity_id,
            aliases=list(i.aliases),
            class_id=i.class_name,
            score=float(i.score),
            position=array_to_point(i.position),
            position_covariance=i.covariance.ravel(),
            velocity=array_to_vector(i.velocity),
            velocity_covariance=i.velocity_covariance.ravel(),
            tracks=[messages.TrackKey(robot=k.robot, camera=k.camera, track_id=str(k.track_id)) for k in i.tracks],
            first_seen=ns_to_stamp(i.first_seen_ns),
            last_seen=ns_to_stamp(i.last_seen_ns),
        )
        for i in identities
    ]
    return messages.IdentityArray(header=header, identities=rows)


def msg_to_identities(msg: messages.IdentityArray) -> list[Identity]:
    """Raises InputError for a track id that is not a number."""
    for row in msg.identities:
        for key in row.tracks:
            if not key.track_id.isdecimal():
                raise InputError(f"identity '{row.id}': track id '{key.track_id}' is not a decimal number")
    return [
        Identity(
            identity_id=row.id,
            aliases=tuple(row.aliases),
            class_name=row.class_id,
            score=row.score,
            position=point_to_array(row.position),
            covariance=np.array(row.position_covariance).reshape(3, 3),
            velocity=np.array([row.velocity.x, row.velocity.y, row.velocity.z]),
            velocity_covariance=np.array(row.velocity_covariance).reshape(3, 3),
            tracks=tuple(TrackKey(k.robot, k.camera, int(k.track_id)) for k in row.tracks),
            first_seen_ns=stamp_to_ns(row.first_seen),
            last_seen_ns=stamp_to_ns(row.last_seen),
        )
        for row in msg.identities
    ]


def array_to_point(values: np.ndarray) -> Point:
    return Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def point_to_array(point: Point) -> np.ndarray:
    """``(3,)`` float64."""
    return np.array([point.x, point.y, point.z])


def array_to_vector(values: np.ndarray) -> Vector3:
    return Vector3(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def msg_to_transform(msg: TransformStamped) -> Transform:
    """``child2parent`` of a tf message; raises InputError for a zero or NaN quaternion or translation."""
    t, q = msg.transform.translation, msg.transform.rotation
    translation = np.array([t.x, t.y, t.z])
    if not np.isfinite(translation).all():
        raise InputError(f"transform {msg.header.frame_id} -> {msg.child_frame_id}: translation {translation}")
    return Transform.from_quaternion(np.array([q.x, q.y, q.z, q.w]), translation)


def transform_to_msg(child2parent: Transform, parent: str, child: str, stamp_ns: int) -> TransformStamped:
    msg = TransformStamped(header=make_header(stamp_ns, parent), child_frame_id=child)
    msg.transform.translation = array_to_vector(child2parent.translation)
    q = child2parent.quaternion()
    rotation = msg.transform.rotation
    rotation.x, rotation.y, rotation.z, rotation.w = (float(v) for v in q)
    return msg
