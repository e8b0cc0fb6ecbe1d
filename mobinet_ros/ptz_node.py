"""Turns a camera that pans, tilts and zooms after its ``target``."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Sequence

from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.targets.ptz import PtzController
from mobinet.targets.ptz_base import PtzState
from mobinet.targets.ptz_settings import PtzSettings
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, msg_to_target, stamp_to_ns
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.msg import Target
from mobinet_ros.process import run
from mobinet_ros.ptz.action_driver import ActionDriverSettings
from mobinet_ros.ptz.base import PtzDriver
from mobinet_ros.ptz.factory import DriverSettings, PtzNodeSettings, make_driver
from mobinet_ros.ptz.joint_driver import JointDriverSettings
from mobinet_ros.ptz.onvif_driver import OnvifDriverSettings

INFOS_KEPT = 60


class PtzNode(StageNode):
    """Turns one camera. Without a fresh target it stops, widens or goes home, as its settings say."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("ptz_node", cli_args, hub)
        self._chosen = self.parameters.declare(PtzNodeSettings)
        self._settings = self.parameters.declare(PtzSettings)
        self._driver_settings = DriverSettings(
            self.parameters.declare(JointDriverSettings),
            self.parameters.declare(ActionDriverSettings),
            self.parameters.declare(OnvifDriverSettings),
        )
        self._controller = PtzController(self._settings)
        self._driver: PtzDriver | None = None
        self._timer: Timer | None = None
        self._infos: deque[tuple[int, CameraInfo]] = deque(maxlen=INFOS_KEPT)

    def configure(self) -> None:
        camera = self._chosen.camera
        self.listen(topics.TARGET, self._on_target, topics.camera_topic(camera, topics.TARGET))
        self.listen(topics.CAMERA_INFO_IN, self._on_info, topics.camera_topic(camera, topics.CAMERA_INFO_IN))
        self._driver = make_driver(self, self._chosen, self._driver_settings, self._on_state)

    def activate(self) -> None:
        self._controller.reset()
        self._timer = self.every(1 / self._chosen.rate, self._tick)

    def deactivate(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self._driver is not None:
            self._driver.stop()

    def cleanup(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None
        self._infos.clear()

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, PtzSettings):
            self._settings = self._controller.settings = settings

    def _on_state(self, state: PtzState) -> None:
        with self._lock:
            self._controller.measure(state)

    def _on_info(self, msg: CameraInfo) -> None:
        self._infos.append((stamp_to_ns(msg.header.stamp), msg))

    def _on_target(self, msg: Target) -> None:
        target = msg_to_target(msg)
        self._controller.observe(target, self._camera_of(target.stamp_ns), self.now_ns)

    def _camera_of(self, stamp_ns: int) -> CameraModel:
        """Intrinsics of an image; of the newest before it where its own have not come."""
        if not self._infos:
            raise InputError(
                "target: no camera_info has come yet, its angles are unknown; publish it beside the images"
            )
        earlier = [info for at_ns, info in self._infos if at_ns <= stamp_ns]
        return camera_info_to_model(earlier[-1] if earlier else self._infos[0][1])

    def _tick(self) -> None:
        if self._driver is None or not self.active or self.now_ns == 0:
            return
        self._driver.send(self._controller.command(self.now_ns))
        report = self._controller.report
        self.health.set_note("mode", report.mode.value)
        self.health.set_counter("pan_error_deg", round(math.degrees(report.pan_error), 2))
        self.health.set_counter("tilt_error_deg", round(math.degrees(report.tilt_error), 2))
        self.health.set_counter("latency_ms", round(report.latency_ns / 1e6, 1))
        self.health.set_counter("wanted_zoom", round(report.wanted_zoom, 2))


def main() -> int:
    return run(PtzNode)


if __name__ == "__main__":
    sys.exit(main())
