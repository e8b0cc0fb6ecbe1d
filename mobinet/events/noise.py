"""What leaves out events that nothing in the scene has made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events, check_inside
from mobinet.settings import check_settings, setting
from mobinet.types import Int64

# so far back that nothing is near to it, and that times can be taken from it
_LONG_AGO = -(1 << 62)


@dataclass(frozen=True)
class NoiseSettings:
    """What is taken for noise.

    Raises:
        SettingsError: a value is out of range.
    """

    support_s: float = setting(
        0.01,
        "an event stays if one of the eight pixels around had one in this time before it, s; 0 to keep all",
        minimum=0.0,
    )
    hot_rate_hz: float = setting(
        1000.0,
        "a pixel with more events a second, and with many times those around it, is hot; 0 for none",
        minimum=0.0,
    )
    hot_factor: float = setting(20.0, "how many times those of the pixels around it, in the mean", minimum=1.0)
    hot_period_s: float = setting(0.5, "time over which a pixel's events are counted, s", minimum=0.01, maximum=60.0)

    def __post_init__(self) -> None:
        check_settings(self)


class BackgroundActivityFilter:
    """Keeps events that a neighbour supports: noise is alone, edges are not.

    Delbruck, "Frame-free dynamic digital vision" (2008). Each event writes its time to the eight pixels
    around, so that one look tells whether a pixel is supported.

    Args:
        width, height: of the sensor.
        support_s: longest time between an event and its support.
    """

    def __init__(self, width: int, height: int, support_s: float) -> None:
        self._size = width, height
        self._support_ns = round(support_s * 1e9)
        self._supported = np.full((height + 2, width + 2), _LONG_AGO, np.int64)

    def reset(self) -> None:
        """Forgets all events."""
        self._supported.fill(_LONG_AGO)

    def keep(self, events: Events) -> NDArray[np.bool_]:
        """``(N,)`` which of the next events, in order of time, to keep.

        Raises:
            InputError: an event outside the sensor.
        """
        check_inside(events, *self._size)
        kept = np.empty(len(events), np.bool_)
        flat = self._supported.reshape(-1)
        _support(events.t_ns, events.x, events.y, flat, kept, self._support_ns, self._supported.shape[1])
        return kept


class HotPixelFilter:
    """Leaves out pixels that fire on their own: often, and far more often than those around them.

    A period's counts decide for the next period.

    Args:
        width, height: of the sensor.
        settings: what is hot.
    """

    def __init__(self, width: int, height: int, settings: NoiseSettings) -> None:
        self._size = width, height
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forgets counts and hot pixels."""
        width, height = self._size
        self._counts = np.zeros((height, width), np.int32)
        self._hot = np.zeros((height, width), np.bool_)
        self._start_ns: int | None = None

    @property
    def hot(self) -> NDArray[np.bool_]:
        """``(height, width)`` pixels that are left out now."""
        return self._hot

    def keep(self, events: Events) -> NDArray[np.bool_]:
        """``(N,)`` which of the next events, in order of time, to keep.

        Raises:
            InputError: an event outside the sensor.
        """
        check_inside(events, *self._size)
        kept = np.empty(len(events), np.bool_)
        if not len(events):
            return kept
        _look_up(events.x, events.y, self._hot, self._counts, kept)
        end_ns = int(events.t_ns[-1])
        self._start_ns = int(events.t_ns[0]) if self._start_ns is None else self._start_ns
        if end_ns - self._start_ns >= self._settings.hot_period_s * 1e9:
            self._judge((end_ns - self._start_ns) / 1e9)
            self._start_ns = end_ns
        return kept

    def _judge(self, seconds: float) -> None:
        padded = np.pad(self._counts, 1)
        height, width = self._counts.shape
        rows = padded[:height] + padded[1 : height + 1] + padded[2 : height + 2]
        around = rows[:, :width] + rows[:, 1 : width + 1] + rows[:, 2 : width + 2] - self._counts
        often = self._counts > self._settings.hot_rate_hz * seconds
        self._hot = often & (self._counts > self._settings.hot_factor * around / 8)
        self._counts.fill(0)


@compiled
def _look_up(
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    hot: NDArray[np.bool_],
    counts: NDArray[np.int32],
    kept: NDArray[np.bool_],
) -> None:
    """Counts events by pixel and keeps those whose pixel is not hot."""
    index, end = np.uint64(0), np.uint64(len(x))
    while index < end:
        row, column = np.uint64(y[index]), np.uint64(x[index])
        kept[index] = not hot[row, column]
        counts[row, column] += 1
        index += np.uint64(1)


@compiled
def _support(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    supported: Int64,
    kept: NDArray[np.bool_],
    support_ns: int,
    row: int,
) -> None:
    one, stride = np.uint64(1), np.uint64(row)
    index, end = np.uint64(0), np.uint64(len(x))
    while index < end:
        place = (np.uint64(y[index]) + one) * stride + np.uint64(x[index]) + one
        now = t_ns[index]
        kept[index] = supported[place] >= now - support_ns
        above, below = place - stride, place + stride
        supported[above - one] = now
        supported[above] = now
        supported[above + one] = now
        supported[place - one] = now
        supported[place + one] = now
        supported[below - one] = now
        supported[below] = now
        supported[below + one] = now
        index += one
