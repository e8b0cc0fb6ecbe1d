"""Publishes a video, a folder of images, a device or a stream as a camera, whole or through a moving window."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError, SourceError
from mobinet.recordings.base import SeekableSource, Source, SourceImage
from mobinet.recordings.ptz_window import PtzWindow, PtzWindowSettings
from mobinet.recordings.sources import SourceSettings, open_source
from mobinet.recordings.virtual import VirtualCamera
from mobinet.settings import check_settings, setting
from mobinet_ros import topics
from mobinet_ros.conversions import NANOSECONDS, make_header, model_to_camera_info
from mobinet_ros.image_conversions import ImageMessageFactory, image_to_compressed_msg
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.joints import order_mount, state_to_joints
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run
from mobinet_ros.stoppable_thread import StoppableThread

LONGEST_SLEEP_S = 0.1
SIMULATED_SLEEP_S = 0.002
SILENT_RETRY_S = 1.0
JOINT_PERIOD_S = 0.02


@dataclass(frozen=True)
class CameraSettings:
    """What a camera is, beside where its images come from."""

    frame_id: str = setting("", "optical frame of the images; empty: the namespace and '_optical'")
    calibration: str = setting("", "calibration YAML of the whole image; empty: none")
    horizontal_fov_deg: float = setting(
        0.0, "without calibration: field of view of an ideal lens, 0 = unknown", minimum=0.0, maximum=179.0
    )
    start_time: float = setting(
        0.0,
        "when a recording starts, seconds of the node's clock; 0: at activation; cameras that share it stay in step",
        minimum=0.0,
    )
    jpeg_quality: int = setting(90, "of image_raw/compressed", minimum=1, maximum=100, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


class CameraNode(StageNode):
    """Stamps are the time of exposure: of a recording start + index / rate, of a device its own or the arrival."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("camera_node", cli_args, hub)
        self._source_settings = self.parameters.declare(SourceSettings)
        self._settings = self.parameters.declare(CameraSettings)
        self._window_settings = self.parameters.declare(PtzWindowSettings)
        self._window: PtzWindow | None = None
        self._joint_timer: Timer | None = None
        self._frame_id = self._settings.frame_id or f"{self.get_namespace().strip('/')}_optical"
        self._factory = ImageMessageFactory()
        self._topic = self.resolve_topic_name(topics.IMAGE.name)
        self._source: Source | None = None
        self._player = StoppableThread()
        self.hub.provide(self._topic)

    def configure(self) -> None:
        self._source = open_source(self._whole_source())
        self._calibration = self._load_calibration()
        if self._window_settings.ptz:
            self._window = self._open_window()
            self._joints = self.advertise(topics.PTZ_STATE)
            self.listen(topics.PTZ_COMMAND, self._turn, optional=True)
        self._images = self.advertise(topics.IMAGE)
        self._compressed = self.advertise(topics.COMPRESSED)
        self._infos = self.advertise(topics.CAMERA_INFO)

    def activate(self) -> None:
        source = self._source
        if source is None:
            raise SourceError(f"'{self._source_settings.source}' is not open; configure the node before activating it")
        if isinstance(source, SeekableSource) and not source.live:
            self._player.start(self.get_name(), partial(self._play, source))
        else:
            self._player.start(self.get_name(), partial(self._follow, source))

        if self._window is not None:
            self._joint_timer = self.every(JOINT_PERIOD_S, self._tell_joints)

    def deactivate(self) -> None:
        if self._joint_timer is not None:
            self.destroy_timer(self._joint_timer)
            self._joint_timer = None
        self._player.stop()

    def cleanup(self) -> None:
        self._window = None
        if self._source is not None:
            self._source.close()
            self._source = None

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, CameraSettings):
            self._settings = settings

    def _whole_source(self) -> SourceSettings:
        """What to open: a window that obeys commands is cut out here, at the time of each image."""
        if not self._window_settings.ptz:
            return self._source_settings
        return replace(self._source_settings, window_width=0, window_height=0, window_path=(), width=0, height=0)

    def _open_window(self) -> PtzWindow:
        size = self._source.size if self._source is not None else (0, 0)
        model = self._whole_model() if self._calibration is not None or size != (0, 0) else None
        if model is None or size not in ((0, 0), (model.width, model.height)):
            lens = "unknown" if model is None else f"one of {model.width} x {model.height}"
            raise SettingsError(
                f"ptz: directions need the lens of the whole picture ({size[0]} x {size[1]}), it is {lens}; set "
                "calibration or, for a recording, horizontal_fov_deg"
            )
        return PtzWindow(model, self._source_settings, self._window_settings)

    def _turn(self, msg: JointTrajectory) -> None:
        if self._window is not None:
            order_mount(self._window.mount, msg, self.now_ns)

    def _tell_joints(self) -> None:
        if self._window is not None:
            state = self._window.mount.at(self.now_ns)
            self.send(self._joints, state_to_joints(state, make_header(state.stamp_ns, self._frame_id)))

    def _play(self, source: SeekableSource) -> None:
        """A recording: each image at its time; one that could not be in time is skipped and counted."""
        settings = self._settings
        start_ns = round(settings.start_time * NANOSECONDS) or self.now_ns
        period_ns = NANOSECONDS / source.rate
        position = max(0, math.ceil((self.now_ns - start_ns) / period_ns)) if settings.start_time else 0
        while self._sleep_until(round(start_ns + position * period_ns)):
            try:
                taken = source.image_at(position)
            except SourceError as error:
                self.health.count("damaged_images")
                self.report("source", str(error))
                position += 1
                continue
            if taken is None:
                self.get_logger().info(f"'{self._source_settings.source}' has ended after {position} images")
                self._tell_the_end()
                return
            self._publish(taken, round(start_ns + position * period_ns))
            due = int((self.now_ns - start_ns) / period_ns)
            if due > position + 1:
                self.health.count("skipped_images", due - position - 1)
                position = due
            else:
                position += 1

    def _tell_the_end(self) -> None:
        """A problem is forgotten after some seconds; this one lasts until the node is deactivated."""
        while not self._player.stopping.is_set():
            self.health.problem("source", f"'{self._source_settings.source}' has ended; set loop to repeat it")
            self._player.stopping.wait(SILENT_RETRY_S)

    def _follow(self, source: Source) -> None:
        """A device or stream: each image as it comes."""
        while not self._player.stopping.is_set():
            try:
                taken = source.read()
            except SourceError as error:
                self.report("source", str(error))
                self._player.stopping.wait(SILENT_RETRY_S)
                continue
            if taken is None:
                return
            self._publish(taken, self._live_stamp(taken))

    def _live_stamp(self, taken: SourceImage) -> int:
        simulated = self.get_clock().ros_time_is_active
        return self.now_ns if taken.stamp_ns is None or simulated else taken.stamp_ns

    def _sleep_until(self, due_ns: int) -> bool:
        """False when the node was stopped meanwhile. Simulated time is polled: it has no alarm clock."""
        while not self._player.stopping.is_set():
            remaining_s = (due_ns - self.now_ns) / NANOSECONDS
            if remaining_s <= 0:
                return True
            longest = SIMULATED_SLEEP_S if self.get_clock().ros_time_is_active else LONGEST_SLEEP_S
            self._player.stopping.wait(min(remaining_s, longest))
        return False

    def _publish(self, taken: SourceImage, stamp_ns: int) -> None:
        header = make_header(stamp_ns, self._frame_id)
        if self._window is not None:
            taken = self._window.cut(taken, stamp_ns)
        image = taken.image
        if self.is_wanted(self._infos):
            self.send(self._infos, self._camera_info(taken, header))
        self.hub.hand_over(self._topic, header, image)
        if self.is_wanted(self._images):
            self.send(self._images, self._factory.fill(image, header))
        if self.is_wanted(self._compressed):
            self.send(self._compressed, image_to_compressed_msg(image, header, self._settings.jpeg_quality))
        self.health.count("images")

    def _load_calibration(self) -> CameraModel | None:
        path = self._settings.calibration
        return CameraModel.from_calibration_yaml(path) if path else None

    def _camera_info(self, taken: SourceImage, header: Header) -> CameraInfo:
        """Intrinsics of what is shown: the principal point moves with the window, a resized image scales them."""
        height, width = taken.image.shape[:2]
        whole = self._whole_model()
        if whole is None:
            return CameraInfo(header=header, width=width, height=height)
        shown = whole.shifted(*taken.window) if taken.window is not None else whole
        if (shown.width, shown.height) != (width, height):
            shown = shown.scaled(width, height)
        return model_to_camera_info(shown, header)

    def _whole_model(self) -> CameraModel | None:
        """Intrinsics of the whole recording, None when nothing is known of the lens."""
        if self._calibration is None and self._settings.horizontal_fov_deg:
            source = self._source
            size = source.whole_size if isinstance(source, VirtualCamera) else source.size if source else (0, 0)
            self._calibration = CameraModel.pinhole(*size, math.radians(self._settings.horizontal_fov_deg))
        return self._calibration


def main() -> int:
    return run(CameraNode)


if __name__ == "__main__":
    sys.exit(main())
