"""How fast simulated time goes."""

from __future__ import annotations

from dataclasses import dataclass, field

SLACK_S = 0.1


@dataclass
class Pacer:
    """Tells when an instant is due, and measures the pace.

    What is late by up to ``SLACK_S`` is made up for; a run that falls further behind goes on slower and does not rush.

    Args:
        speed: simulated seconds a second, 0 for no waiting.
    """

    speed: float
    simulated_s: float = field(default=0.0, init=False)
    wall_s: float = field(default=0.0, init=False)
    _offset_s: float = field(default=0.0, init=False)
    _begin: tuple[float, float] = field(default=(0.0, 0.0), init=False)

    def resume(self, elapsed_ns: int, now_s: float) -> None:
        """Begins, or goes on after a pause, at a time since the beginning; pauses are not measured."""
        self._begin = (elapsed_ns / 1e9 - self.simulated_s, now_s - self.wall_s)
        if self.speed:
            self._offset_s = now_s - elapsed_ns / 1e9 / self.speed

    def wait_s(self, elapsed_ns: int, now_s: float) -> float:
        """Seconds until an instant is due."""
        if not self.speed:
            return 0.0
        late_s = now_s - self._offset_s - elapsed_ns / 1e9 / self.speed
        self._offset_s += max(late_s - SLACK_S, 0.0)
        return max(-late_s, 0.0)

    def note(self, elapsed_ns: int, now_s: float) -> None:
        """An instant was published."""
        self.simulated_s = elapsed_ns / 1e9 - self._begin[0]
        self.wall_s = now_s - self._begin[1]

    @property
    def realtime_factor(self) -> float:
        """Simulated seconds a second, from the beginning on."""
        return self.simulated_s / self.wall_s if self.wall_s > 0 else 0.0
