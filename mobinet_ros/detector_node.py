"""Detects objects in the images of any number of cameras with one model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from rclpy.publisher import Publisher
from std_msgs.msg import Header
from vision_msgs.msg import LabelInfo, VisionClass

from mobinet.detection import Detector, DetectorSettings, make_detector
from mobinet.errors import MobinetError
from mobinet.types import Detections, Frame, Image
from mobinet_ros import topics
from mobinet_ros.conversions import detections_to_msg, stamp_to_ns
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.process import run
from mobinet_ros.worker import NewestWorker


class DetectorNode(StageNode):
    """Takes the newest image of each camera that waits, all in one batch; an image that is overtaken is dropped."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("detector_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._settings = self.parameters.declare(DetectorSettings)
        self._detector: Detector | None = None
        self._worker: NewestWorker[tuple[Header, Frame]] | None = None
        self._publishers_of: dict[str, Publisher] = {}
        self._labels_of: dict[str, Publisher] = {}

    def configure(self) -> None:
        self._detector = make_detector(self._settings)
        for camera in self._cameras.names():
            self._publishers_of[camera] = self.advertise(
                topics.DETECTIONS, topics.camera_topic(camera, topics.DETECTIONS)
            )
            self._labels_of[camera] = self.advertise(topics.LABEL_INFO, topics.camera_topic(camera, topics.LABEL_INFO))
            self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))

    def activate(self) -> None:
        self._worker = NewestWorker("detector", partial(self.guarded, self._detect))
        self._send_labels()

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        self._detector = None
        self._publishers_of.clear()
        self._labels_of.clear()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, DetectorSettings):
            if self._detector is not None:
                self._detector.configure(settings)
            self._settings = settings
            self._send_labels()

    def _send_labels(self) -> None:
        if self._detector is None:
            return
        names = self._detector.class_names
        table = [VisionClass(class_id=index, class_name=name) for index, name in enumerate(names)]
        for publisher in self._labels_of.values():
            self.send(publisher, LabelInfo(class_map=table, threshold=self._settings.score_threshold))

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        worker = self._worker
        if worker is not None:
            worker.put(camera, (header, Frame(stamp_to_ns(header.stamp), camera, image)))
            self.health.set_counter("overtaken_images", worker.dropped)

    def _detect(self, waiting: dict[str, tuple[Header, Frame]]) -> None:
        """One batch; when it fails, each image alone, so that a bad one does not take the others with it."""
        if self._detector is None:
            return
        frames = [frame for _, frame in waiting.values()]
        try:
            results = self._detector.detect(frames)
        except MobinetError as error:
            if len(waiting) == 1:
                self.health.count("errors")
                self.report(type(error).__name__, str(error))
                return
            for camera, item in waiting.items():
                self._detect({camera: item})
            return
        for (camera, (header, _)), detections in zip(waiting.items(), results, strict=True):
            self._publish(camera, header, detections)

    def _publish(self, camera: str, header: Header, detections: Detections) -> None:
        publisher = self._publishers_of.get(camera)
        if publisher is not None:
            self.send(publisher, detections_to_msg(detections, header))


def main() -> int:
    return run(DetectorNode)


if __name__ == "__main__":
    sys.exit(main())
