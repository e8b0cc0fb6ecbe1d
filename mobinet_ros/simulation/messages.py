"""What a simulated world knows, as messages."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from geometry_msgs.msg import Pose, PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header
from vision_msgs.msg import BoundingBox2D

from mobinet.geometry import Transform
from mobinet.sim.contacts import COLLISION, CONTACT, NEAR_MISS, Contact
from mobinet.sim.odometry import OdometryReading
from mobinet.sim.truth import TrueObject
from mobinet.types import Float32, Float64
from mobinet_ros import msg as messages
from mobinet_ros.conversions import array_to_point, array_to_vector, ns_to_stamp

MAP_FRAME = "map"
_KINDS = {
    NEAR_MISS: messages.Contact.NEAR_MISS,
    CONTACT: messages.Contact.CONTACT,
    COLLISION: messages.Contact.COLLISION,
}
_VELOCITY_STEP_NS = 20_000_000
# filters take a variance of zero for an unknown one: a tenth of a millimetre, or of a milliradian
_LEAST_COVARIANCE = 1e-8 * np.eye(6)


def clock_to_msg(stamp_ns: int) -> Clock:
    return Clock(clock=ns_to_stamp(stamp_ns))


def depth_to_msg(depth: Float32, header: Header) -> ImageMessage:
    """``(H, W)`` metres as 32FC1 (REP 118): infinite is too far to be measured."""
    height, width = depth.shape
    data = array("B", np.ascontiguousarray(depth, "<f4").tobytes())
    return ImageMessage(header=header, height=height, width=width, encoding="32FC1", step=4 * width, data=data)


def truth_to_msg(
    objects: Iterable[TrueObject], header: Header, world_stamp_ns: int, optical2map: Transform
) -> messages.GroundTruthArray:
    """What an image really shows: ``header`` is the image's, ``world_stamp_ns`` the time by the world's exact clock."""
    rows = [
        messages.GroundTruth(
            name=thing.name,
            identity=thing.identity,
            class_id=thing.object_class.label,
            bbox=box_to_msg(thing.box),
            visible_bbox=box_to_msg(thing.visible_box),
            visibility=thing.visibility,
            hidden_by=list(thing.hidden_by),
            hidden_shares=list(thing.hidden_by.values()),
            position=array_to_point(thing.position),
            velocity=array_to_vector(thing.velocity),
        )
        for thing in objects
    ]
    return messages.GroundTruthArray(
        header=header,
        world_stamp=ns_to_stamp(world_stamp_ns),
        map_frame=MAP_FRAME,
        camera_pose=transform_to_pose(optical2map),
        objects=rows,
    )


def contacts_to_msg(
    contacts: Sequence[Contact], identities: dict[str, int], header: Header, start_ns: int
) -> messages.ContactArray:
    """``identities`` by name; ``start_ns`` is what the exact clock shows at the beginning of the world."""
    rows = [
        messages.Contact(
            kind=_KINDS[contact.kind],
            first=contact.first,
            second=contact.second,
            first_identity=identities[contact.first],
            second_identity=identities[contact.second],
            begin=ns_to_stamp(start_ns + contact.begin_ns),
            end=ns_to_stamp(start_ns + contact.end_ns),
            closest=ns_to_stamp(start_ns + contact.closest_ns),
            distance=contact.distance_m,
            relative_speed=contact.relative_speed,
            time_to_collision=contact.ttc_s,
            post_encroachment_time=contact.pet_s,
            position=array_to_point(np.array(contact.position)),
        )
        for contact in contacts
    ]
    return messages.ContactArray(header=header, contacts=rows)


def odometry_to_msg(reading: OdometryReading, header: Header, child: str) -> Odometry:
    """What a robot measured; the pose in the header's frame, the velocity in that of ``child``."""
    msg = Odometry(header=header, child_frame_id=child)
    msg.pose.pose = transform_to_pose(reading.pose)
    msg.pose.covariance = (reading.pose_covariance + _LEAST_COVARIANCE).ravel()
    msg.twist.twist.linear = array_to_vector(reading.velocity)
    msg.twist.twist.angular.z = reading.turn_rate
    msg.twist.covariance = (reading.velocity_covariance + _LEAST_COVARIANCE).ravel()
    return msg


def true_odometry_to_msg(pose_at: Callable[[int], Transform], world_ns: int, header: Header, child: str) -> Odometry:
    """Where ``child`` really is in the header's frame, and its velocity over the last 20 ms.

    Args:
        pose_at: ``child2map`` at a time of the world.
    """
    msg = Odometry(header=header, child_frame_id=child)
    msg.pose.pose = transform_to_pose(pose_at(world_ns))
    now_ns = max(world_ns, _VELOCITY_STEP_NS)
    step = pose_at(now_ns - _VELOCITY_STEP_NS).inverse() @ pose_at(now_ns)
    elapsed_s = _VELOCITY_STEP_NS / 1e9
    msg.twist.twist.linear = array_to_vector(step.translation / elapsed_s)
    msg.twist.twist.angular.z = math.atan2(step.rotation[1, 0], step.rotation[0, 0]) / elapsed_s
    return msg


def pose_to_msg(base2map: Transform, covariance: Float64, header: Header) -> PoseWithCovarianceStamped:
    """``covariance`` is ``(6, 6)`` of x, y, z, roll, pitch, yaw."""
    msg = PoseWithCovarianceStamped(header=header)
    msg.pose.pose = transform_to_pose(base2map)
    msg.pose.covariance = covariance.ravel()
    return msg


def transform_to_pose(child2parent: Transform) -> Pose:
    x, y, z, w = (float(value) for value in child2parent.quaternion())
    pose = Pose(position=array_to_point(child2parent.translation))
    pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = x, y, z, w
    return pose


def box_to_msg(box: Float32) -> BoundingBox2D:
    """From ``(4,)`` xyxy pixels."""
    x1, y1, x2, y2 = (float(value) for value in box)
    msg = BoundingBox2D(size_x=x2 - x1, size_y=y2 - y1)
    msg.center.position.x, msg.center.position.y = (x1 + x2) / 2, (y1 + y2) / 2
    return msg
