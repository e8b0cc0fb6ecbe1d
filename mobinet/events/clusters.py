"""Objects before a still camera: clusters of what changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.events.activity import Active, Activity
from mobinet.events.base import Events, check_inside
from mobinet.events.known import KnownObjects
from mobinet.events.parts import Parts, measure_parts
from mobinet.events.splitting import split
from mobinet.events.windows import Window, WindowSettings
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Detections, Float64


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
        if window.end_ns <= window.start_ns or (self._end_ns is not None and window.start_ns < self._end_ns):
            raise InputError(
                f"clusters: expected a window that begins at {self._end_ns} ns or later and ends after it begins, got "
                f"{window.start_ns} to {window.end_ns} ns; call reset() where time begins anew"
            )
        since_ns = self._end_ns if self._end_ns is not None else window.start_ns
        self._end_ns = window.end_ns
        active = self._activity.add(events, window, since_ns)
        passed_s = (window.end_ns - since_ns) * 1e-9
        parts = self._parts(active, events, window, self._known.predict(passed_s))
        found = self._known.update(parts, passed_s)
        scores = found.events / (found.events + self._settings.cluster_min_events)
        scores *= np.minimum(1.0, 0.4 + 3 * found.ages_s)
        boxes = np.clip(found.boxes, 0, (*self._size, *self._size))
        kept = (scores > 0.1) & (boxes[:, 2:] - boxes[:, :2] >= 2).all(axis=1)
        boxes = boxes[kept]
        return Detections(boxes.astype(np.float32), scores[kept].astype(np.float32), (UNKNOWN_CLASS,) * len(boxes))

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
