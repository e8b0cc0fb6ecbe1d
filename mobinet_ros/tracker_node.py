"""Follows the detected objects of any number of cameras, each camera with a tracker of its own."""

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
from mobinet.errors import MobinetError, TransformError
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.tracking import ImageMotionSettings, LateSettings, PatientTracker, Tracker, TrackerSettings
from mobinet.transforms import TransformBuffer
from mobinet.types import Detections, Float32, Float64, Frame, Image
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, msg_to_detections, stamp_to_ns, tracks_to_msg
from mobinet_ros.detection_looks import DetectionLooks, LooksSettings
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.picture_motion import CameraMotionSettings, MotionFromImages, MotionFromTf
from mobinet_ros.process import run
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
        if self._motion.camera_motion in ("tf", "auto"):
            listen_to_tf(self, self._transforms)
        embedder = make_embedder(self._embedder_settings) if self._looks.looks else None
        for camera in self._cameras.names():
            self._trackers[camera] = PatientTracker(Tracker(self._settings), self._late.late_s)
            if embedder is not None:
                self._describers[camera] = DetectionLooks(embedder)
            self._publishers_of[camera] = self.advertise(topics.TRACKS, topics.camera_topic(camera, topics.TRACKS))
            name = topics.camera_topic(camera, topics.DETECTIONS)
            self.listen(topics.DETECTIONS, partial(self._on_detections, camera), name)
            self._watch_motion(camera)

    def _watch_motion(self, camera: str) -> None:
        if self._motion.camera_motion in ("tf", "auto"):
            self._poses[camera] = MotionFromTf(self._transforms, self._motion.motion_frame)
            name = topics.camera_topic(camera, topics.CAMERA_INFO_IN)
            self.listen(topics.CAMERA_INFO_IN, partial(self._on_camera_info, camera), name)
        if self._motion.camera_motion in ("image", "auto"):
            self._watchers[camera] = MotionFromImages(self._image_motion)
            self._boxes[camera] = np.zeros((0, 4), np.float32)
        if camera in self._watchers or camera in self._describers:
            self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))

    def cleanup(self) -> None:
        self._trackers.clear()
        self._describers.clear()
        self._publishers_of.clear()
        self._order.forget()
        self._forget_motion()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, TrackerSettings):
            self._settings = settings
            for tracker in self._trackers.values():
                tracker.tracker.settings = settings

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        stamp_ns = stamp_to_ns(msg.header.stamp)
        order = self._order.judge(camera, stamp_ns)
        late = order is Order.LATE and self._trackers[camera].takes(stamp_ns)
        if not late and not self._is_in_order(camera, order):
            return
        detections, complaints = msg_to_detections(msg)
        for complaint in complaints:
            self.health.count("dropped_detections")
            self.report("detection", complaint)
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
