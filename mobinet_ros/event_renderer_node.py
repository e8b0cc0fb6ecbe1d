"""Draws the events of any number of event cameras, while somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from event_camera_msgs.msg import EventPacket
from rclpy.publisher import Publisher
from rclpy.timer import Timer
from vision_msgs.msg import Detection2DArray

from mobinet.events import RenderChain, Rendered, RenderSettings, StreamCounts
from mobinet.settings import check_settings, setting
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, stamp_to_ns
from mobinet_ros.event_conversions import msg_to_packet
from mobinet_ros.event_worker import EventCamerasSettings, EventWorker, Latencies
from mobinet_ros.image_conversions import ImageMessageFactory
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run

_COUNTS = ("packets", "events", "restarts", "lost_packets", "bad_packets", "outside_events")


@dataclass(frozen=True)
class EventRendererSettings:
    """What the node has beside the pictures' settings."""

    rate: float = setting(30.0, "pictures a second, while no detections come", minimum=0.1, maximum=1000.0)
    at_detections: bool = setting(
        True,
        "draw at the stamps of the camera's detections while some come, so that boxes can be drawn on the pictures",
    )

    def __post_init__(self) -> None:
        check_settings(self)


class EventRendererNode(StageNode):
    """Pictures are images like a colour camera's: for RViz, the overlay and the view. Without a subscriber it decodes
    nothing."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("event_renderer_node", cli_args, hub)
        self._cameras = self.parameters.declare(EventCamerasSettings)
        self._settings = self.parameters.declare(RenderSettings)
        self._own = self.parameters.declare(EventRendererSettings)
        self._timer: Timer | None = None
        self._frames: dict[str, str] = {}
        self._chains: dict[str, RenderChain] = {}
        self._latencies: dict[str, Latencies] = {}
        self._workers: dict[str, EventWorker[Rendered, StreamCounts]] = {}
        self._publishers_of: dict[str, Publisher] = {}
        for camera in self._cameras.names():
            self.hub.provide(self._image_topic(camera))

    def configure(self) -> None:
        for camera in self._cameras.names():
            name = topics.camera_topic(camera, topics.EVENT_IMAGE)
            self._publishers_of[camera] = self.advertise(topics.EVENT_IMAGE, name)
            self.listen(topics.EVENTS, partial(self._on_packet, camera), topics.camera_topic(camera, topics.EVENTS))
            if self._own.at_detections:
                name = topics.camera_topic(camera, topics.DETECTIONS)
                self.listen(topics.DETECTIONS, partial(self._on_detections, camera), name, optional=True)

    def activate(self) -> None:
        for camera in self._cameras.names():
            self._latencies[camera] = Latencies()
            self._workers[camera] = EventWorker(
                name=f"render {camera}".strip(),
                make_chain=partial(self._make_chain, camera),
                counts=StreamCounts(),
                made=partial(self._publish, camera),
                guarded=self.guarded,
                clock=lambda: self.now_ns,
                resized=partial(self._tell_resized, camera),
                longest_wait_s=self._cameras.max_wait_s,
            )
        self._timer = self.every(1.0, self._tell_counts)

    def deactivate(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for worker in self._workers.values():
            worker.stop()
        self._workers.clear()

    def cleanup(self) -> None:
        for table in (self._frames, self._chains, self._publishers_of):
            table.clear()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, RenderSettings):
            self._settings = settings
            for chain in self._chains.values():
                chain.renderer.settings = settings

    def _image_topic(self, camera: str) -> str:
        return self.resolve_topic_name(topics.camera_topic(camera, topics.EVENT_IMAGE))

    def _is_watched(self, camera: str) -> bool:
        publisher = self._publishers_of.get(camera)
        wanted = publisher is not None and self.is_wanted(publisher)
        return wanted or self.hub.is_listened(self._image_topic(camera))

    def _make_chain(self, camera: str, width: int, height: int, counts: StreamCounts) -> RenderChain:
        self._chains[camera] = RenderChain(width, height, self._settings, 1 / self._own.rate, counts)
        return self._chains[camera]

    def _on_packet(self, camera: str, msg: EventPacket) -> None:
        self._frames[camera] = msg.header.frame_id
        worker = self._workers.get(camera)
        if worker is not None and self._is_watched(camera):
            worker.put(msg_to_packet(msg))

    def _on_detections(self, camera: str, msg: Detection2DArray) -> None:
        chain = self._chains.get(camera)
        if chain is not None:
            chain.ask(stamp_to_ns(msg.header.stamp))

    def _tell_resized(self, camera: str, before: tuple[int, int], now: tuple[int, int]) -> None:
        self.report(
            f"{camera} size",
            f"{camera or 'camera'}: packets of {now[0]} x {now[1]} pixels follow those of {before[0]} x {before[1]}: "
            "pictures change their size; is there one publisher?",
        )

    def _publish(self, camera: str, rendered: Rendered) -> None:
        self._latencies[camera].note(self.now_ns - rendered.stamp_ns)
        header = make_header(rendered.stamp_ns, self._frames.get(camera, ""))
        self.hub.hand_over(self._image_topic(camera), header, rendered.image)
        publisher = self._publishers_of.get(camera)
        if publisher is not None and self.is_wanted(publisher):
            # several cameras' threads share no message
            self.send(publisher, ImageMessageFactory().fill(rendered.image, header))
        self.health.count("images")

    def _tell_counts(self) -> None:
        workers = tuple(self._workers.values())
        for name in _COUNTS:
            self.health.set_counter(name, sum(getattr(worker.counts, name) for worker in workers))
        self.health.set_counter("skipped_packets", sum(worker.skipped_packets for worker in workers))
        self.health.set_counter("overflowed", sum(worker.queue.overflowed for worker in workers))
        for camera, latencies in self._latencies.items():
            self.health.set_note(f"{camera} latency_ms".strip(), f"{latencies.median_ms:.1f}")


def main() -> int:
    return run(EventRendererNode)


if __name__ == "__main__":
    sys.exit(main())
