"""Recognises tracks by what they look like, over days and restarts, and answers who is who."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rclpy.publisher import Publisher
from rclpy.timer import Timer
from std_msgs.msg import Header

from mobinet.errors import InputError, ModelError
from mobinet.reid.gallery import Gallery, GallerySettings, Verdict, open_gallery
from mobinet.reid.gallery.opening import exists
from mobinet.reid.gallery.recogniser import RecogniserSettings, TrackRecogniser
from mobinet.settings import check_settings, setting
from mobinet.types import Appearance, Image
from mobinet_ros import topics
from mobinet_ros.conversions import msg_to_appearances, msg_to_tracks, stamp_to_ns
from mobinet_ros.gallery_conversions import recognitions_to_msg
from mobinet_ros.gallery_services import Ask, GalleryServices
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import AppearanceArray, TrackArray, TrackKey
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order, StampOrder
from mobinet_ros.track_pictures import TrackPictures
from mobinet_ros.worker import NewestWorker

DAY_NS = 86_400 * 10**9
Described = tuple[Header, list[Appearance], dict[int, str]]


@dataclass(frozen=True)
class GalleryNodeSettings:
    """What the node has beside the gallery's and the recogniser's settings."""

    robot: str = setting("", "name of this robot in recognitions; empty: the last part of the namespace")
    gallery: str = setting(
        "~/.ros/mobinet/{robot}.gallery",
        "file of the gallery, made when absent, or address of a Milvus server; {robot} is the robot's name",
    )
    expiry_days: float = setting(
        0.0, "who has no label and was not seen for so long is forgotten, days; 0: nobody",
        minimum=0.0, maximum=36500.0, live=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)


class GalleryNode(StageNode):
    """Appearances of all cameras in, recognitions out; a worker searches and stores, as a disk may take its time.

    A gallery that is there is opened at once. A new one begins with the first appearances, which say their network.
    """

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("gallery_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._own = self.parameters.declare(GalleryNodeSettings)
        self._settings = self.parameters.declare(GallerySettings)
        self._recogniser_settings = self.parameters.declare(RecogniserSettings)
        self._robot = self._own.robot or self.robot
        self._gallery: Gallery | None = None
        self._recognisers: dict[str, TrackRecogniser] = {}
        self._classes: dict[str, dict[int, str]] = {}
        self._pictures: dict[str, TrackPictures] = {}
        self._publishers_of: dict[str, Publisher] = {}
        self._order = StampOrder()
        self._worker: NewestWorker[Described] | None = None
        self._timer: Timer | None = None
        self._where = self._own.gallery.replace("{robot}", self._robot or "robot")

    def configure(self) -> None:
        if exists(self._where):
            self._open("", 0)
        ask = Ask(lambda: self._gallery, self._open, self._track, lambda: self.now_ns, self._enrolls)
        GalleryServices(self, ask)
        for camera in self._cameras.names():
            self._classes[camera] = {}
            self._pictures[camera] = TrackPictures()
            if self._settings.thumbnails:
                self.listen_images(camera, self._cameras.image_transport, partial(self._on_image, camera))
            name = topics.camera_topic(camera, topics.RECOGNITIONS)
            self._publishers_of[camera] = self.advertise(topics.RECOGNITIONS, name)
            self.listen(topics.TRACKS, partial(self._on_tracks, camera), topics.camera_topic(camera, topics.TRACKS))
            name = topics.camera_topic(camera, topics.APPEARANCES)
            self.listen(topics.APPEARANCES, partial(self._on_appearances, camera), name)
        self._timer = self.every(60.0, self._expire)

    def activate(self) -> None:
        self._worker = NewestWorker("gallery", partial(self.guarded, self._recognise))

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None
        self._recognisers.clear()
        self._classes.clear()
        self._pictures.clear()
        self._publishers_of.clear()
        self._order.forget()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, GallerySettings):
            self._settings = settings
            if self._gallery is not None:
                self._gallery.settings = settings
        elif isinstance(settings, GalleryNodeSettings):
            self._own = settings
        elif isinstance(settings, RecogniserSettings):
            self._recogniser_settings = settings
            for recogniser in self._recognisers.values():
                recogniser.settings = settings

    def _open(self, model: str, dimension: int) -> Gallery:
        """In the thread of a callback, never the worker's."""
        self._gallery = open_gallery(self._where, model, dimension, self._settings)
        for camera in self._cameras.names():
            self._recognisers[camera] = TrackRecogniser(self._gallery, self._recogniser_settings)
        self.health.set_note("gallery", f"{self._where}, of network {self._gallery.model}")
        return self._gallery

    def _enrolls(self) -> bool:
        return self._recogniser_settings.enroll != "never"

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        tracks = {track.track_id: track for track in msg_to_tracks(msg)}
        self._classes[camera] = {track_id: track.class_name for track_id, track in tracks.items()}
        self._pictures[camera].set_tracks(stamp_to_ns(msg.header.stamp), tracks)

    def _on_image(self, camera: str, header: Header, image: Image) -> None:
        self._pictures[camera].add_image(stamp_to_ns(header.stamp), image)

    def _on_appearances(self, camera: str, msg: AppearanceArray) -> None:
        appearances = msg_to_appearances(msg)
        if self._gallery is None:
            if not appearances or not self._enrolls():
                return
            self._open(msg.model, len(appearances[0].embedding))
        assert self._gallery is not None
        if msg.model != self._gallery.model:
            raise ModelError(
                f"gallery '{self._where}' holds vectors of network {self._gallery.model}, and appearances are of "
                f"{msg.model}: they never compare; give reid_node that network, or this node another file"
            )
        if self._worker is not None:
            self._worker.put(camera, (msg.header, appearances, self._classes[camera]))
            self.health.set_counter("overtaken_appearances", self._worker.dropped)

    def _recognise(self, waiting: dict[str, Described]) -> None:
        for camera, item in waiting.items():
            self.guarded(self._recognise_one, camera, *item)

    def _recognise_one(
        self, camera: str, header: Header, appearances: list[Appearance], classes: dict[int, str]
    ) -> None:
        recogniser, gallery, stamp_ns = self._recognisers[camera], self._gallery, stamp_to_ns(header.stamp)
        if gallery is None:
            return
        if self._order.judge(camera, stamp_ns) is Order.JUMPED_BACK:
            recogniser.reset()
        recognised = recogniser.recognise(appearances, stamp_ns, classes, self._pictures[camera].jpeg)
        for verdict in Verdict:
            self.health.count(verdict.name.lower(), sum(one.match.verdict is verdict for one in recognised))
        self.health.set_counter("enrolled", sum(one.enrolled for one in self._recognisers.values()))
        self.health.set_counter("learnt", sum(one.learnt for one in self._recognisers.values()))
        self.health.set_counter("identities", len(gallery))
        self.health.set_note("thresholds", "calibrated" if gallery.calibration else "of the settings: not calibrated")
        self.send(
            self._publishers_of[camera], recognitions_to_msg(recognised, header, gallery.model, self._robot, camera)
        )

    def _track(self, key: TrackKey) -> tuple[Appearance, str]:
        """The last description of a live track, for the services."""
        cameras = self._cameras.names()
        camera = key.camera or (cameras[0] if len(cameras) == 1 else "")
        recogniser = self._recognisers.get(camera)
        if key.robot not in ("", self._robot) or camera not in cameras:
            raise InputError(
                f"track: expected robot '{self._robot}' and one of the cameras {', '.join(cameras)}, got "
                f"'{key.robot}' and '{key.camera}'"
            )
        found = recogniser.appearance(int(key.track_id)) if recogniser and key.track_id.isdecimal() else None
        if found is None or self._gallery is None:
            raise InputError(
                f"track '{key.track_id}' of camera '{camera}' has not been described; is reid_node running?"
            )
        return found, self._gallery.model

    def _expire(self) -> None:
        gallery, days = self._gallery, self._own.expiry_days
        if gallery is None or days == 0 or gallery.read_only or not self.active:
            return
        gone = gallery.expire(max(self.now_ns - round(days * DAY_NS), 0))
        self.health.count("expired", len(gone))


def main() -> int:
    return run(GalleryNode)


if __name__ == "__main__":
    sys.exit(main())
