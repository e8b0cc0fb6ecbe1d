"""Describes what confirmed tracks look like, the best views first, within a time budget."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from rclpy.publisher import Publisher
from std_msgs.msg import Header

from mobinet.reid import (
    DescriberSettings,
    Embedder,
    EmbedderSettings,
    Plan,
    TrackDescriber,
    describe_together,
    make_embedder,
)
from mobinet.types import Frame, Image, Track
from mobinet_ros import topics
from mobinet_ros.conversions import appearances_to_msg, msg_to_tracks, stamp_to_ns
from mobinet_ros.frame_buffer import FrameBuffer
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import TrackArray
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order, StampOrder
from mobinet_ros.worker import NewestWorker

Described = tuple[Header, Frame, list[Track]]


class ReidNode(StageNode):
    """Joins images and tracks by their stamp; one embedder serves all cameras, each camera keeps its own tracks."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("reid_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._embedder_settings = self.parameters.declare(EmbedderSettings)
        self._settings = self.parameters.declare(DescriberSettings)
        self._embedder: Embedder | None = None
        self._describers: dict[str, TrackDescriber] = {}
        self._frames: dict[str, FrameBuffer] = {}
        self._publishers_of: dict[str, Publisher] = {}
        # tracks whose image was not there yet, the last message of each camera
        self._early: dict[str, TrackArray] = {}
        self._order = StampOrder()
        self._worker: NewestWorker[Described] | None = None

    def configure(self) -> None:
        self._embedder = make_embedder(self._embedder_settings)
        settings = self._timed(self._settings)
        for camera in self._cameras.names():
            self._describers[camera] = TrackDescriber(self._embedder, settings)
            self._frames[camera] = FrameBuffer()
            name = topics.camera_topic(camera, topics.APPEARANCES)
            self._publishers_of[camera] = self.advertise(topics.APPEARANCES, name)
            self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))
            self.listen(topics.TRACKS, partial(self._on_tracks, camera), topics.camera_topic(camera, topics.TRACKS))

    def activate(self) -> None:
        self._worker = NewestWorker("reid", partial(self.guarded, self._describe))

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        self._embedder = None
        self._describers.clear()
        self._frames.clear()
        self._early.clear()
        self._publishers_of.clear()
        self._order.forget()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, DescriberSettings):
            self._settings = settings
            for describer in self._describers.values():
                describer.settings = self._timed(settings)

    def _timed(self, settings: DescriberSettings) -> DescriberSettings:
        """Without a time budget in simulated time: what is described must not depend on how fast this machine is."""
        return replace(settings, budget_ms=0.0) if self.get_parameter("use_sim_time").value else settings

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        stamp_ns = stamp_to_ns(header.stamp)
        self._frames[camera].add(stamp_ns, image)
        early = self._early.get(camera)
        if early is None or stamp_to_ns(early.header.stamp) != stamp_ns:
            return
        del self._early[camera]
        self._put(camera, early, image)

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        image = self._frames[camera].get(stamp_to_ns(msg.header.stamp))
        if image is None:
            # topics overtake each other: the image may be on its way
            if camera in self._early:
                self.health.count("tracks_without_image")
            self._early[camera] = msg
            return
        self._put(camera, msg, image)

    def _put(self, camera: str, msg: TrackArray, image: Image) -> None:
        frame, tracks = Frame(stamp_to_ns(msg.header.stamp), camera, image), msg_to_tracks(msg)
        worker = self._worker
        if worker is not None:
            worker.put(camera, (msg.header, frame, tracks))
            self.health.set_counter("overtaken_tracks", worker.dropped)

    def _describe(self, waiting: dict[str, Described]) -> None:
        """All cameras that wait in common batches; an image that is malformed costs its own camera alone."""
        plans: dict[str, tuple[Header, Plan]] = {}
        for camera, item in waiting.items():
            self.guarded(self._plan, plans, camera, *item)
        embedder = self._embedder
        if embedder is None or not plans:
            return
        found = describe_together([plan for _, plan in plans.values()])
        for (camera, (header, _)), appearances in zip(plans.items(), found, strict=True):
            self.health.count("described", len(appearances))
            self.send(self._publishers_of[camera], appearances_to_msg(appearances, embedder.model, header))

    def _plan(
        self, plans: dict[str, tuple[Header, Plan]], camera: str, header: Header, frame: Frame, tracks: list[Track]
    ) -> None:
        describer = self._describers.get(camera)
        if describer is None:
            return
        if self._order.judge(camera, frame.stamp_ns) is Order.JUMPED_BACK:
            describer.reset()
        plans[camera] = header, describer.plan(frame, tracks)


def main() -> int:
    return run(ReidNode)


if __name__ == "__main__":
    sys.exit(main())
