"""Follows one chosen object in each of a robot's cameras: chosen by box, track, identity or a click."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from geometry_msgs.msg import PointStamped
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from mobinet.errors import InputError, MobinetError
from mobinet.settings import check_settings, setting
from mobinet.targets.base import Correction, Matcher
from mobinet.targets.corrections import make_corrections
from mobinet.targets.factory import load_matcher
from mobinet.targets.history import HistorySettings
from mobinet.targets.occlusion_settings import OcclusionSettings
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.transforms import TransformBuffer
from mobinet.types import Frame, Image, Target, TargetState, TrackState
from mobinet_ros import topics
from mobinet_ros.action import TrackTarget
from mobinet_ros.conversions import (
    NANOSECONDS,
    camera_info_to_model,
    duration_to_ns,
    make_header,
    msg_to_box,
    msg_to_detections,
    msg_to_identities,
    msg_to_tracks,
    ns_to_duration,
    point_to_array,
    stamp_to_ns,
    target_to_msg,
)
from mobinet_ros.following.camera_memory import CameraMemory
from mobinet_ros.following.chooser import Chosen, ClickSettings, TargetChooser, to_seen
from mobinet_ros.following.follower import Follower, Order
from mobinet_ros.following.goals import LastingGoals, RCLError, ServerGoalHandle
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import IdentityArray, TrackArray
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order as StampJudgement
from mobinet_ros.stamp_order import StampOrder
from mobinet_ros.tf_listener import listen_to_tf
from mobinet_ros.worker import NewestWorker

ACTION_NAME = "track_target"
DEACTIVATED = "the node was deactivated"
Result = TrackTarget.Result


@dataclass(frozen=True)
class TargetNodeSettings:
    """What the node has beside the tracker's settings."""

    robot: str = setting("", "name of this robot in identities; empty: the last part of the namespace")
    frames_kept: int = setting(
        30,
        "images of each camera that are kept, so that a target may be chosen in an older one",
        minimum=2,
        maximum=1000,
    )
    corrections: tuple[str, ...] = setting(
        ("occlusion",), "what judges behind the network, in this order; none: the network alone", choices=("occlusion",)
    )
    give_up_s: float = setting(
        60.0, "a target that was not seen for so long is given up, s; 0: never", minimum=0.0, maximum=86400.0, live=True
    )
    clicked_point_topic: str = setting(topics.CLICKED_POINT.name, "where clicks come from")

    def __post_init__(self) -> None:
        check_settings(self)


class TargetTrackerNode(StageNode):
    """Callbacks of inputs and goals only hand on: one worker begins, follows and ends, so that nothing waits for it.

    What the worker must do one after the other, and nothing of it may be lost, has keys of its own; of each camera's
    images it takes the newest.
    """

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("target_tracker_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._own = self.parameters.declare(TargetNodeSettings)
        self._settings = self.parameters.declare(TargetSettings)
        self._occlusion = self.parameters.declare(OcclusionSettings)
        self._history = self.parameters.declare(HistorySettings)
        self._clicks = self.parameters.declare(ClickSettings)
        self._robot = self._own.robot or self.robot
        self._memories: dict[str, CameraMemory] = {}
        self._followers: dict[str, Follower] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._chooser: TargetChooser | None = None
        self._goals: LastingGoals | None = None
        self._order = StampOrder()
        self._numbers = itertools.count()
        self._worker: NewestWorker[Callable[[], None]] | None = None

    # life cycle

    def configure(self) -> None:
        matcher = load_matcher(self._settings)
        transforms = TransformBuffer()
        for camera in self._cameras.names():
            self._memories[camera] = CameraMemory(camera, self._own.frames_kept)
            self._followers[camera] = Follower(partial(self._make_tracker, matcher))
            name = topics.camera_topic(camera, topics.TARGET)
            self._publishers_of[camera] = self.advertise(topics.TARGET, name)
            self._listen_to(camera)
        self._chooser = TargetChooser(self._robot, self._memories, transforms, self._clicks)
        self.listen(topics.IDENTITIES, self._on_identities, optional=True)
        self.listen(topics.CLICKED_POINT, self._on_click, self._own.clicked_point_topic, optional=True)
        listen_to_tf(self, transforms)
        self._goals = LastingGoals(
            self, TrackTarget, ACTION_NAME, self._group, lambda: self.active, self._on_goal, self._on_cancel
        )

    def _make_tracker(self, matcher: Matcher) -> tuple[TargetTracker, Sequence[Correction]]:
        corrections = make_corrections(
            matcher, occlusion=self._occlusion, history=self._history, use=self._own.corrections
        )
        return TargetTracker(matcher, corrections, self._settings), corrections

    def _listen_to(self, camera: str) -> None:
        self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))
        for topic, callback in (
            (topics.TRACKS, self._on_tracks),
            (topics.DETECTIONS, self._on_detections),
            (topics.CAMERA_INFO_IN, self._on_camera_info),
        ):
            self.listen(topic, partial(callback, camera), topics.camera_topic(camera, topic), optional=True)

    def activate(self) -> None:
        self._worker = NewestWorker("target tracker", self._work_off)

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        for camera in self._followers:
            self._end(camera, Result.STOPPED, DEACTIVATED, now=True)
        if self._goals is not None:
            for goal in self._goals.open_goals():  # accepted, and not begun yet
                self._goals.finish_now(goal, Result(reason=Result.STOPPED, message=DEACTIVATED))

    def cleanup(self) -> None:
        if self._goals is not None:
            self._goals.destroy()
            self._goals = None
        self._chooser = None
        for table in (self._memories, self._followers, self._publishers_of):
            table.clear()
        self._order.forget()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, TargetNodeSettings):
            self._own = settings
        elif isinstance(settings, TargetSettings):
            self._settings = settings
        elif isinstance(settings, ClickSettings):
            self._clicks = settings
            if self._chooser is not None:
                self._chooser.settings = settings

    # what comes in

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        stamp_ns, memory = stamp_to_ns(header.stamp), self._memories[camera]
        judgement = self._order.judge(camera, stamp_ns)
        if judgement is StampJudgement.JUMPED_BACK:
            memory.clear()
            self._put_once(partial(self._end, camera, Result.STOPPED, "the images started again from an earlier time"))
        elif judgement is not StampJudgement.RISING:
            self.health.count("late_images")
            return
        memory.add_image(stamp_ns, header.frame_id, image)
        if self._worker is not None:
            self._worker.put(camera, partial(self._follow, Frame(stamp_ns, camera, image), header))
            self.health.set_counter("overtaken_images", self._worker.dropped)

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        memory = self._memories[camera]
        # a coasting track's box is a guess
        tracks = [track for track in msg_to_tracks(msg) if track.state is not TrackState.COASTING]
        seen = to_seen((track.box for track in tracks), (track.track_id for track in tracks))
        memory.add_boxes(memory.tracks, stamp_to_ns(msg.header.stamp), seen)

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        memory = self._memories[camera]
        seen = to_seen(msg_to_detections(msg)[0].boxes)
        memory.add_boxes(memory.detections, stamp_to_ns(msg.header.stamp), seen)

    def _on_camera_info(self, camera: str, msg: CameraInfo) -> None:
        self._memories[camera].model = camera_info_to_model(msg)

    def _on_identities(self, msg: IdentityArray) -> None:
        if self._chooser is None:
            return
        self._chooser.hear_identities(stamp_to_ns(msg.header.stamp), msg_to_identities(msg))
        for camera, follower in self._followers.items():
            order, target = follower.order, follower.target
            if order is None:
                continue
            if target.state is TargetState.TRACKING and target.box is not None and not follower.identity:
                identity = self._chooser.identity_of(camera, target.stamp_ns, target.box)
                self._put_once(partial(follower.learn_identity, order, identity))
            elif target.state is TargetState.LOST and follower.identity:
                self._look_elsewhere(camera, order, follower.identity)

    def _look_elsewhere(self, camera: str, order: Order, identity: str) -> None:
        """What the network of robots knows of a lost target: that a track of ours shows it again."""
        try:
            seen = self._chooser.by_identity("" if order.anywhere else camera, identity)
        except InputError:
            return
        if seen.stamp_ns <= self._followers[camera].last_seen_ns:
            return
        if seen.camera == camera:
            self._put_once(partial(self._followers[camera].propose, order, seen.box))
        elif self._followers[seen.camera].order is None:
            self._put_once(partial(self._hand_over, camera, order, seen))

    def _on_click(self, msg: PointStamped) -> None:
        if self._chooser is not None:
            stamp_ns, point = stamp_to_ns(msg.header.stamp), point_to_array(msg.point)
            chosen = self._chooser.by_point("", stamp_ns, msg.header.frame_id, point)
            self._put_once(partial(self._begin, Order(chosen)))

    def _on_goal(self, goal: ServerGoalHandle) -> None:
        with self._lock:
            try:
                order = self._order_of(goal)
            except InputError as error:
                self._refuse(goal, str(error))
                return
            self._put_once(partial(self._begin, order))

    def _on_cancel(self, goal: ServerGoalHandle) -> None:
        self._put_once(partial(self._cancel, goal))

    def _order_of(self, goal: ServerGoalHandle) -> Order:
        request = goal.request
        limit_ns = duration_to_ns(request.time_limit)
        if limit_ns < 0:
            raise InputError(f"time_limit: expected zero or more, got {limit_ns / 1e9} s")
        return Order(self._choose(request), goal, limit_ns, request.by == request.IDENTITY and not request.camera)

    def _choose(self, request: TrackTarget.Goal) -> Chosen:
        chooser, stamp_ns = self._chooser, stamp_to_ns(request.stamp)
        if chooser is None or self._worker is None:
            raise InputError("the node is not active")
        if request.by == request.BOX:
            return chooser.by_box(request.camera, stamp_ns, msg_to_box(request.box))
        if request.by == request.TRACK:
            return chooser.by_track(request.camera, stamp_ns, request.id)
        if request.by == request.IDENTITY:
            return chooser.by_identity(request.camera, request.id)
        if request.by == request.POINT:
            return chooser.by_point(request.camera, stamp_ns, request.point_frame, point_to_array(request.point))
        raise InputError(f"by: expected BOX, TRACK, IDENTITY or POINT (0 to 3), got {request.by}")

    # what the worker does

    def _put_once(self, work: Callable[[], None]) -> None:
        if self._worker is not None:
            self._worker.put(f"once {next(self._numbers)}", work)

    def _work_off(self, waiting: dict[str, Callable[[], None]]) -> None:
        for work in waiting.values():
            self.guarded(work)

    def _begin(self, order: Order) -> None:
        camera = order.chosen.camera
        follower, memory = self._followers[camera], self._memories[camera]
        before = follower.order
        kept = memory.images.after(order.chosen.stamp_ns)
        frames = [memory.frame(order.chosen.stamp_ns), *(Frame(stamp, camera, image) for stamp, image in kept)]
        report = self._result(camera, Result.PREEMPTED, "another target was chosen for this camera")
        try:
            follower.begin(order, frames)
        except MobinetError as error:
            if order.goal is None:
                raise
            self._refuse(order.goal, str(error))
            return
        if before is not None and before.goal is not None:
            self._goals.finish(before.goal, report)
        self._tell(camera, make_header(follower.target.stamp_ns, memory.frame_id))

    def _hand_over(self, camera: str, order: Order, seen: Chosen) -> None:
        """Another camera goes on with the goal; its client learns that by the feedback."""
        if self._followers[camera].order is not order:
            return
        self._followers[camera].end()
        self._begin(replace(order, chosen=replace(seen, name=order.chosen.name)))

    def _follow(self, frame: Frame, header: Header) -> None:
        camera, follower = frame.camera, self._followers[frame.camera]
        if follower.order is None:
            follower.target = Target(frame.stamp_ns, TargetState.NONE, None, 0.0)
            self._tell(camera, header)
            return
        began = time.perf_counter()
        if not follower.follow(frame):
            return
        self.health.set_counter("matcher_ms", round(1e3 * (time.perf_counter() - began), 1))
        self._tell(camera, header)
        if follower.is_over_time:
            self._end(camera, Result.TIME_LIMIT, "followed for as long as asked")
        elif 0 < self._own.give_up_s * NANOSECONDS <= follower.unseen_ns:
            self._end(camera, Result.LOST, f"not seen for {self._own.give_up_s:g} s (give_up_s)")

    def _tell(self, camera: str, header: Header) -> None:
        """Publishes what is believed as of the last image, and tells it to whoever set the goal."""
        follower = self._followers[camera]
        order, target = follower.order, follower.target
        msg = target_to_msg(target, order.chosen.name if order is not None else "", header)
        self.send(self._publishers_of[camera], msg)
        self.health.set_note(f"{camera} target".strip(), target.state.name)
        if order is None or order.goal is None:
            return
        try:
            self._goals.tell(
                order.goal,
                TrackTarget.Feedback(target=msg, camera=camera, followed=ns_to_duration(follower.followed_ns)),
            )
        except RCLError as error:
            self.health.count("publish_failed")
            self.report("feedback", f"{ACTION_NAME}: {error}; the middleware is overrun, feedback is lost")

    def _cancel(self, goal: ServerGoalHandle) -> None:
        for camera, follower in self._followers.items():
            if follower.order is not None and follower.order.goal == goal:
                self._end(camera, Result.CANCELLED, "cancelled")

    def _end(self, camera: str, reason: int, message: str, now: bool = False) -> None:
        """Ends what a camera follows, if anything; ``now`` where no thread answers services any more."""
        result = self._result(camera, reason, message)
        order = self._followers[camera].end()
        if order is None or order.goal is None:
            return
        if now:
            self._goals.finish_now(order.goal, result)
        else:
            self._goals.finish(order.goal, result, succeeded=reason == Result.TIME_LIMIT)

    def _result(self, camera: str, reason: int, message: str) -> TrackTarget.Result:
        follower, memory = self._followers[camera], self._memories[camera]
        name = follower.order.chosen.name if follower.order is not None else ""
        return Result(
            reason=reason,
            message=message,
            target=target_to_msg(follower.target, name, make_header(follower.target.stamp_ns, memory.frame_id)),
            followed=ns_to_duration(follower.followed_ns),
            images=follower.images,
            images_seen=follower.images_seen,
        )

    def _refuse(self, goal: ServerGoalHandle, reason: str) -> None:
        self.health.count("refused_goals")
        self.report(f"goal {reason}", f"a goal was refused: {reason}")
        self._goals.finish(goal, Result(reason=Result.REFUSED, message=reason))


def main() -> int:
    return run(TargetTrackerNode)


if __name__ == "__main__":
    sys.exit(main())
