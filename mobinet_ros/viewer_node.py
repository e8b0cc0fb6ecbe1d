"""Shows a whole rig in a browser: every camera, the map, rates and ages."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from mobinet.errors import SettingsError, TransformError
from mobinet.settings import check_settings, setting
from mobinet.transforms import TransformBuffer
from mobinet.types import Float64, Identity, Image
from mobinet.viewing import CameraKey, RerunSettings, RerunView, merge_identities
from mobinet_ros import topics
from mobinet_ros.conversions import (
    detection_msg_to_box,
    msg_to_identities,
    msg_to_target,
    msg_to_tracks,
    point_to_array,
    stamp_to_ns,
)
from mobinet_ros.frame_buffer import FrameBuffer
from mobinet_ros.identity_labels import IdentityLabels
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import GroundTruthArray, IdentityArray, TrackArray
from mobinet_ros.msg import Target as TargetMsg
from mobinet_ros.process import run
from mobinet_ros.running.live_table import CameraRow
from mobinet_ros.stamp_order import Order, StampOrder
from mobinet_ros.tf_listener import listen_to_tf
from mobinet_ros.worker import NewestWorker

SHOW_PERIOD_S = 0.2
ROBOT_SILENT_AFTER_NS = 3_000_000_000
TRACKS_SILENT_AFTER_NS = 2_000_000_000
IMAGES_KEPT = 15


@dataclass(frozen=True)
class ViewerSettings:
    """What the node has beside the view's settings."""

    robots: tuple[str, ...] = setting((), "the robots' namespaces, relative to the node's; none: those of the cameras")
    map_frame: str = setting("map", "the frame of the map")
    port: int = setting(9876, "TCP port of the data", minimum=1, maximum=65535)
    web_port: int = setting(9090, "TCP port of the page", minimum=1, maximum=65535)
    open_browser: bool = setting(False, "open the page on this machine")
    truth: bool = setting(False, "also show the truth that a simulated world tells, in white")
    image_rate: float = setting(10.0, "images shown of each camera, Hz at most", minimum=0.1, maximum=100.0, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


class ViewerNode(StageNode):
    """Listens to all robots of a rig. Cameras are named ROBOT/CAMERA, relative to the node's namespace."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("viewer_node", cli_args, hub)
        cameras = self.parameters.declare(CamerasSettings)
        self._transport = cameras.image_transport
        self._keys = [_camera_key(name) for name in cameras.cameras]
        self._settings = self.parameters.declare(ViewerSettings)
        self._view_settings = self.parameters.declare(RerunSettings)
        self._robots = self._settings.robots or tuple(dict.fromkeys(key.robot for key in self._keys))
        self._view: RerunView | None = None
        self._worker: NewestWorker[tuple[int, Image]] | None = None
        self._forget_all()

    def _forget_all(self) -> None:
        self._transforms = TransformBuffer()
        self._placed_ns: dict[str, int] = {}
        self._labels = {robot: IdentityLabels() for robot in self._robots}
        self._identities: dict[str, tuple[int, list[Identity]]] = {}
        self._tracks = {key: CameraRow() for key in self._keys}
        self._newest_ns: dict[str, int] = {}
        self._order = StampOrder()
        self._frames = {key: FrameBuffer(IMAGES_KEPT) for key in self._keys}
        self._shown_ns: dict[CameraKey, int] = {}
        self._true_positions: dict[CameraKey, dict[str, Float64]] = {key: {} for key in self._keys}

    def configure(self) -> None:
        self._forget_all()
        self._view = RerunView(self._keys, self._view_settings)
        url = self._view.serve(self._settings.port, self._settings.web_port, self._settings.open_browser)
        self.get_logger().info(f"the view is at {url}")
        for key in self._keys:
            self._listen_to(key)
        for robot in self._robots:
            name = f"{robot}/{topics.IDENTITIES.name}"
            self.listen(topics.IDENTITIES, partial(self._on_identities, robot), name, optional=True)
        listen_to_tf(self, self._transforms)

    def _listen_to(self, key: CameraKey) -> None:
        self.listen(topics.TRACKS, partial(self._on_tracks, key), topics.camera_topic(str(key), topics.TRACKS))
        self.listen(
            topics.TARGET, partial(self._on_target, key), topics.camera_topic(str(key), topics.TARGET), optional=True
        )
        if self._settings.truth:
            name = topics.camera_topic(str(key), topics.TRUTH)
            self.listen(topics.TRUTH, partial(self._on_truth, key), name, optional=True)
        if self._transport == "compressed":
            name = topics.camera_topic(str(key), topics.COMPRESSED_IN)
            self.listen(topics.COMPRESSED_IN, partial(self._on_compressed, key), name)
        else:
            self.listen_images(str(key), self._transport, partial(self._on_image, key))

    def activate(self) -> None:
        self._worker = NewestWorker("viewer", self._show_images)
        self._timer = self.every(SHOW_PERIOD_S, self._show_map)

    def deactivate(self) -> None:
        self.destroy_timer(self._timer)
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, ViewerSettings):
            self._settings = settings

    def _on_image(self, key: CameraKey, header: Header, image: Image) -> None:
        self._keep(key, stamp_to_ns(header.stamp), image)

    def _on_compressed(self, key: CameraKey, msg: CompressedImage) -> None:
        self._keep(key, stamp_to_ns(msg.header.stamp), np.frombuffer(msg.data, np.uint8))

    def _keep(self, key: CameraKey, stamp_ns: int, image: Image) -> None:
        """Images wait for their tracks, so that boxes lie on their objects; where none come, images go on alone."""
        self._frames[key].add(stamp_ns, image)
        received = self._tracks[key].received_ns
        if not received or not 0 <= self.now_ns - received[-1] < TRACKS_SILENT_AFTER_NS:
            self._show(key, stamp_ns)

    def _show(self, key: CameraKey, stamp_ns: int) -> None:
        image = self._frames[key].get(stamp_ns)
        since = stamp_ns - self._shown_ns.get(key, -1)
        # the next image may come a little early: that is no reason to skip one
        if self._worker is None or image is None or 0 <= since < 0.9e9 / self._settings.image_rate:
            return
        self._shown_ns[key] = stamp_ns
        self._worker.put(str(key), (stamp_ns, image))

    def _show_images(self, waiting: dict[str, tuple[int, Image]]) -> None:
        for name, (stamp_ns, image) in waiting.items():
            view, key = self._view, _camera_key(name)
            if view is not None and image.ndim == 1:
                view.log_compressed(*key, stamp_ns, image.tobytes())
            elif view is not None:
                self.guarded(view.log_image, *key, stamp_ns, image)

    def _on_tracks(self, key: CameraKey, msg: TrackArray) -> None:
        stamp_ns, now = stamp_to_ns(msg.header.stamp), self.now_ns
        if self._order.judge(str(key), stamp_ns) is Order.JUMPED_BACK:
            self._newest_ns.clear()
            self._transforms.clear()
        self._newest_ns[key.robot] = stamp_ns
        row = self._tracks[key]
        row.received_ns.append(now)
        row.age_ms = (now - stamp_ns) / 1e6
        names = self._labels[key.robot].of_camera(*key) if key.robot in self._labels else {}
        if self._view is not None:
            self._show(key, stamp_ns)
            self._view.log_tracks(*key, stamp_ns, msg_to_tracks(msg), names)

    def _on_truth(self, key: CameraKey, msg: GroundTruthArray) -> None:
        visible = [one for one in msg.objects if one.visibility > 0]
        self._true_positions[key] = {one.name: point_to_array(one.position) for one in visible}
        if self._view is not None:
            boxes = np.array([detection_msg_to_box(one) for one in visible], np.float32)
            self._view.log_truth(*key, stamp_to_ns(msg.header.stamp), boxes)

    def _on_target(self, key: CameraKey, msg: TargetMsg) -> None:
        if self._view is not None:
            self._view.log_target(*key, stamp_to_ns(msg.header.stamp), msg_to_target(msg), msg.id)

    def _on_identities(self, robot: str, msg: IdentityArray) -> None:
        identities = msg_to_identities(msg)
        self._labels[robot].update(stamp_to_ns(msg.header.stamp), identities)
        self._identities[robot] = (self.now_ns, identities)

    def _show_map(self) -> None:
        """Identities, robots and plots, at the newest stamp of all cameras."""
        if self._view is None or not self._newest_ns:
            return
        now, newest_ns = self.now_ns, max(self._newest_ns.values())
        heard = self._identities.items()
        living = {robot: said for robot, (at, said) in heard if abs(now - at) < ROBOT_SILENT_AFTER_NS}
        self._view.log_identities(newest_ns, merge_identities(living))
        if self._settings.truth:
            seen = {name: place for places in self._true_positions.values() for name, place in places.items()}
            self._view.log_true_positions(newest_ns, list(seen.values()))
        for key, row in self._tracks.items():
            self._view.log_metrics(*key, newest_ns, row.rate_hz(now), row.age_ms)
        for robot, stamp_ns in self._newest_ns.items():
            self._show_robot(robot, stamp_ns, newest_ns)

    def _show_robot(self, robot: str, stamp_ns: int, newest_ns: int) -> None:
        try:
            pose = self._transforms.lookup(self._settings.map_frame, f"{robot}/base_link", stamp_ns)
        except TransformError as error:
            # tf may come a little later than tracks; the next round shows the robot then
            if not 0 <= stamp_ns - self._placed_ns.get(robot, -ROBOT_SILENT_AFTER_NS) < ROBOT_SILENT_AFTER_NS:
                self.report(f"tf {robot}", str(error))
            return
        self._placed_ns[robot] = stamp_ns
        if self._view is not None:
            self._view.log_robot(robot, newest_ns, pose)


def _camera_key(name: str) -> CameraKey:
    robot, _, camera = name.partition("/")
    if not robot or not camera:
        raise SettingsError(f"cameras: expected ROBOT/CAMERA, got '{name}'")
    return CameraKey(robot, camera)


def main() -> int:
    return run(ViewerNode)


if __name__ == "__main__":
    sys.exit(main())
