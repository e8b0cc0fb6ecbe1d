"""A detector that finds nothing and costs nothing, to measure everything else."""

from __future__ import annotations

from collections.abc import Sequence

from mobinet.detection.base import DetectorSettings, check_live_change
from mobinet.types import Detections, Frame


class NullDetector:
    """Answers every frame, with or without an image, with no detections."""

    class_names: tuple[str, ...] = ()

    def __init__(self, settings: DetectorSettings) -> None:
        self._settings = settings

    @property
    def settings(self) -> DetectorSettings:
        return self._settings

    def configure(self, settings: DetectorSettings) -> None:
        check_live_change(self._settings, settings)
        self._settings = settings

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        return [Detections.empty() for _ in frames]
