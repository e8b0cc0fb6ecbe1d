"""A surface that fades by what happens and not by time, so that its look does not depend on speed.

EROS, the exponentially reduced ordinal surface: Gava et al., "PUCK: Parallel Surface and Convolution-kernel Tracking
for Event-Based Cameras" (2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events, check_inside
from mobinet.settings import check_settings, setting
from mobinet.types import Float32

# what is left of a pixel after events have crossed the whole neighbourhood
_REST = 0.3


@dataclass(frozen=True)
class OrdinalSurfaceSettings:
    """How far an event reaches.

    Raises:
        SettingsError: a value is out of range.
    """

    reach_px: int = setting(3, "an event fades the pixels up to so many columns and rows away", minimum=1, maximum=20)

    def __post_init__(self) -> None:
        check_settings(self)


class OrdinalSurface:
    """Each event makes its pixel 1 and those around it fainter, by ``0.3 ** (1 / side)`` of the neighbourhood.

    Args:
        width, height: of the sensor.
        settings: how far an event reaches.
    """

    def __init__(self, width: int, height: int, settings: OrdinalSurfaceSettings | None = None) -> None:
        self._reach = (settings or OrdinalSurfaceSettings()).reach_px
        self._size = width, height
        # with a border, so that every neighbourhood is inside
        self._padded = np.zeros((height + 2 * self._reach, width + 2 * self._reach), np.float32)

    @property
    def values(self) -> Float32:
        """``(height, width)`` float32, 0..1; a view that later events change."""
        return self._padded[self._reach : -self._reach, self._reach : -self._reach]

    def reset(self) -> None:
        """Forgets all events."""
        self._padded.fill(0)

    def update(self, events: Events) -> None:
        """Takes the next events, in their order.

        Raises:
            InputError: an event outside the sensor.
        """
        check_inside(events, *self._size)
        side = 2 * self._reach + 1
        _fade(events.x, events.y, self._padded, side, _REST ** (1 / side))


@compiled
def _fade(x: NDArray[np.uint16], y: NDArray[np.uint16], padded: Float32, side: int, factor: float) -> None:
    reach, factor32 = side // 2, np.float32(factor)
    for index in range(len(x)):
        left, top = np.uint64(x[index]), np.uint64(y[index])
        for row in range(side):
            for column in range(side):
                padded[top + np.uint64(row), left + np.uint64(column)] *= factor32
        padded[top + np.uint64(reach), left + np.uint64(reach)] = np.float32(1)
