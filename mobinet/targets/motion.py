"""Where a target should be while nobody sees it: its last velocity, which fades."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from mobinet.types import Float64

_NS = 1e9


class FadingMotion:
    """A line through the last sure places, along which the prediction runs out to a stop.

    Args:
        window_s: seconds of sure places that the velocity is fitted to.
        fade_s: time constant of the velocity's decay; the prediction comes to a stop at ``velocity * fade_s``.
    """

    def __init__(self, window_s: float = 0.6, fade_s: float = 1.0) -> None:
        self._window_s, self._fade_s = window_s, fade_s
        self._places: deque[tuple[int, Float64]] = deque()

    def reset(self, stamp_ns: int, box: Float64) -> None:
        """Forgets everything but one place, ``(4,)`` xyxy pixels."""
        self._places.clear()
        self.add(stamp_ns, box)

    def add(self, stamp_ns: int, box: Float64) -> None:
        """A sure place."""
        self._places.append((stamp_ns, np.asarray(box, np.float64)))
        while len(self._places) > 2 and self._places[0][0] < stamp_ns - self._window_s * _NS:
            self._places.popleft()

    @property
    def places(self) -> tuple[tuple[int, Float64], ...]:
        """Stamps and boxes of the last sure places, in order."""
        return tuple(self._places)

    @property
    def last_ns(self) -> int:
        """Stamp of the last sure place."""
        return self._places[-1][0]

    @property
    def last_box(self) -> Float64:
        """The last sure place, ``(4,)`` xyxy pixels."""
        return self._places[-1][1]

    def velocity(self) -> Float64:
        """``(2,)`` pixels a second: of the middle, least squares over the window."""
        if len(self._places) < 2:
            return np.zeros(2)
        times = np.array([(stamp - self._places[-1][0]) / _NS for stamp, _ in self._places])
        middles = np.array([(box[:2] + box[2:]) / 2 for _, box in self._places])
        times -= times.mean()
        slope: Float64 = times @ (middles - middles.mean(axis=0)) / max(float(times @ times), 1e-12)
        return slope

    def predict(self, stamp_ns: int) -> Float64:
        """The last sure box, moved; its size stays."""
        elapsed = max(0.0, (stamp_ns - self.last_ns) / _NS)
        moved = self.velocity() * self._fade_s * (1 - math.exp(-elapsed / self._fade_s))
        box: Float64 = self.last_box + np.tile(moved, 2)
        return box
