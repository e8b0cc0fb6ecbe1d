"""Follows one chosen object in each of a robot's cameras: chosen by box, track, identity or a click."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from geometry_msgs.msg import PointStamped
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.targets.base import Correction, Matcher
from mobinet.targets.corrections import CORRECTIONS, make_corrections
from mobinet.targets.distractors import DistractorSettings
from mobinet.targets.factory import load_matcher
from mobinet.targets.history import HistorySettings
from mobinet.targets.occlusion_settings import OcclusionSettings
from mobinet.targets.redetection import RedetectionSettings, Redetector
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.transforms import TransformBuffer
from mobinet.types import Detections, Frame, Image, TargetState, TrackState
from mobinet_ros import topics
from mobinet_ros.action import TrackTarget
from mobinet_ros.conversions import (
    camera_info_to_model,
    msg_to_detections,
    msg_to_identities,
    msg_to_tracks,
    point_to_array,
    stamp_to_ns,
)
from mobinet_ros.following.camera_memory import CameraMemory
from mobinet_ros.following.chooser import ClickSettings, TargetChooser, to_seen
from mobinet_ros.following.follower import Follower, Order
from mobinet_ros.following.goals import LastingGoals, ServerGoalHandle
from mobinet_ros.following.keeper import Result, TargetKeeper
from mobinet_ros.following.requests import order_of
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import IdentityArray, TrackArray
from mobinet_ros.msg import Target as TargetMsg
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order as StampJudgement
from mobinet_ros.stamp_order import StampOrder
from mobinet_ros.tf_listener import listen_to_tf
from mobinet_ros.worker import NewestWorker

# what the detector found costs nothing more; to judge the places does
LOOK_EVERY_IMAGES = 3
ACTION_NAME = "track_target"


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
        CORRECTIONS, "what judges behind the network, in this order; none: the network alone", choices=CORRECTIONS
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
        self._distractors = self.parameters.declare(DistractorSettings)
        self._history = self.parameters.declare(HistorySettings)
        self._clicks = self.parameters.declare(ClickSettings)
        self._robot = self._own.robot or self.robot
        self._memories: dict[str, CameraMemory] = {}
        self._followers: dict[str, Follower] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._chooser: TargetChooser | None = None
        self._goals: LastingGoals | None = None
        self._keeper: TargetKeeper | None = None
        self._transforms = TransformBuffer()
        self._order = StampOrder()
        self._numbers = itertools.count()
        self._worker: NewestWorker[Callable[[], None]] | None = None

    def configure(self) -> None:
        matcher = load_matcher(self._settings)
        for camera in self._cameras.names():
            self._memories[camera] = CameraMemory(camera, self._own.frames_kept)
            self._followers[camera] = Follower(partial(self._make_tracker, matcher, self._memories[camera]))
            name = topics.camera_topic(camera, topics.TARGET)
            self._publishers_of[camera] = self.advertise(topics.TARGET, name)
            self._listen_to(camera)
        self._chooser = TargetChooser(self._robot, self._memories, self._transforms, self._clicks)
        self.listen(topics.IDENTITIES, self._on_identities, optional=True)
        self.listen(topics.CLICKED_POINT, self._on_click, self._own.clicked_point_topic, optional=True)
        listen_to_tf(self, self._transforms)
        self._goals = LastingGoals(
            self, TrackTarget, ACTION_NAME, self._group, lambda: self.active, self._on_goal, self._on_cancel
        )
        self._keeper = TargetKeeper(self._followers, self._memories, self._goals, self._publish, self.health)

    def _publish(self, camera: str, msg: TargetMsg) -> None:
        self.send(self._publishers_of[camera], msg)

    def _make_tracker(self, matcher: Matcher, memory: CameraMemory) -> tuple[TargetTracker, Sequence[Correction]]:
        corrections = make_corrections(
            matcher,
            use=self._own.corrections,
            occlusion=self._occlusion,
            distractors=self._distractors,
            history=self._history,
            proposer=Redetector(memory, settings=RedetectionSettings(every_images=LOOK_EVERY_IMAGES)),
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
        if self._keeper is not None:
            self._keeper.stop("the node was deactivated")

    def cleanup(self) -> None:
        if self._goals is not None:
            self._goals.destroy()
            self._goals = None
        self._chooser = self._keeper = None
        for table in (self._memories, self._followers, self._publishers_of):
            table.clear()
        self._transforms.clear()
        self._order.forget()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, TargetNodeSettings):
            self._own = settings
        elif isinstance(settings, TargetSettings):
            self._settings = settings
            for follower in self._followers.values():
                follower.configure(settings)
        elif isinstance(settings, ClickSettings):
            self._clicks = settings
            if self._chooser is not None:
                self._chooser.settings = settings

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        stamp_ns, memory = stamp_to_ns(header.stamp), self._memories[camera]
        judgement = self._order.judge(camera, stamp_ns)
        if judgement is StampJudgement.JUMPED_BACK:
            memory.clear()
            self._transforms.clear()
            self._put_once(self._keeper.end, camera, Result.STOPPED, "the images started again from an earlier time")
        elif judgement is not StampJudgement.RISING:
            self.health.count("late_images")
            return
        memory.add_image(stamp_ns, header.frame_id, image)
        if self._worker is not None:
            frame = Frame(stamp_ns, camera, image)
            self._worker.put(camera, partial(self._keeper.follow, frame, header.frame_id, self._own.give_up_s))
            self.health.set_counter("overtaken_images", self._worker.dropped)

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        memory = self._memories[camera]
        # a coasting track's box is a guess
        tracks = [track for track in msg_to_tracks(msg) if track.state is not TrackState.COASTING]
        boxes = np.array([track.box for track in tracks], np.float32).reshape(-1, 4)
        scores = np.array([track.score for track in tracks], np.float32)
        memory.heard = Detections(boxes, scores, tuple(track.class_name for track in tracks))
        seen = to_seen(boxes, (track.track_id for track in tracks))
        memory.add_boxes(memory.tracks, stamp_to_ns(msg.header.stamp), seen)

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        memory = self._memories[camera]
        memory.heard, _ = msg_to_detections(msg)
        memory.add_boxes(memory.detections, stamp_to_ns(msg.header.stamp), to_seen(memory.heard.boxes))

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
                self._put_once(self._keeper.learn_identity, camera, order, identity)
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
            self._put_once(self._keeper.propose, camera, order, seen.box)
        else:
            self._put_once(self._keeper.hand_over, camera, order, seen)

    def _on_click(self, msg: PointStamped) -> None:
        if self._chooser is not None:
            stamp_ns, point = stamp_to_ns(msg.header.stamp), point_to_array(msg.point)
            chosen = self._chooser.by_point("", stamp_ns, msg.header.frame_id, point)
            self._put_once(self._keeper.begin, Order(chosen))

    def _on_goal(self, goal: ServerGoalHandle) -> None:
        with self._lock:
            try:
                if self._chooser is None or self._worker is None:
                    raise InputError("the node is not active")
                order = order_of(goal, self._chooser)
            except InputError as error:
                self._keeper.refuse(goal, str(error))
                return
            self._put_once(self._keeper.begin, order)

    def _on_cancel(self, goal: ServerGoalHandle) -> None:
        self._put_once(self._keeper.cancel, goal)

    def _put_once(self, work: Callable[..., None], *arguments: Any) -> None:
        if self._worker is not None:
            self._worker.put(f"once {next(self._numbers)}", partial(work, *arguments))

    def _work_off(self, waiting: dict[str, Callable[[], None]]) -> None:
        for work in waiting.values():
            self.guarded(work)


def main() -> int:
    return run(TargetTrackerNode)


if __name__ == "__main__":
    sys.exit(main())
