"""Follows the detected objects of any number of cameras, each camera with a tracker of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from rclpy.publisher import Publisher
from vision_msgs.msg import Detection2DArray

from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Frame
from mobinet_ros import topics
from mobinet_ros.conversions import msg_to_detections, stamp_to_ns, tracks_to_msg
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order, StampOrder


class TrackerNode(StageNode):
    """Publishes all living tracks for every detection message, also when both are empty."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("tracker_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._settings = self.parameters.declare(TrackerSettings)
        self._trackers: dict[str, Tracker] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._order = StampOrder()

    def configure(self) -> None:
        for camera in self._cameras.names():
            self._trackers[camera] = Tracker(self._settings)
            self._publishers_of[camera] = self.advertise(topics.TRACKS, topics.camera_topic(camera, topics.TRACKS))
            name = topics.camera_topic(camera, topics.DETECTIONS)
            self.listen(topics.DETECTIONS, partial(self._on_detections, camera), name)

    def cleanup(self) -> None:
        self._trackers.clear()
        self._publishers_of.clear()
        self._order.forget()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, TrackerSettings):
            self._settings = settings
            for tracker in self._trackers.values():
                tracker.settings = settings

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        stamp_ns = stamp_to_ns(msg.header.stamp)
        if not self._is_in_order(camera, stamp_ns):
            return
        detections, complaints = msg_to_detections(msg)
        for complaint in complaints:
            self.health.count("dropped_detections")
            self.report("detection", complaint)
        tracks = self._trackers[camera].update(Frame(stamp_ns, camera, None), detections)
        self.send(self._publishers_of[camera], tracks_to_msg(tracks, msg.header))

    def _is_in_order(self, camera: str, stamp_ns: int) -> bool:
        """A repeated or overtaken stamp is dropped; one that jumps back (a replay that starts again) begins anew."""
        order = self._order.judge(camera, stamp_ns)
        who = camera or "camera"
        if order in (Order.REPEATED, Order.LATE):
            self.health.count(f"dropped_{order.value}")
            self.report(order.value, f"{who}: a message with a {order.value} stamp is dropped; is there one publisher?")
            return False
        if order is Order.JUMPED_BACK:
            self.report("back", f"{who}: stamps jumped back: its tracks start anew")
            self._trackers[camera].reset()
        return True


def main() -> int:
    return run(TrackerNode)


if __name__ == "__main__":
    sys.exit(main())
