"""Detects objects in the events of any number of event cameras."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from event_camera_msgs.msg import EventPacket
from rclpy.publisher import Publisher
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo
from vision_msgs.msg import LabelInfo, VisionClass

from mobinet.camera import CameraModel
from mobinet.errors import TransformError
from mobinet.events import (
    CameraPacket,
    ChainCounts,
    ClusterSettings,
    EventChain,
    EventChainSettings,
    EventDetector,
    EventDetectorSettings,
    Events,
    Found,
    MoverSettings,
    NoiseSettings,
    encode_evt3,
    make_event_detector,
)
from mobinet.events.recurrent import RecurrentSettings
from mobinet.settings import check_settings, setting
from mobinet.transforms import TransformBuffer
from mobinet.types import Float64
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, detections_to_msg, make_header
from mobinet_ros.event_conversions import msg_to_packet
from mobinet_ros.event_detection import EventDetection
from mobinet_ros.event_worker import EventCamerasSettings
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.picture_motion import MotionFromTf
from mobinet_ros.process import run
from mobinet_ros.tf_listener import listen_to_tf

# a network may ask what the sensor is like; the first packet tells
_USUAL_SIZE = 640, 480
_COUNTS = (
    *("packets", "events", "windows", "restarts", "lost_packets", "bad_packets", "dropped_packets"),
    *("dropped_windows", "late_events", "outside_events"),
)


@dataclass(frozen=True)
class EventMotionSettings:
    """Whether the detector is told how the camera moved."""

    camera_motion: str = setting(
        "none", "where the camera's own motion is seen: tf (needs camera_info), or none", choices=("none", "tf")
    )
    motion_frame: str = setting(
        "map", "frame that does not move with the camera, its ground at z = 0, for camera_motion tf"
    )

    def __post_init__(self) -> None:
        check_settings(self)


class EventDetectorNode(StageNode):
    """Publishes detections at the end of every window, also when there are none, and also while no events come."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("event_detector_node", cli_args, hub)
        self._cameras = self.parameters.declare(EventCamerasSettings)
        self._settings = self.parameters.declare(EventDetectorSettings)
        self._clusters = self.parameters.declare(ClusterSettings)
        self._movers = self.parameters.declare(MoverSettings)
        self._network = self.parameters.declare(RecurrentSettings)
        self._noise = self.parameters.declare(NoiseSettings)
        self._chain = self.parameters.declare(EventChainSettings)
        self._motion = self.parameters.declare(EventMotionSettings)
        self._transforms = TransformBuffer()
        self._class_names: tuple[str, ...] = ()
        self._models: dict[str, CameraModel] = {}
        self._frames: dict[str, str] = {}
        self._timer: Timer | None = None
        self._workers: dict[str, EventDetection] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._labels_of: dict[str, Publisher] = {}

    def configure(self) -> None:
        self._class_names = self._warm_up().class_names
        if self._motion.camera_motion == "tf":
            listen_to_tf(self, self._transforms)
        for camera in self._cameras.names():
            self._publishers_of[camera] = self.advertise(
                topics.DETECTIONS, topics.camera_topic(camera, topics.DETECTIONS)
            )
            self._labels_of[camera] = self.advertise(topics.LABEL_INFO, topics.camera_topic(camera, topics.LABEL_INFO))
            self.listen(topics.EVENTS, partial(self._on_packet, camera), topics.camera_topic(camera, topics.EVENTS))
            if self._motion.camera_motion == "tf":
                name = topics.camera_topic(camera, topics.CAMERA_INFO_IN)
                self.listen(topics.CAMERA_INFO_IN, partial(self._on_camera_info, camera), name)

    def activate(self) -> None:
        for camera in self._cameras.names():
            self._workers[camera] = EventDetection(
                name=camera,
                make_chain=partial(self._make_chain, camera),
                found=partial(self._publish, camera),
                guarded=self.guarded,
                clock=lambda: self.now_ns,
                resized=partial(self._tell_resized, camera),
                longest_wait_s=self._cameras.max_wait_s,
            )
        table = [VisionClass(class_id=index, class_name=name) for index, name in enumerate(self._class_names)]
        for publisher in self._labels_of.values():
            self.send(publisher, LabelInfo(class_map=table))
        self._timer = self.every(1.0, self._tell_counts)

    def deactivate(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for worker in self._workers.values():
            worker.stop()
        self._workers.clear()

    def cleanup(self) -> None:
        self._transforms = TransformBuffer()
        for table in (self._models, self._frames, self._publishers_of, self._labels_of):
            table.clear()

    def _warm_up(self) -> EventDetector:
        """A wrong model is told now, and compiled code is loaded now: seconds for which packets need not wait."""
        detector = self._make_detector(*_USUAL_SIZE)
        chain = EventChain(*_USUAL_SIZE, detector, self._chain, self._noise)
        places = np.arange(100)
        for start_ns in range(0, 500_000_000, 100_000_000):
            events = Events(start_ns + places * 1000, 100 + places % 10, 100 + places // 10, places % 2 == 0)
            chain.push(CameraPacket(encode_evt3(events), "evt3", *_USUAL_SIZE, start_ns))
        return detector

    def _make_detector(self, width: int, height: int) -> EventDetector:
        return make_event_detector(self._settings, width, height, self._clusters, self._network, self._movers)

    def _make_chain(self, camera: str, width: int, height: int, counts: ChainCounts) -> EventChain:
        motion = partial(self._motion_between, camera) if self._motion.camera_motion == "tf" else None
        return EventChain(
            width, height, self._make_detector(width, height), self._chain, self._noise, motion, counts=counts
        )

    def _on_packet(self, camera: str, msg: EventPacket) -> None:
        self._frames[camera] = msg.header.frame_id
        worker = self._workers.get(camera)
        if worker is not None:
            worker.put(msg_to_packet(msg))

    def _on_camera_info(self, camera: str, msg: CameraInfo) -> None:
        self._models[camera] = camera_info_to_model(msg)

    def _motion_between(self, camera: str, start_ns: int, end_ns: int) -> Float64 | None:
        poses = MotionFromTf(self._transforms, self._motion.motion_frame)
        model, frame = self._models.get(camera), self._frames.get(camera, "")
        try:
            poses.motion(model, frame, start_ns)
            motion = poses.motion(model, frame, end_ns)
        except TransformError as error:
            self.report("tf", str(error))
            motion = None
        if motion is None:
            self.health.count("windows_without_motion")
        return motion

    def _tell_resized(self, camera: str, before: tuple[int, int], now: tuple[int, int]) -> None:
        self.report(
            f"{camera} size",
            f"{camera or 'camera'}: packets of {now[0]} x {now[1]} pixels follow those of {before[0]} x {before[1]}: "
            "its detector begins anew; is there one publisher?",
        )

    def _publish(self, camera: str, found: Found) -> None:
        publisher = self._publishers_of.get(camera)
        if publisher is not None:
            header = make_header(found.stamp_ns, self._frames.get(camera, ""))
            self.send(publisher, detections_to_msg(found.detections, header))

    def _tell_counts(self) -> None:
        workers = tuple(self._workers.values())
        for name in _COUNTS:
            self.health.set_counter(name, sum(getattr(worker.packets.counts, name) for worker in workers))
        # under a name that is not added to the dropped messages of other nodes
        self.health.set_counter("events_dropped", sum(worker.dropped_events for worker in workers))
        self.health.set_counter("overflowed", sum(worker.overflowed for worker in workers))
        for camera, worker in self._workers.items():
            prefix, counts = f"{camera} " if camera else "", worker.packets.counts
            self.health.set_note(f"{prefix}events_per_s", f"{worker.packets.events_per_s:.0f}")
            self.health.set_note(f"{prefix}noise_share", f"{counts.noise_events / max(1, counts.events):.3f}")
            self.health.set_note(f"{prefix}latency_ms", f"{worker.latencies.median_ms:.1f}")


def main() -> int:
    return run(EventDetectorNode)


if __name__ == "__main__":
    sys.exit(main())
