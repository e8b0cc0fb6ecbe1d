"""Where things were in the last seconds, to be drawn behind them."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

import numpy as np

from mobinet.errors import SettingsError
from mobinet.types import Float32, Float64

Key = TypeVar("Key", bound=Hashable)


def foot_point(box: Float32) -> Float64:
    """``(2,)`` pixels: middle of the lower edge of an xyxy box, where the object meets the ground."""
    return np.array([(float(box[0]) + float(box[2])) / 2, float(box[3])])


class Trails(Generic[Key]):
    """Recent positions by key. One instance a camera or map; time is given, never asked for.

    Args:
        seconds: positions older than this are forgotten.
        max_points: of one trail; the oldest go first.

    Raises:
        SettingsError: an argument is not positive.
    """

    def __init__(self, seconds: float, max_points: int = 200) -> None:
        if seconds <= 0 or max_points < 1:
            raise SettingsError(f"trails: expected positive seconds and max_points, got {seconds} and {max_points}")
        self._length_ns = int(seconds * 1e9)
        self._max_points = max_points
        self._newest_ns = 0
        self._points: dict[Key, deque[tuple[int, Float64]]] = {}

    def update(self, stamp_ns: int, positions: Mapping[Key, Float64]) -> None:
        """Adds positions (any shape, one shape a key) as of ``stamp_ns``; a stamp that jumps back starts anew."""
        if stamp_ns < self._newest_ns:
            self.reset()
        self._newest_ns = stamp_ns
        for key, position in positions.items():
            trail = self._points.setdefault(key, deque(maxlen=self._max_points))
            trail.append((stamp_ns, np.array(position, np.float64)))
        oldest = stamp_ns - self._length_ns
        for key in list(self._points):
            trail = self._points[key]
            while trail and trail[0][0] < oldest:
                trail.popleft()
            if not trail:
                del self._points[key]

    def points(self, key: Key) -> Float64:
        """``(N, ...)`` positions, oldest first; ``(0, 0)`` for a key without a trail."""
        trail = self._points.get(key)
        return np.stack([position for _, position in trail]) if trail else np.zeros((0, 0))

    def living(self) -> list[Key]:
        """Keys that have at least one position."""
        return list(self._points)

    def reset(self) -> None:
        self._points.clear()
        self._newest_ns = 0
