"""Objects before a still camera: clusters of what changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mobinet.errors import SettingsError
from mobinet.events.activity import Active, Activity
from mobinet.events.base import Events, check_inside
from mobinet.events.known import KnownObjects
from mobinet.events.parts import Parts, measure_parts
from mobinet.events.splitting import split
from mobinet.events.unknown_objects import as_detections, check_window
from mobinet.events.windows import Window, WindowSettings
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Detections, Float64

# Fitted to simulated scenes: constant, logarithm of the events, of their ratio to the noise, and age.
_SCORE = (-4.3, 0.25, 0.91, 0.91)


@dataclass(frozen=True)
class ClusterSettings:
    """What is taken for an object.

    Raises:
        SettingsError: a value is out of range.
    """

    cluster_period_s: float = setting(0.05, "how often clusters are looked for, s", minimum=0.001, maximum=1.0)
    cluster_memories_s: tuple[float, ...] = setting(
        (0.04, 0.16, 0.64),
        "times in which activity fades to a third, s: the slow shows in the longer ones",
        minimum=0.001,
        maximum=60.0,
    )
    cluster_cell_px: int = setting(4, "events are counted in cells of this side, pixels", minimum=1, maximum=64)

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.cluster_memories_s or list(self.cluster_memories_s) != sorted(self.cluster_memories_s):
            raise SettingsError(f"cluster_memories_s: expected rising times, got {self.cluster_memories_s}")


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
        self._activity = Activity(width, height, self._settings.cluster_cell_px, self._settings.cluster_memories_s)
        self._known = KnownObjects()
        self.reset()

    def reset(self) -> None:
        """Forgets the activity."""
        self._activity.reset()
        self._end_ns: int | None = None
        self._known.reset()

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:  # noqa: ARG002
        """The objects at the end of a window, see :class:`mobinet.events.detector.EventDetector`."""
        check_inside(events, *self._size)
        check_window("clusters", window, self._end_ns)
        since_ns = self._end_ns if self._end_ns is not None else window.start_ns
        self._end_ns = window.end_ns
        active = self._activity.add(events, window, since_ns)
        passed_s = (window.end_ns - since_ns) * 1e-9
        parts = self._parts(active, events, window, self._known.predict(passed_s))
        found = self._known.update(parts, passed_s)
        return as_detections(found, _SCORE, self._size)

    def _parts(self, active: Active, events: Events, window: Window, known: Float64) -> Parts:
        count, labels = cv2.connectedComponents((active.scale > 0).view(np.uint8), connectivity=8)
        count, labels = split(np.asarray(labels, np.int32), count, known / self._settings.cluster_cell_px)
        memories = np.array((0.0, *self._settings.cluster_memories_s))
        longer = active.scale > 1
        ages = np.where(longer, 2e9 * memories[active.scale], 0).astype(np.int64)
        parts = measure_parts(
            events, self._activity.newest_ns, labels, ages, count - 1, self._settings.cluster_cell_px, window.end_ns
        )
        excess, noise = (np.bincount(labels.ravel(), cells.ravel(), count) for cells in (active.excess, active.noise))
        return replace(parts, events=np.asarray(excess[1:], np.float64), noise=np.asarray(noise[1:], np.float64))
