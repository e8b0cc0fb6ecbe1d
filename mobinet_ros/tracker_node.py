"""Follows the detected objects of any number of cameras, each camera with a tracker of its own.

A sister camera beside one of them, e.g. an event camera, feeds its detections to the same tracker.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import numpy as np
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from mobinet.camera import CameraModel
from mobinet.errors import MobinetError, SettingsError, TransformError
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.sister_camera import SisterSettings
from mobinet.tracking import (
    FusionSettings,
    ImageMotionSettings,
    LateSettings,
    PatientTracker,
    Tracker,
    TrackerSettings,
    map_detections,
)
from mobinet.transforms import TransformBuffer
from mobinet.types import Detections, Float32, Float64, Frame, Image
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, msg_to_detections, stamp_to_ns, tracks_to_msg
from mobinet_ros.detection_looks import DetectionLooks, LooksSettings
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.picture_motion import CameraMotionSettings, MotionFromImages, MotionFromTf
from mobinet_ros.process import run
from mobinet_ros.sister import LATE_S, Sister, SistersSettings
from mobinet_ros.stamp_order import Order, StampOrder
from mobinet_ros.tf_listener import listen_to_tf


class TrackerNode(StageNode):
    """Publishes all living tracks for every detection message, also when both are empty."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("tracker_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._settings = self.parameters.declare(TrackerSettings)
        self._motion = self.parameters.declare(CameraMotionSettings)
        self._image_motion = self.parameters.declare(ImageMotionSettings)
        self._late = self.parameters.declare(LateSettings)
        self._looks = self.parameters.declare(LooksSettings)
        self._embedder_settings = self.parameters.declare(EmbedderSettings)
        self._pairs = self.parameters.declare(SistersSettings)
        self._sister_settings = self.parameters.declare(SisterSettings)
        self._fusion = self.parameters.declare(FusionSettings)
        self._sisters: dict[str, Sister] = {}
        self._trackers: dict[str, PatientTracker] = {}
        self._describers: dict[str, DetectionLooks] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._order = StampOrder()
        self._forget_motion()

    def _forget_motion(self) -> None:
        self._transforms = TransformBuffer()
        self._models: dict[str, CameraModel] = {}
        self._poses: dict[str, MotionFromTf] = {}
        self._watchers: dict[str, MotionFromImages] = {}
        # cameras of which tf tells where they are, so that their images need not be looked at
        self._told_by_tf: set[str] = set()
        self._boxes: dict[str, Float32] = {}

    def configure(self) -> None:
        sisters = self._pairs.by_camera(self._cameras.names())
        if sisters and self._motion.camera_motion in ("image", "auto"):
            raise SettingsError(
                f"camera_motion: expected 'tf' or 'none' beside sisters, got '{self._motion.camera_motion}': an event "
                "camera has no images that would tell how the picture moved until its detections"
            )
        if sisters or self._motion.camera_motion in ("tf", "auto"):
            listen_to_tf(self, self._transforms)
        embedder = make_embedder(self._embedder_settings) if self._looks.looks else None
        for camera in self._cameras.names():
            late_s = self._late.late_s or (LATE_S if camera in sisters else 0.0)
            self._trackers[camera] = PatientTracker(Tracker(self._settings, self._fusion), late_s)
            if embedder is not None:
                self._describers[camera] = DetectionLooks(embedder)
            self._publishers_of[camera] = self.advertise(topics.TRACKS, topics.camera_topic(camera, topics.TRACKS))
            name = topics.camera_topic(camera, topics.DETECTIONS)
            self.listen(topics.DETECTIONS, partial(self._on_detections, camera), name)
            self._watch_motion(camera)
            if camera in sisters:
                self._watch_sister(camera, sisters[camera])

    def _watch_motion(self, camera: str) -> None:
        if self._motion.camera_motion in ("tf", "auto"):
            self._poses[camera] = MotionFromTf(self._transforms, self._motion.motion_frame)
            self._listen_camera_info(camera)
        if self._motion.camera_motion in ("image", "auto"):
            self._watchers[camera] = MotionFromImages(self._image_motion)
            self._boxes[camera] = np.zeros((0, 4), np.float32)
        if camera in self._watchers or camera in self._describers:
            self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))

    def _watch_sister(self, camera: str, name: str) -> None:
        self._sisters[camera] = Sister(name, self._transforms, self._sister_settings, self._motion.motion_frame)
        topic = topics.camera_topic(name, topics.DETECTIONS)
        self.listen(topics.DETECTIONS, partial(self._on_sister_detections, camera), topic)
        self._listen_camera_info(name)
        if camera not in self._poses:
            self._listen_camera_info(camera)

    def _listen_camera_info(self, camera: str) -> None:
        name = topics.camera_topic(camera, topics.CAMERA_INFO_IN)
        self.listen(topics.CAMERA_INFO_IN, partial(self._on_camera_info, camera), name)

    def cleanup(self) -> None:
        self._trackers.clear()
        self._sisters.clear()
        self._describers.clear()
        self._publishers_of.clear()
        self._order.forget()
        self._forget_motion()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, TrackerSettings):
            self._settings = settings
            for tracker in self._trackers.values():
                tracker.tracker.settings = settings
        if isinstance(settings, FusionSettings):
            self._fusion = settings
            for tracker in self._trackers.values():
                tracker.tracker.fusion = settings

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        stamp_ns = stamp_to_ns(msg.header.stamp)
        order = self._order.judge(camera, stamp_ns)
        late = order is Order.LATE and self._trackers[camera].takes(stamp_ns)
        if not late and not self._is_in_order(camera, order):
            return
        detections = self._detections_of(msg)
        if camera in self._sisters:
            self._follow_beside_sister(camera, msg.header, detections, published=not late)
            return
        looks, frame = self._looks_of(camera, stamp_ns, detections), Frame(stamp_ns, camera, None)
        if late:
            # the stamps of tracks rise: what it changes is told with the next message
            self._trackers[camera].update(frame, detections, looks)
            self.health.count("late_detections")
            return
        self._boxes[camera] = detections.boxes
        motion = self._motion_until(camera, msg.header)
        tracks = self._trackers[camera].update(frame, detections, looks, motion)
        self.send(self._publishers_of[camera], tracks_to_msg(tracks, msg.header))

    def _detections_of(self, msg: Detection2DArray) -> Detections:
        detections, complaints = msg_to_detections(msg)
        for complaint in complaints:
            self.health.count("dropped_detections")
            self.report("detection", complaint)
        return detections

    def _follow_beside_sister(self, camera: str, header: Header, detections: Detections, published: bool) -> None:
        """A camera's own detections, which mostly come after newer ones of its sister; told as of their own time."""
        tracker, stamp_ns = self._trackers[camera], stamp_to_ns(header.stamp)
        if not self._takes(camera, camera, stamp_ns, sister=False):
            return
        motion = self._motion_between(camera, header.frame_id, stamp_ns, sister=False)
        looks = self._looks_of(camera, stamp_ns, detections)
        tracks = tracker.update(Frame(stamp_ns, camera, None), detections, looks, motion)
        if not published:
            self.health.count("late_detections")
            return
        if stamp_ns < (tracker.tracker.stamp_ns or 0):
            tracks = tracker.tracks_of(stamp_ns)
        self.send(self._publishers_of[camera], tracks_to_msg(tracks, header))

    def _on_sister_detections(self, camera: str, msg: Detection2DArray) -> None:
        sister, stamp_ns = self._sisters[camera], stamp_to_ns(msg.header.stamp)
        if not self._is_in_order(camera, self._order.judge(f"{camera}={sister.name}", stamp_ns)):
            return
        if not self._takes(camera, sister.name, stamp_ns, sister=True):
            return
        detections = self._detections_of(msg)
        try:
            mapping = sister.at(msg.header.frame_id, stamp_ns)
        except TransformError as error:
            self.health.count("sister_without_calibration")
            self.report("sister", str(error))
            return
        seen, noise, _ = map_detections(mapping, detections, sister.camera2map(stamp_ns))
        motion = self._motion_between(camera, sister.camera_frame, stamp_ns, sister=True)
        tracker = self._trackers[camera]
        tracks = tracker.update_sister(Frame(stamp_ns, camera, None), seen, noise, motion)
        if stamp_ns < (tracker.tracker.stamp_ns or 0):
            self.health.count("late_detections")
            return
        header = Header(stamp=msg.header.stamp, frame_id=sister.camera_frame)
        self.send(self._publishers_of[camera], tracks_to_msg(tracks, header))

    def _takes(self, camera: str, who: str, stamp_ns: int, *, sister: bool) -> bool:
        """Whether the tracker of ``camera`` still takes in what ``who`` saw; reports where it does not."""
        taken = self._trackers[camera].takes(stamp_ns, sister)
        if not taken:
            self.health.count("dropped_late")
            self.report("late", f"{who}: a message that is too late behind the other camera's is dropped; raise late_s")
        return taken

    def _motion_between(self, camera: str, frame_id: str, stamp_ns: int, *, sister: bool) -> Float64 | None:
        """How the camera's picture moved since the update before in time, of either camera."""
        if camera not in self._poses:
            return None
        before_ns, motion = self._trackers[camera].stamp_before(stamp_ns, sister), None
        try:
            motion = self._poses[camera].between(self._models.get(camera), frame_id, before_ns, stamp_ns)
        except TransformError as error:
            self.report("tf", str(error))
        if motion is None:
            self.health.count("updates_without_motion")
        return motion

    def _looks_of(self, camera: str, stamp_ns: int, detections: Detections) -> Float32 | None:
        """``None`` where they are not asked for or not known: what was detected is followed all the same."""
        if camera not in self._describers or not len(detections):
            return None
        try:
            looks = self._describers[camera].of(camera, stamp_ns, detections.boxes)
        except MobinetError as error:
            self.report("looks", str(error))
            looks = None
        if looks is None:
            self.health.count("updates_without_looks")
        return looks

    def _on_camera_info(self, camera: str, msg: CameraInfo) -> None:
        self._models[camera] = camera_info_to_model(msg)
        for own, sister in self._sisters.items():
            if own == camera:
                sister.camera_model, sister.camera_frame = self._models[camera], msg.header.frame_id
            elif sister.name == camera:
                sister.model = self._models[camera]

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        stamp_ns = stamp_to_ns(header.stamp)
        if camera in self._describers:
            self._describers[camera].see(stamp_ns, image)
        if camera in self._watchers and camera not in self._told_by_tf:
            self._watchers[camera].see(stamp_ns, image, self._boxes[camera])

    def _motion_until(self, camera: str, header: Header) -> Float64 | None:
        """How the picture moved since the last message; ``None`` where that is not known, or not to be."""
        if self._motion.camera_motion == "none":
            return None
        motion = self._motion_from_tf(camera, header)
        if camera in self._watchers:
            seen = self._watchers[camera].motion(stamp_to_ns(header.stamp))
            motion = seen if motion is None else motion
        if motion is None:
            self.health.count("updates_without_motion")
        return motion

    def _motion_from_tf(self, camera: str, header: Header) -> Float64 | None:
        if camera not in self._poses:
            return None
        motion = None
        try:
            motion = self._poses[camera].motion(self._models.get(camera), header.frame_id, stamp_to_ns(header.stamp))
        except TransformError as error:
            if camera not in self._watchers:
                self.report("tf", str(error))
        if motion is None:
            self._told_by_tf.discard(camera)
        elif camera not in self._told_by_tf:
            self._told_by_tf.add(camera)
            # images that are passed over from now on must not be bridged later
            if camera in self._watchers:
                self._watchers[camera].reset()
        return motion

    def _is_in_order(self, camera: str, order: Order) -> bool:
        """A repeated or overtaken stamp is dropped; one that jumps back (a replay that starts again) begins anew."""
        who = camera or "camera"
        if order in (Order.REPEATED, Order.LATE):
            self.health.count(f"dropped_{order.value}")
            self.report(order.value, f"{who}: a message with a {order.value} stamp is dropped; is there one publisher?")
            return False
        if order is Order.JUMPED_BACK:
            self.report("back", f"{who}: stamps jumped back: its tracks start anew")
            self._trackers[camera].reset()
            self._transforms.clear()
            for watcher in (self._poses.get(camera), self._watchers.get(camera)):
                if watcher is not None:
                    watcher.reset()
        return True


def main() -> int:
    return run(TrackerNode)


if __name__ == "__main__":
    sys.exit(main())
