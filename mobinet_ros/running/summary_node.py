"""Listens to the graph on behalf of the summary."""

from __future__ import annotations

import time
from functools import partial

from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from vision_msgs.msg import Detection2DArray

from mobinet.types import TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import detection_msg_to_box, stamp_to_ns
from mobinet_ros.msg import GroundTruthArray, IdentityArray, TrackArray
from mobinet_ros.running.summary import RunSummary
from mobinet_ros.running.truth_summary import TrackBox, TrueBox


class RunSummaryNode(Node):
    """Feeds a :class:`RunSummary` from the graph.

    Args:
        summary: with the cameras to listen to.
        namespace: outer namespace of the rig.
    """

    def __init__(self, summary: RunSummary, namespace: str = "") -> None:
        simulated = summary.truth is not None
        overrides = [Parameter("use_sim_time", Parameter.Type.BOOL, simulated)]
        super().__init__("_run_summary", start_parameter_services=False, parameter_overrides=overrides)
        self._summary = summary
        outer = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
        for robot, camera in summary.cameras:
            for topic, callback in ((topics.DETECTIONS, self._on_detections), (topics.TRACKS, self._on_tracks)):
                name = f"{outer}/{robot}/{topics.camera_topic(camera, topic)}"
                self.create_subscription(topic.type, name, partial(callback, (robot, camera)), topic.qos)
        for robot in summary.identities:
            name = f"{outer}/{robot}/{topics.IDENTITIES.name}"
            callback = partial(self._on_identities, robot)
            self.create_subscription(topics.IDENTITIES.type, name, callback, topics.IDENTITIES.qos)
        if simulated:
            self._listen_to_world(outer)

    def _listen_to_world(self, outer: str) -> None:
        self.create_subscription(Clock, topics.CLOCK.name, self._on_clock, topics.CLOCK.qos)
        for robot, camera in self._summary.cameras:
            name = f"{outer}/{robot}/{topics.camera_topic(camera, topics.TRUTH)}"
            self.create_subscription(
                topics.TRUTH.type, name, partial(self._on_truth, (robot, camera)), topics.TRUTH.qos
            )

    def _on_clock(self, msg: Clock) -> None:
        self._summary.clock.add(stamp_to_ns(msg.clock), time.monotonic_ns())

    def _on_truth(self, camera: tuple[str, str], msg: GroundTruthArray) -> None:
        objects = [TrueBox(o.name, o.class_id, detection_msg_to_box(o), o.visibility) for o in msg.objects]
        if self._summary.truth is not None:
            self._summary.truth.add_truth(camera, stamp_to_ns(msg.header.stamp), objects)

    def _on_detections(self, camera: tuple[str, str], msg: Detection2DArray) -> None:
        self._summary.add_detections(camera, len(msg.detections))

    def _on_tracks(self, camera: tuple[str, str], msg: TrackArray) -> None:
        confirmed = [track.detection for track in msg.tracks if track.state == TrackState.CONFIRMED]
        stamp_ns, now_ns = stamp_to_ns(msg.header.stamp), self.get_clock().now().nanoseconds
        self._summary.add_tracks(camera, stamp_ns, now_ns, [one.id for one in confirmed])
        if self._summary.truth is not None:
            boxes = [TrackBox(one.id, detection_msg_to_box(one)) for one in confirmed]
            self._summary.truth.add_tracks(camera, stamp_ns, boxes)

    def _on_identities(self, robot: str, msg: IdentityArray) -> None:
        rows = {row.id: [(key.robot, key.camera, key.track_id) for key in row.tracks] for row in msg.identities}
        self._summary.add_identities(robot, rows)
        if self._summary.truth is not None:
            names = {key: name for name, keys in rows.items() for key in keys}
            self._summary.truth.add_identities(robot, stamp_to_ns(msg.header.stamp), names)
