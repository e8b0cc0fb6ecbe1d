"""What a goal of ``track_target`` asks for."""

from __future__ import annotations

from mobinet.errors import InputError
from mobinet_ros.action import TrackTarget
from mobinet_ros.conversions import duration_to_ns, msg_to_box, point_to_array, stamp_to_ns
from mobinet_ros.following.chooser import Chosen, TargetChooser
from mobinet_ros.following.follower import Order
from mobinet_ros.following.goals import ServerGoalHandle


def order_of(goal: ServerGoalHandle, chooser: TargetChooser) -> Order:
    """The order that a goal sets.

    Raises:
        InputError: it cannot begin; the message says why.
    """
    request = goal.request
    limit_ns = duration_to_ns(request.time_limit)
    if limit_ns < 0:
        raise InputError(f"time_limit: expected zero or more, got {limit_ns / 1e9} s")
    return Order(_choose(request, chooser), goal, limit_ns, request.by == request.IDENTITY and not request.camera)


def _choose(request: TrackTarget.Goal, chooser: TargetChooser) -> Chosen:
    """The box that a request means; raises InputError as above."""
    stamp_ns = stamp_to_ns(request.stamp)
    if request.by == request.BOX:
        return chooser.by_box(request.camera, stamp_ns, msg_to_box(request.box))
    if request.by == request.TRACK:
        return chooser.by_track(request.camera, stamp_ns, request.id)
    if request.by == request.IDENTITY:
        return chooser.by_identity(request.camera, request.id)
    if request.by == request.POINT:
        return chooser.by_point(request.camera, stamp_ns, request.point_frame, point_to_array(request.point))
    raise InputError(f"by: expected BOX, TRACK, IDENTITY or POINT (0 to 3), got {request.by}")
