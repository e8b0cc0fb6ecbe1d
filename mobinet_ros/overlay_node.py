"""Draws tracks and identities on the images of any number of cameras, while somebody looks."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rclpy.publisher import Publisher
from std_msgs.msg import Header

from mobinet.settings import check_settings, setting
from mobinet.types import Image, Track
from mobinet.viewing import OverlaySettings, Trails, draw_overlay, foot_point
from mobinet_ros import topics
from mobinet_ros.conversions import msg_to_identities, msg_to_target, msg_to_tracks, stamp_to_ns
from mobinet_ros.frame_buffer import FrameBuffer
from mobinet_ros.identity_labels import IdentityLabels
from mobinet_ros.image_conversions import ImageMessageFactory, image_to_compressed_msg
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import IdentityArray, TrackArray
from mobinet_ros.msg import Target as TargetMsg
from mobinet_ros.process import run
from mobinet_ros.worker import NewestWorker

Drawn = tuple[Header, Image, list[Track]]
TARGETS_KEPT = 10
TARGET_SHOWN_NS = 300_000_000
TRACKS_SILENT_AFTER_NS = 2_000_000_000


@dataclass(frozen=True)
class OverlayNodeSettings:
    """What the node has beside the drawing's settings."""

    robot: str = setting("", "name of this robot in identities; empty: the last part of the namespace")
    jpeg_quality: int = setting(80, "of overlay/compressed", minimum=1, maximum=100, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


class OverlayNode(StageNode):
    """Joins images and tracks by their stamp. Without a subscriber it keeps no image and draws nothing.

    The target of the same image is drawn where it is there already, else the newest. Where no tracks come, images are
    drawn as their targets come.
    """

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("overlay_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._settings = self.parameters.declare(OverlaySettings)
        self._own = self.parameters.declare(OverlayNodeSettings)
        self._robot = self._own.robot or self.get_namespace().strip("/").rpartition("/")[2]
        self._labels = IdentityLabels()
        self._factory = ImageMessageFactory()
        self._frames: dict[str, FrameBuffer] = {}
        self._targets: dict[str, deque[TargetMsg]] = {}
        self._tracks_ns: dict[str, int] = {}
        self._trails: dict[str, Trails[int]] = {}
        self._raw: dict[str, Publisher] = {}
        self._compressed: dict[str, Publisher] = {}
        self._worker: NewestWorker[Drawn] | None = None

    def configure(self) -> None:
        for camera in self._cameras.names():
            self._frames[camera] = FrameBuffer()
            self._targets[camera] = deque(maxlen=TARGETS_KEPT)
            self._trails[camera] = Trails(self._settings.trail_s)
            self._raw[camera] = self.advertise(topics.OVERLAY, topics.camera_topic(camera, topics.OVERLAY))
            name = topics.camera_topic(camera, topics.OVERLAY_COMPRESSED)
            self._compressed[camera] = self.advertise(topics.OVERLAY_COMPRESSED, name)
            self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))
            self.listen(topics.TRACKS, partial(self._on_tracks, camera), topics.camera_topic(camera, topics.TRACKS))
            name = topics.camera_topic(camera, topics.TARGET)
            self.listen(topics.TARGET, partial(self._on_target, camera), name, optional=True)
        self.listen(topics.IDENTITIES, self._on_identities, optional=True)

    def activate(self) -> None:
        self._worker = NewestWorker("overlay", partial(self.guarded, self._draw))

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        self._labels = IdentityLabels()
        for table in (self._frames, self._targets, self._tracks_ns, self._trails, self._raw, self._compressed):
            table.clear()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, OverlaySettings):
            self._settings = settings
        elif isinstance(settings, OverlayNodeSettings):
            self._own = settings

    def _is_watched(self, camera: str) -> bool:
        publishers = (self._raw.get(camera), self._compressed.get(camera))
        return any(publisher is not None and self.is_wanted(publisher) for publisher in publishers)

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        frames = self._frames[camera]
        if self._is_watched(camera):
            frames.add(stamp_to_ns(header.stamp), image)
        else:
            frames.clear()

    def _on_identities(self, msg: IdentityArray) -> None:
        self._labels.update(stamp_to_ns(msg.header.stamp), msg_to_identities(msg))

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        self._tracks_ns[camera] = self.now_ns
        self._put(camera, msg.header, msg_to_tracks(msg))

    def _on_target(self, camera: str, msg: TargetMsg) -> None:
        self._targets[camera].append(msg)
        if not 0 <= self.now_ns - self._tracks_ns.get(camera, -TRACKS_SILENT_AFTER_NS) < TRACKS_SILENT_AFTER_NS:
            self._put(camera, msg.header, [])

    def _put(self, camera: str, header: Header, tracks: list[Track]) -> None:
        if self._worker is None or not self._is_watched(camera):
            return
        image = self._frames[camera].get(stamp_to_ns(header.stamp))
        if image is None:
            self.health.count("tracks_without_image")
            return
        self._worker.put(camera, (header, image, tracks))
        self.health.set_counter("overtaken_images", self._worker.dropped)

    def _draw(self, waiting: dict[str, Drawn]) -> None:
        for camera, item in waiting.items():
            self.guarded(self._draw_one, camera, *item)

    def _draw_one(self, camera: str, header: Header, image: Image, tracks: list[Track]) -> None:
        trails = self._trails[camera]
        trails.update(stamp_to_ns(header.stamp), {track.track_id: foot_point(track.box) for track in tracks})
        names = self._labels.of_camera(self._robot, camera)
        target = self._target_at(camera, stamp_to_ns(header.stamp))
        shown = (msg_to_target(target), target.id) if target is not None else (None, "")
        canvas = draw_overlay(image, tracks, names, self._settings, trails, *shown)
        if self.is_wanted(self._raw[camera]):
            self.send(self._raw[camera], self._factory.fill(canvas, header))
        if self.is_wanted(self._compressed[camera]):
            jpeg = image_to_compressed_msg(canvas, header, self._own.jpeg_quality)
            self.send(self._compressed[camera], jpeg)

    def _target_at(self, camera: str, stamp_ns: int) -> TargetMsg | None:
        """The target of an image, or the newest before it that is not too old to lie on its object."""
        targets = [(stamp_to_ns(msg.header.stamp), msg) for msg in tuple(self._targets[camera])]
        fitting = [one for one in targets if 0 <= stamp_ns - one[0] < TARGET_SHOWN_NS]
        return max(fitting, key=lambda one: one[0])[1] if fitting else None


def main() -> int:
    return run(OverlayNode)


if __name__ == "__main__":
    sys.exit(main())
