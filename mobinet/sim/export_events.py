"""The events of an event camera, as a RAW file of EVT3."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from mobinet.events import encode_evt3
from mobinet.recordings.event_files import raw_header
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import CameraView, Simulation


class EventFile:
    """Writes ``events.raw`` as the time of the world goes on; ``close`` it."""

    def __init__(self, path: Path, simulation: Simulation, view: CameraView) -> None:
        self._camera = EventCamera(simulation, view, view.camera.events or EventCameraSettings())
        self._file: BinaryIO = path.open("wb")
        self._file.write(raw_header(view.camera.model.width, view.camera.model.height))
        self._written_ns = 0

    def advance(self, until_ns: int) -> None:
        """Writes the events before ``until_ns``."""
        if until_ns > self._written_ns:
            self._file.write(encode_evt3(self._camera.advance(until_ns), self._written_ns))
            self._written_ns = until_ns

    def close(self) -> None:
        self._file.close()
