"""Events as pictures for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events, check_inside
from mobinet.settings import check_settings, setting
from mobinet.types import Image, Int64

_LONG_AGO = -(1 << 62)
# steps from the background to the full colour of either polarity
_STEPS = 127
# a decaying pixel is given up after so many times the decay
_FADED = 4.0


class Palette(NamedTuple):
    """Colours, each BGR: where nothing is, of ON and of OFF."""

    background: tuple[int, int, int]
    on: tuple[int, int, int]
    off: tuple[int, int, int]


PALETTES: Mapping[str, Palette] = {
    "red_blue": Palette((0, 0, 0), (60, 60, 255), (255, 110, 40)),
    "white_blue": Palette((0, 0, 0), (255, 255, 255), (255, 120, 40)),
    "green_red": Palette((0, 0, 0), (80, 220, 60), (60, 60, 255)),
    "grey": Palette((128, 128, 128), (255, 255, 255), (0, 0, 0)),
    "dark": Palette((50, 36, 28), (240, 228, 220), (200, 128, 64)),
    "light": Palette((255, 255, 255), (200, 110, 30), (40, 30, 28)),
}


@dataclass(frozen=True)
class RenderSettings:
    """What pictures of events look like.

    Raises:
        SettingsError: a value is out of range.
    """

    mode: str = setting(
        "accumulated",
        "accumulated (what came since the last picture) or decaying (each pixel fades from its last event on)",
        choices=("accumulated", "decaying"),
        live=True,
    )
    colours: str = setting(
        "dark", "colours of brighter and darker; grey makes mono8 pictures", choices=tuple(PALETTES), live=True
    )
    full_events: int = setting(
        1, "events of one polarity that give a pixel its full colour, accumulated", minimum=1, maximum=127, live=True
    )
    decay_s: float = setting(
        0.03, "time in which a pixel fades to a third, decaying, s", minimum=0.001, maximum=10.0, live=True
    )

    def __post_init__(self) -> None:
        check_settings(self)


class EventRenderer:
    """Draws the events of one camera.

    Args:
        width, height: of the sensor.
        settings: what pictures look like; may be set anew between two pictures.
    """

    def __init__(self, width: int, height: int, settings: RenderSettings | None = None) -> None:
        self._size = width, height
        self.settings = settings or RenderSettings()
        self.reset()

    def reset(self) -> None:
        """Forgets all events."""
        width, height = self._size
        # accumulated: events of the last polarity, negative for OFF; decaying: its sign and the time
        self._balance = np.zeros((height, width), np.int16)
        self._newest_ns = np.full((height, width), _LONG_AGO, np.int64)

    def show(self, events: Events) -> None:
        """Takes the next events, in order of time.

        Raises:
            InputError: an event outside the sensor.
        """
        check_inside(events, *self._size)
        _take(events.t_ns, events.x, events.y, events.polarity, self._balance, self._newest_ns)

    def image(self, now_ns: int) -> Image:
        """``(H, W, 3)`` BGR, or ``(H, W)`` for grey: the picture at a time of the camera.

        In accumulated mode the next picture begins here.
        """
        levels = self._faded(now_ns) if self.settings.mode == "decaying" else self._accumulated()
        table = _table(self.settings.colours)
        picture = cv2.LUT(levels, table) if table.ndim == 1 else cv2.applyColorMap(levels, table)
        return np.asarray(picture, np.uint8)

    def _accumulated(self) -> NDArray[np.uint8]:
        levels = np.empty(self._balance.shape, np.uint8)
        _count_levels(self._balance, levels, self.settings.full_events, _STEPS)
        self._balance.fill(0)
        return levels

    def _faded(self, now_ns: int) -> NDArray[np.uint8]:
        levels = np.empty(self._balance.shape, np.uint8)
        ages = np.linspace(0.0, _FADED, 4 * _STEPS)
        strength = np.round(_STEPS * np.exp(-ages)).astype(np.int64)
        per_ns = len(strength) / (_FADED * self.settings.decay_s * 1e9)
        _fade_levels(self._balance, self._newest_ns, levels, now_ns, per_ns, strength, _STEPS)
        return levels


def _table(colours: str) -> NDArray[np.uint8]:
    """``(256, 1, 3)`` BGR, or ``(256,)`` for grey: from full OFF over the background, at ``_STEPS``, to full ON."""
    palette = PALETTES[colours]
    weight = np.linspace(0.0, 1.0, _STEPS + 1)[:, None]
    background, on, off = (np.array(colour, np.float64) for colour in palette)
    rising = background + weight * (on - background)
    falling = background + weight * (off - background)
    table = np.round(np.concatenate([falling[:0:-1], rising, rising[-1:]])).astype(np.uint8)
    is_grey = all(len(set(colour)) == 1 for colour in palette)
    return np.ascontiguousarray(table[:, 0]) if is_grey else table[:, None]


@compiled
def _take(
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.bool_],
    balance: NDArray[np.int16],
    newest_ns: Int64,
) -> None:
    for index in range(len(x)):
        row, column = np.uint64(y[index]), np.uint64(x[index])
        before = int(balance[row, column])
        balance[row, column] = min(max(before, 0) + 1, 1000) if polarity[index] else max(min(before, 0) - 1, -1000)
        newest_ns[row, column] = t_ns[index]


@compiled
def _count_levels(balance: NDArray[np.int16], levels: NDArray[np.uint8], full: int, steps: int) -> None:
    height, width = balance.shape
    for row in range(np.uint64(height)):
        for column in range(np.uint64(width)):
            count = min(max(int(balance[row, column]), -full), full)
            levels[row, column] = steps + count * steps // full


@compiled
def _fade_levels(
    balance: NDArray[np.int16],
    newest_ns: Int64,
    levels: NDArray[np.uint8],
    now_ns: int,
    per_ns: float,
    strength: Int64,
    steps: int,
) -> None:
    height, width = balance.shape
    oldest_ns = now_ns - np.int64(len(strength) / per_ns)
    for row in range(np.uint64(height)):
        for column in range(np.uint64(width)):
            level = steps
            if newest_ns[row, column] > oldest_ns:
                age_ns = max(now_ns - int(newest_ns[row, column]), 0)
                faded = int(strength[min(int(age_ns * per_ns), len(strength) - 1)])
                level += faded if balance[row, column] > 0 else -faded
            levels[row, column] = level
