"""A stream of events cut into windows: by time, by count, or by how much happens where it happens most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mobinet.events.base import Events
from mobinet.settings import check_settings, setting
from mobinet.types import Int64


class Window(NamedTuple):
    """Time from ``start_ns`` up to, but not with, ``end_ns``."""

    start_ns: int
    end_ns: int

    @classmethod
    def of(cls, events: Events) -> Window:
        """From the first to the last event, both inside; empty for none."""
        if not len(events):
            return cls(0, 1)
        return cls(int(events.t_ns.min()), int(events.t_ns.max()) + 1)

    def edges(self, bins: int) -> Int64:
        """``(bins + 1,)`` nanoseconds: where bins of equal length begin, and the end of the last."""
        return self.start_ns + (self.end_ns - self.start_ns) * np.arange(bins + 1, dtype=np.int64) // bins


@dataclass(frozen=True)
class WindowSettings:
    """When a window of events is full: whatever comes first.

    Raises:
        SettingsError: a value is out of range.
    """

    period_s: float = setting(0.05, "longest time that a window spans, s", minimum=1e-4, maximum=10.0)
    max_events: int = setting(0, "most events of a window; 0 for any number", minimum=0)
    max_tile_events: int = setting(
        0, "most events of one tile of the picture: windows get shorter as things move faster; 0 for any", minimum=0
    )
    tile_px: int = setting(64, "side of a tile, pixels", minimum=8, maximum=2048)

    def __post_init__(self) -> None:
        check_settings(self)


class Windows:
    """Collects events and gives them back in windows.

    Windows by the busiest tile are those of Liu and Delbruck, "Adaptive Time-Slice Block-Matching Optical Flow
    Algorithm for Dynamic Vision Sensors" (2018).

    Args:
        width, height: of the sensor.
        settings: when a window is full.
    """

    def __init__(self, width: int, height: int, settings: WindowSettings | None = None) -> None:
        self._settings = settings or WindowSettings()
        tile = self._settings.tile_px
        self._columns = -(-width // tile)
        self._tiles = self._columns * -(-height // tile)
        self.reset()

    def reset(self) -> None:
        """Forgets what was collected."""
        self.late = 0
        self._start_ns: int | None = None
        self._empty()

    def _empty(self) -> None:
        self._waiting: list[Events] = []
        self._count = 0
        self._tile_counts = np.zeros(self._tiles, np.int64)

    @property
    def start_ns(self) -> int | None:
        """Where the window that is being filled begins; ``None`` before the first event."""
        return self._start_ns

    @property
    def waiting(self) -> int:
        """Events in that window."""
        return self._count

    def push(self, events: Events) -> Iterator[tuple[Window, Events]]:
        """Takes events in order of time, and gives every window that they fill.

        Events of one time stay together. Those from before the present window (the camera's clock went back a little,
        or a packet began with the time that the last one ended with) are dropped and counted in ``late``.
        """
        while len(events):
            if self._start_ns is None:
                self._start_ns = int(events.t_ns[0])
            late = int(np.searchsorted(events.t_ns, self._start_ns))
            self.late += late
            events = events[late:]
            cut, end_ns = self._end(events, self._start_ns)
            if cut == len(events) and (not cut or end_ns > int(events.t_ns[-1]) + 1):
                self._collect(events)
                return
            window, full = Window(self._start_ns, end_ns), Events.concatenate([*self._waiting, events[:cut]])
            self._empty()
            self._start_ns = end_ns
            events = events[cut:]
            yield window, full

    def advance(self, until_ns: int) -> Iterator[tuple[Window, Events]]:
        """Gives every window that ends by ``until_ns`` though no event says so: the camera may have nothing to tell.

        Events from before that, should they come yet, are late. Without any event before, windows begin here.
        """
        start_ns, period_ns = self._start_ns, round(self._settings.period_s * 1e9)
        if start_ns is None:
            self._start_ns = until_ns
            return
        while start_ns + period_ns <= until_ns:
            window, full = Window(start_ns, start_ns + period_ns), Events.concatenate(self._waiting)
            self._empty()
            self._start_ns = start_ns = window.end_ns
            yield window, full

    def _end(self, events: Events, start_ns: int) -> tuple[int, int]:
        """How many of the events still belong to the window, and where it ends if it ends with them."""
        end_ns = start_ns + round(self._settings.period_s * 1e9)
        limits = [len(events) + 1]
        if self._settings.max_events:
            limits.append(self._settings.max_events - self._count)
        if self._settings.max_tile_events:
            limits.append(self._until_tile_is_full(events))
        if min(limits) <= len(events):
            end_ns = min(end_ns, int(events.t_ns[min(limits) - 1]) + 1)
        return int(np.searchsorted(events.t_ns, end_ns)), end_ns

    def _until_tile_is_full(self, events: Events) -> int:
        tiles = self._tile_of(events)
        counts = self._tile_counts + np.bincount(tiles, minlength=self._tiles)
        if (counts < self._settings.max_tile_events).all():
            return len(events) + 1
        # rank of each event within its tile
        order = np.argsort(tiles, kind="stable")
        starts = np.searchsorted(tiles[order], np.arange(self._tiles))
        rank = np.empty(len(tiles), np.int64)
        rank[order] = np.arange(len(tiles)) - starts[tiles[order]]
        return int(np.argmax(self._tile_counts[tiles] + rank + 1 >= self._settings.max_tile_events)) + 1

    def _tile_of(self, events: Events) -> Int64:
        tile = self._settings.tile_px
        return (events.y // tile).astype(np.int64) * self._columns + events.x // tile

    def _collect(self, events: Events) -> None:
        self._waiting.append(events)
        self._count += len(events)
        if self._settings.max_tile_events:
            self._tile_counts += np.bincount(self._tile_of(events), minlength=self._tiles)
