"""Publishes a recording of an event camera as if the camera were there."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from mobinet.camera import CameraModel
from mobinet.errors import RecordingError, SettingsError
from mobinet.recordings.event_files import EventFile
from mobinet.recordings.event_files.playback import PlaybackSettings, PlayedPacket, play_once
from mobinet.settings import check_settings, setting
from mobinet_ros import topics
from mobinet_ros.conversions import NANOSECONDS, make_header, model_to_camera_info
from mobinet_ros.event_conversions import words_to_msg
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run
from mobinet_ros.stoppable_thread import StoppableThread

LONGEST_SLEEP_S = 0.1
SIMULATED_SLEEP_S = 0.002
REMIND_S = 1.0
LATEST_NS = 100_000_000
"""A packet that is later is left out, so that the recording catches up."""
INFO_PERIOD_NS = 66_000_000


@dataclass(frozen=True)
class EventFileSettings:
    """What the camera is, beside its recording."""

    frame_id: str = setting("", "optical frame of the events; empty: the namespace and '_optical'")
    calibration: str = setting("", "calibration YAML of the sensor; empty: none")
    horizontal_fov_deg: float = setting(
        0.0, "without calibration: field of view of an ideal lens, 0 = unknown", minimum=0.0, maximum=179.0
    )
    start_time: float = setting(
        0.0,
        "when the recording starts, seconds of the node's clock; 0: at activation; cameras that share it stay in step",
        minimum=0.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)


class EventFileNode(StageNode):
    """Each packet is stamped with its beginning and sent at its end, as by a camera."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("event_file_node", cli_args, hub)
        self._playback = self.parameters.declare(PlaybackSettings)
        self._settings = self.parameters.declare(EventFileSettings)
        self._frame_id = self._settings.frame_id or f"{self.get_namespace().strip('/')}_optical"
        self._file: EventFile | None = None
        self._model: CameraModel | None = None
        self._player = StoppableThread()
        self._number = 0

    def configure(self) -> None:
        self._file = self._playback.open()
        # what is compiled when it is first used would make the first packets late
        next(self._file.pieces(), None)
        self._model = self._load_model(self._file.size)
        self._packets = self.advertise(topics.EVENTS)
        self._infos = self.advertise(topics.CAMERA_INFO)

    def activate(self) -> None:
        if self._file is None:
            raise SettingsError(f"'{self._playback.source}' is not open; configure the node before activating it")
        self._player.start(self.get_name(), self._play)

    def deactivate(self) -> None:
        self._player.stop()

    def cleanup(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load_model(self, size: tuple[int, int]) -> CameraModel | None:
        if self._settings.calibration:
            model = CameraModel.from_calibration_yaml(self._settings.calibration)
            if (model.width, model.height) != size:
                raise SettingsError(
                    f"calibration: it is of a sensor of {model.width} x {model.height}, the recording is of one of "
                    f"{size[0]} x {size[1]}; give that sensor's"
                )
            return model
        if self._settings.horizontal_fov_deg:
            return CameraModel.pinhole(*size, math.radians(self._settings.horizontal_fov_deg))
        return None

    def _play(self) -> None:
        start_ns = round(self._settings.start_time * NANOSECONDS) or self.now_ns
        self._info_ns = start_ns - INFO_PERIOD_NS
        elapsed_ns = 0
        while not self._player.stopping.is_set():
            begun_ns, elapsed_ns = elapsed_ns, self._play_round(start_ns, elapsed_ns)
            if not self._playback.loop or elapsed_ns == begun_ns:
                self._tell_the_end(elapsed_ns > begun_ns)
                return

    def _play_round(self, start_ns: int, begin_ns: int) -> int:
        """Once through the recording; answers the time since ``start_ns`` at its end."""
        file, end_ns = self._file, begin_ns
        if file is None:
            return end_ns
        outside = file.outside
        try:
            for packet in play_once(file, self._playback, begin_ns):
                if not self._sleep_until(start_ns + packet.end_ns):
                    break
                self._publish(packet, file.size, start_ns)
                end_ns = packet.end_ns
        except RecordingError as error:
            self.health.count("damaged")
            self.report("damage", str(error))
        self.health.count("events_outside", file.outside - outside)
        return end_ns

    def _publish(self, packet: PlayedPacket, size: tuple[int, int], start_ns: int) -> None:
        # left out before it is sent, so that the gap in the numbers tells of it
        number, self._number = self._number, self._number + 1
        if self.now_ns - start_ns - packet.end_ns > LATEST_NS:
            self.health.count("skipped_packets")
            self.health.count("skipped_events", packet.event_count)
            return
        header = make_header(start_ns + packet.offset_ns, self._frame_id)
        if self.is_wanted(self._packets):
            self.send(self._packets, words_to_msg(packet.words, size, number, header))
        if start_ns + packet.offset_ns - self._info_ns >= INFO_PERIOD_NS and self._model is not None:
            self._info_ns = start_ns + packet.offset_ns
            self.send(self._infos, model_to_camera_info(self._model, header))
        self.health.count("packets")
        self.health.count("events", packet.event_count)

    def _tell_the_end(self, played: bool) -> None:
        """A problem is forgotten after some seconds; this one lasts until the node is deactivated."""
        source = self._playback.source
        end = f"'{source}' has ended; set loop to repeat it"
        if not played:
            end = f"'{source}' has no events from start_offset {self._playback.start_offset:g} s on; lower it"
        self.get_logger().info(end)
        while not self._player.stopping.is_set():
            self.health.problem("source", end)
            self._player.stopping.wait(REMIND_S)

    def _sleep_until(self, due_ns: int) -> bool:
        """False when the node was stopped meanwhile. Simulated time is polled: it has no alarm clock."""
        while not self._player.stopping.is_set():
            remaining_s = (due_ns - self.now_ns) / NANOSECONDS
            if remaining_s <= 0:
                return True
            longest = SIMULATED_SLEEP_S if self.get_clock().ros_time_is_active else LONGEST_SLEEP_S
            self._player.stopping.wait(min(remaining_s, longest))
        return False


def main() -> int:
    return run(EventFileNode)


if __name__ == "__main__":
    sys.exit(main())
