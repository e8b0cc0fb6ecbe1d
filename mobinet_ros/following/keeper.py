"""What a robot's cameras follow, from the order to its end: for the one thread that searches images."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from mobinet.errors import MobinetError
from mobinet.types import Float64, Frame, Target, TargetState
from mobinet_ros.action import TrackTarget
from mobinet_ros.conversions import NANOSECONDS, make_header, ns_to_duration, target_to_msg
from mobinet_ros.following.camera_memory import CameraMemory
from mobinet_ros.following.chooser import Chosen
from mobinet_ros.following.follower import Follower, Order
from mobinet_ros.following.goals import LastingGoals, RCLError, ServerGoalHandle
from mobinet_ros.health import Health
from mobinet_ros.msg import Target as TargetMsg

Result = TrackTarget.Result


class TargetKeeper:
    """Each method is one piece of work; an error of the library in it costs that piece alone.

    Args:
        followers, memories: by camera.
        goals: of the action.
        publish: sends a camera's target.
        health: of the node.
    """

    def __init__(
        self,
        followers: Mapping[str, Follower],
        memories: Mapping[str, CameraMemory],
        goals: LastingGoals,
        publish: Callable[[str, TargetMsg], None],
        health: Health,
    ) -> None:
        self._followers = followers
        self._memories = memories
        self._goals = goals
        self._publish = publish
        self._health = health

    def begin(self, order: Order) -> None:
        """Takes up a new object instead of the one before; a goal that cannot begin is refused.

        Raises:
            MobinetError: an order without a goal cannot begin.
        """
        camera = order.chosen.camera
        before = self._followers[camera].order
        report = self._result(camera, Result.PREEMPTED, "another target was chosen for this camera")
        try:
            self._take_up(order)
        except MobinetError as error:
            if order.goal is None:
                raise
            self.refuse(order.goal, str(error))
            return
        if before is not None and before.goal is not None:
            self._goals.finish(before.goal, report)
        self._tell(camera, self._memories[camera].frame_id)

    def hand_over(self, camera: str, order: Order, seen: Chosen) -> None:
        """Another camera goes on with an order; its client learns that by the feedback.

        Raises:
            MobinetError: the other camera cannot; this one goes on looking.
        """
        follower = self._followers[camera]
        if follower.order is not order or self._followers[seen.camera].order is not None:
            return
        left_ns = max(order.time_limit_ns - follower.followed_ns, 1) if order.time_limit_ns else 0
        self._take_up(replace(order, chosen=replace(seen, name=order.chosen.name), time_limit_ns=left_ns))
        follower.end()
        self._tell(seen.camera, self._memories[seen.camera].frame_id)

    def propose(self, camera: str, order: Order, box: Float64) -> None:
        """A box in which somebody else sees the object of an order."""
        if self._followers[camera].order is order:
            self._followers[camera].propose(box)

    def learn_identity(self, camera: str, order: Order, identity: str) -> None:
        """The identity that the object of an order turned out to have."""
        if self._followers[camera].order is order:
            self._followers[camera].identity = identity

    def follow(self, frame: Frame, frame_id: str, give_up_s: float) -> None:
        """Searches a camera's next image, and tells what is believed; also that nothing is followed."""
        camera, follower = frame.camera, self._followers[frame.camera]
        if follower.order is None:
            follower.target = Target(frame.stamp_ns, TargetState.NONE, None, 0.0)
            self._tell(camera, frame_id)
            return
        began = time.perf_counter()
        if not follower.follow(frame):
            return
        self._health.set_counter("matcher_ms", round(1e3 * (time.perf_counter() - began), 1))
        self._tell(camera, frame_id)
        if follower.is_over_time:
            self.end(camera, Result.TIME_LIMIT, "followed for as long as asked")
        elif 0 < give_up_s * NANOSECONDS <= follower.unseen_ns:
            self.end(camera, Result.LOST, f"not seen for {give_up_s:g} s (give_up_s)")

    def cancel(self, goal: ServerGoalHandle) -> None:
        """Ends what was begun for a goal."""
        for camera, follower in self._followers.items():
            if follower.order is not None and follower.order.goal == goal:
                self.end(camera, Result.CANCELLED, "cancelled")

    def end(self, camera: str, reason: int, message: str) -> None:
        """Ends what a camera follows, if anything."""
        result = self._result(camera, reason, message)
        order = self._followers[camera].end()
        if order is not None and order.goal is not None:
            self._goals.finish(order.goal, result, succeeded=reason == Result.TIME_LIMIT)

    def stop(self, message: str) -> None:
        """Ends everything before this returns, also goals that were accepted and did not begin."""
        for camera, follower in self._followers.items():
            result = self._result(camera, Result.STOPPED, message)
            order = follower.end()
            if order is not None and order.goal is not None:
                self._goals.finish_now(order.goal, result)
        for goal in self._goals.open_goals():
            self._goals.finish_now(goal, Result(reason=Result.STOPPED, message=message))

    def refuse(self, goal: ServerGoalHandle, reason: str) -> None:
        """Ends a goal that cannot begin; from any thread."""
        self._health.count("refused_goals")
        if self._health.problem(f"goal {reason}", f"a goal was refused: {reason}"):
            self._health.node.get_logger().warning(f"a goal was refused: {reason}")
        self._goals.finish(goal, Result(reason=Result.REFUSED, message=reason))

    def _take_up(self, order: Order) -> None:
        camera = order.chosen.camera
        memory = self._memories[camera]
        since = [Frame(stamp, camera, image) for stamp, image in memory.images.after(order.chosen.stamp_ns)]
        self._followers[camera].begin(order, [memory.frame(order.chosen.stamp_ns), *since])

    def _tell(self, camera: str, frame_id: str) -> None:
        """Publishes what is believed as of the last image, and tells it to whoever set the goal."""
        follower = self._followers[camera]
        order, msg = follower.order, self._target_msg(camera, frame_id)
        self._publish(camera, msg)
        self._health.set_note(f"{camera} target".strip(), follower.target.state.name)
        if order is None or order.goal is None:
            return
        feedback = TrackTarget.Feedback(target=msg, camera=camera, followed=ns_to_duration(follower.followed_ns))
        try:
            order.goal.publish_feedback(feedback)
        except RCLError as error:
            self._health.count("publish_failed")
            self._health.problem("feedback", f"{error}; the middleware is overrun, feedback is lost")

    def _result(self, camera: str, reason: int, message: str) -> TrackTarget.Result:
        follower = self._followers[camera]
        return Result(
            reason=reason,
            message=message,
            target=self._target_msg(camera, self._memories[camera].frame_id),
            followed=ns_to_duration(follower.followed_ns),
            images=follower.images,
            images_seen=follower.images_seen,
        )

    def _target_msg(self, camera: str, frame_id: str) -> TargetMsg:
        follower = self._followers[camera]
        name = follower.order.chosen.name if follower.order is not None else ""
        return target_to_msg(follower.target, name, make_header(follower.target.stamp_ns, frame_id))
