"""What one event camera of a simulated world sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mobinet.events import encode_evt3
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import CameraView, Simulation
from mobinet_ros import topics
from mobinet_ros.conversions import make_header
from mobinet_ros.event_conversions import words_to_msg
from mobinet_ros.simulation.channels import Channel, camera_channel
from mobinet_ros.simulation.frames import optical_frame
from mobinet_ros.simulation.settings import StreamSettings


class EventStream:
    """Packets of an event camera, each sent at its end and stamped with its beginning."""

    def __init__(self, simulation: Simulation, view: CameraView, settings: StreamSettings) -> None:
        own = view.camera.events or EventCameraSettings()
        self._camera = EventCamera(simulation, view, own)
        self._view, self._start_ns = view, settings.start_ns
        self._number = 0
        self._done_ns = 0
        self.rate = 1e6 / own.packet_period_us

    def make(self, world_ns: int) -> Iterator[tuple[Channel, Any]]:
        """The packet from the one before up to a time of the world."""
        robot, model = self._view.robot, self._view.camera.model
        if world_ns == self._done_ns:
            return
        words = encode_evt3(self._camera.advance(world_ns), self._done_ns)
        stamp_ns = self._start_ns + robot.clock.stamp_ns(self._done_ns)
        header = make_header(stamp_ns, optical_frame(robot, self._view.camera))
        channel = camera_channel(robot, self._view.camera, topics.EVENTS)
        yield channel, words_to_msg(words, (model.width, model.height), self._number, header)
        self._done_ns, self._number = world_ns, self._number + 1
