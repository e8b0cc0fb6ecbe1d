"""Objects before a still camera: clusters of what changes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.events.base import Events, check_inside
from mobinet.events.windows import Window, WindowSettings
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Detections, Float32, Float64


@dataclass(frozen=True)
class ClusterSettings:
    """What is taken for an object.

    Raises:
        SettingsError: a value is out of range.
    """

    cluster_period_s: float = setting(0.05, "how often clusters are looked for, s", minimum=0.001, maximum=1.0)
    cluster_memory_s: float = setting(0.1, "time in which activity fades to a third, s", minimum=0.001, maximum=10.0)
    cluster_cell_px: int = setting(4, "events are counted in cells of this side, pixels", minimum=1, maximum=64)
    cluster_min_events: float = setting(
        40.0, "events of an object that give the score of one half", minimum=1.0, maximum=1e6
    )

    def __post_init__(self) -> None:
        check_settings(self)


class ClusterDetector:
    """Finds what moves before a camera that stands still; of an unknown class.

    Args:
        width, height: of the sensor.
        settings: what is taken for an object.
    """

    class_names: tuple[str, ...] = (UNKNOWN_CLASS,)

    def __init__(self, width: int, height: int, settings: ClusterSettings | None = None) -> None:
        self._size = width, height
        self._settings = settings or ClusterSettings()
        self.window_settings = WindowSettings(period_s=self._settings.cluster_period_s)
        self.reset()

    def reset(self) -> None:
        """Forgets the activity."""
        width, height = self._size
        cell = self._settings.cluster_cell_px
        self._activity: Float32 = np.zeros((-(-height // cell), -(-width // cell)), np.float32)
        self._end_ns: int | None = None

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:  # noqa: ARG002
        """The objects at the end of a window, see :class:`mobinet.events.detector.EventDetector`."""
        check_inside(events, *self._size)
        if window.end_ns <= window.start_ns or (self._end_ns is not None and window.start_ns < self._end_ns):
            raise InputError(
                f"clusters: expected a window that begins at {self._end_ns} ns or later and ends after it begins, got "
                f"{window.start_ns} to {window.end_ns} ns; call reset() where time begins anew"
            )
        since_ns = self._end_ns if self._end_ns is not None else window.start_ns
        self._end_ns = window.end_ns
        cell = self._settings.cluster_cell_px
        places = (events.y // cell).astype(np.int64) * self._activity.shape[1] + events.x // cell
        counts = np.bincount(places, minlength=self._activity.size).reshape(self._activity.shape)
        self._activity *= np.exp((since_ns - window.end_ns) * 1e-9 / self._settings.cluster_memory_s)
        self._activity += counts
        active = (cv2.blur(self._activity, (3, 3)) > 0.5).astype(np.uint8)
        joined = cv2.morphologyEx(active, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        sums = np.bincount(labels.ravel(), self._activity.ravel(), count)[1:]
        left, top, wide, high = stats[1:, :4].T
        boxes = np.stack((left, top, left + wide, top + high), axis=1) * cell
        scores = sums / (sums + self._settings.cluster_min_events)
        kept = scores > 0.1
        boxes = np.minimum(boxes[kept], (*self._size, *self._size))
        return Detections(boxes.astype(np.float32), scores[kept].astype(np.float32), (UNKNOWN_CLASS,) * len(boxes))
