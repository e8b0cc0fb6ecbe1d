"""Objects before a camera that moves: what moves otherwise than the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, SettingsError
from mobinet.events.base import Events, check_inside
from mobinet.events.contrast import Moved, PictureMotion, move_along
from mobinet.events.known import KnownObjects
from mobinet.events.parts import Parts
from mobinet.events.residuals import find_residuals
from mobinet.events.unknown_objects import as_detections, check_window
from mobinet.events.windows import Window, WindowSettings
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Detections, Float32, Float64

# Side of a cell in pixels of the picture that is looked at, which has as many columns at most.
_CELL, _MOST_COLUMNS = 4, 320
_CLOSING = np.ones((3, 3), np.uint8)
# Fitted to simulated scenes: constant, logarithm of a mover's cells, nothing, and age.
_SCORE = (-4.46, 0.71, 0.0, 1.16)
# Percent of an object's events that are beyond each side of its box.
_OUTSIDE = 2.0
# The picture's own motion is only sought where so much of it has events; else the camera is taken to stand still.
_LEAST_COVERAGE = 0.15


@dataclass(frozen=True)
class MoverSettings:
    """How movers are found.

    Raises:
        SettingsError: a value is out of range.
    """

    mover_period_s: float = setting(0.05, "how often movers are looked for, s", minimum=0.001, maximum=1.0)
    mover_spans_s: tuple[float, ...] = setting(
        (0.03, 0.1),
        "times whose events are looked at together, s: what is fast shows in short ones, the slow in long ones",
        minimum=0.001,
        maximum=1.0,
    )
    mover_max_events: int = setting(
        60_000, "most events that are looked at, evenly from all of the span", minimum=1000, maximum=10_000_000
    )
    mover_least_bundled: float = setting(
        0.1, "how much the times of a pixel's events have to be bundled, 0..1", minimum=0.05, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.mover_spans_s:
            raise SettingsError("mover_spans_s: expected at least one time, got none")


class MoverDetector:
    """Finds what moves by itself before a camera that moves; of an unknown class.

    The picture's motion is taken from ``image_motion``; without it, it is sought in the events.

    Args:
        width, height: of the sensor.
        settings: how movers are found.
    """

    class_names: tuple[str, ...] = (UNKNOWN_CLASS,)

    def __init__(self, width: int, height: int, settings: MoverSettings | None = None) -> None:
        self._size = width, height
        self._settings = settings or MoverSettings()
        self.window_settings = WindowSettings(period_s=self._settings.mover_period_s)
        self._pixel_px = max(1.0, max(width, height) / _MOST_COLUMNS)
        self._motion = PictureMotion(width, height)
        self._known = KnownObjects()
        self._spans_ns = [round(span_s * 1e9) for span_s in self._settings.mover_spans_s]
        self.reset()

    def reset(self) -> None:
        """Forgets events, motion and objects."""
        self._events = Events.empty()
        self._end_ns: int | None = None
        self._begun_ns = 0
        self._motion.reset()
        self._known.reset()

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:
        """The objects at the end of a window, see :class:`mobinet.events.detector.EventDetector`."""
        check_inside(events, *self._size)
        check_window("movers", window, self._end_ns)
        passed_s = (window.end_ns - (self._end_ns or window.start_ns)) * 1e-9
        self._begun_ns = window.start_ns if self._end_ns is None else self._begun_ns
        self._end_ns = window.end_ns
        span_ns = max(self._spans_ns)
        # no span needs more of one window
        together = Events.concatenate([self._events, _evenly(events, 2 * self._settings.mover_max_events)])
        self._events = together[int(np.searchsorted(together.t_ns, window.end_ns - span_ns)) :]
        motion = self._picture_motion(window, span_ns, image_motion)
        self._known.predict(passed_s)
        found = self._known.update(self._parts(motion, window.end_ns), passed_s)
        return as_detections(found, _SCORE, self._size)

    def _picture_motion(self, window: Window, span_ns: int, image_motion: Float64 | None) -> Float64:
        """``(3, 3)`` where pixels went in the span."""
        if image_motion is not None:
            return _in_part(_checked(image_motion), span_ns / (window.end_ns - window.start_ns))
        few = Moved.of(self._events, window.end_ns, span_ns, self._size)
        if few.coverage < _LEAST_COVERAGE:
            return np.eye(3)
        return self._motion.estimate(few)

    def _parts(self, motion: Float64, end_ns: int) -> Parts:
        """What moves otherwise than the picture in any of the spans, the longest of which ``motion`` is of."""
        several = []
        x: Float32 = np.zeros(0, np.float32)
        y: Float32 = x
        # the shortest is the last one: its events are where the objects are at the end
        for span_ns in sorted(self._spans_ns, reverse=True):
            if end_ns - span_ns < self._begun_ns:
                continue
            events = self._events[int(np.searchsorted(self._events.t_ns, end_ns - span_ns)) :]
            few = _evenly(events, self._settings.mover_max_events)
            age = ((end_ns - few.t_ns) / span_ns).astype(np.float32)
            moved = Moved(few.x.astype(np.float32), few.y.astype(np.float32), age)
            x, y = move_along(moved, _in_part(motion, span_ns / max(self._spans_ns)))
            found = find_residuals(x, y, age, self._size, self._pixel_px, _CELL, self._settings.mover_least_bundled)
            several.append(found.cells)
        if not several:
            return _resting(np.zeros((0, 4)), np.zeros(0))
        return self._boxes(np.logical_or.reduce(several), x, y)

    def _boxes(self, cells: NDArray[np.bool_], x: Float32, y: Float32) -> Parts:
        """Connected cells, and the events in them."""
        closed = cv2.morphologyEx(cells.view(np.uint8), cv2.MORPH_CLOSE, _CLOSING)
        count, labels = cv2.connectedComponents(closed, connectivity=8)
        cell_px = _CELL * self._pixel_px
        row, column = np.floor(y / cell_px).astype(np.int64), np.floor(x / cell_px).astype(np.int64)
        inside = (row >= 0) & (column >= 0) & (row < labels.shape[0]) & (column < labels.shape[1])
        part = np.zeros(len(x), np.int64)
        part[inside] = labels[row[inside], column[inside]]
        sizes = np.bincount(labels[cells], minlength=count)
        boxes, weights = [], []
        for label in range(1, count):
            mine = part == label
            if np.count_nonzero(mine) >= 4:
                sides = (np.percentile(each[mine], (_OUTSIDE, 100 - _OUTSIDE)) for each in (x, y))
                (left, right), (top, bottom) = sides
                boxes.append((left, top, right + 1, bottom + 1))
                weights.append(sizes[label])
        return _resting(np.array(boxes, np.float64).reshape(-1, 4), np.array(weights, np.float64))


def _evenly(events: Events, most: int) -> Events:
    """At most so many of them, from all of their time."""
    every = -(-len(events) // most)
    return events[::every] if every > 1 else events


def _checked(image_motion: Float64) -> Float64:
    motion = np.asarray(image_motion, np.float64)
    if (
        motion.shape != (3, 3)
        or not np.isfinite(motion).all()
        or abs(np.linalg.det(motion)) < 1e-12
        or not motion[2, 2]
    ):
        raise InputError(f"image_motion: expected a finite, invertible matrix of shape (3, 3), got {image_motion!r}")
    scaled: Float64 = motion / motion[2, 2]
    return scaled


def _in_part(motion: Float64, share: float) -> Float64:
    """The motion in a share of its time."""
    part: Float64 = np.eye(3) + share * (motion - np.eye(3))
    return part


def _resting(boxes: Float64, cells: Float64) -> Parts:
    """Parts of unknown velocity."""
    return Parts(boxes, np.zeros((len(boxes), 2)), np.full((len(boxes), 2), 1e3), cells, np.zeros(len(boxes)))
