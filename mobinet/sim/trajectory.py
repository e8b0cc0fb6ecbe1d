"""Where something is at any time: a path of waypoints, walked at a speed, rounded at corners and stops.

The raw motion along the waypoints is piecewise linear in time. Its position is averaged over a short window, which
rounds corners, lets speed rise and fall, and keeps everything a pure function of time: with ``P`` the integral of the
raw position ``p``, the position is ``(P(t + w) - P(t - w)) / 2w`` and the velocity, exactly,
``(p(t + w) - p(t - w)) / 2w``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mobinet.types import Float64

# slower than this, something keeps the way that it faces
_MIN_TURN_SPEED = 0.08
_HEADING_STEP_S = 0.05
_HEADING_WINDOW_STEPS = 9


class Waypoint(NamedTuple):
    """A point on the ground, metres in the map, and how long to stay there, seconds."""

    x: float
    y: float
    wait_s: float = 0.0


@dataclass(frozen=True)
class Motion:
    """State at one instant, in the map frame.

    Args:
        position: ``(3,)`` metres, on the ground.
        velocity: ``(3,)`` metres per second.
        heading: radians from the map's x axis, the way it faces.
        distance: metres gone since the start.
    """

    position: Float64
    velocity: Float64
    heading: float
    distance: float


class Trajectory:
    """Motion along waypoints as a function of time.

    Args:
        waypoints: at least one; a single one is something that stands.
        speed: metres per second between them.
        start_s: when it sets off; before, it stands at the first waypoint.
        mode: at the last waypoint "stop", go on at the first ("loop"), or walk back ("return").
        duration_s: up to when the motion is defined; later it stands.
        window_s: half the length of the averaging window, seconds.
        heading: radians, for something that never moves.
    """

    def __init__(
        self,
        waypoints: Sequence[Waypoint],
        speed: float = 1.0,
        *,
        start_s: float = 0.0,
        mode: str = "stop",
        duration_s: float = 60.0,
        window_s: float = 0.3,
        heading: float = 0.0,
    ) -> None:
        self.top_speed = speed if _moves(waypoints) else 0.0
        self._window_s = window_s
        margin_s = duration_s + 2 * window_s + 1.0
        times, points = _knots(waypoints, speed, start_s, mode, margin_s)
        # x, y and the distance gone are rounded alike
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        values = np.column_stack([points, np.concatenate([[0.0], np.cumsum(steps)])])
        self._times = np.concatenate([[-margin_s], times, [times[-1] + 2 * margin_s]])
        self._values = np.vstack([values[:1], values, values[-1:]])
        areas = np.diff(self._times)[:, None] * (self._values[1:] + self._values[:-1]) / 2
        self._integral = np.vstack([np.zeros(3), np.cumsum(areas, axis=0)])
        self._heading_times: Float64 = np.arange(-1.0, margin_s, _HEADING_STEP_S, dtype=np.float64)
        self._headings = self._tabulate_headings(heading)

    def at(self, stamp_ns: int) -> Motion:
        """The state at a time since the beginning of the world."""
        time_s = stamp_ns / 1e9
        x, y, distance = self._smooth(np.array([time_s]))[0]
        velocity = np.append(self._velocity(np.array([time_s]))[0], 0.0)
        heading = float(np.interp(time_s, self._heading_times, self._headings))
        return Motion(np.array([x, y, 0.0]), velocity, heading, float(distance))

    def sample(self, times: Float64) -> tuple[Float64, Float64]:
        """The states at ``(N,)`` times, seconds.

        Returns:
            ``(N, 3)`` x, y in metres and heading in radians, and ``(N, 2)`` velocities.
        """
        heading = np.interp(times, self._heading_times, self._headings)
        return np.column_stack([self._smooth(times)[:, :2], heading]), self._velocity(times)

    def _smooth(self, times: Float64) -> Float64:
        """``(N, 3)`` x, y and distance, averaged over the window."""
        window = self._window_s
        return np.asarray((self._integrated(times + window) - self._integrated(times - window)) / (2 * window))

    def _velocity(self, times: Float64) -> Float64:
        """``(N, 2)`` derivative of the averaged position."""
        ahead, behind = self._raw(times + self._window_s), self._raw(times - self._window_s)
        return np.asarray((ahead - behind)[:, :2] / (2 * self._window_s))

    def _raw(self, times: Float64) -> Float64:
        return np.column_stack([np.interp(times, self._times, column) for column in self._values.T])

    def _integrated(self, times: Float64) -> Float64:
        index = np.clip(np.searchsorted(self._times, times, side="right") - 1, 0, len(self._times) - 2)
        elapsed = (times - self._times[index])[:, None]
        return np.asarray(self._integral[index] + elapsed * (self._values[index] + self._raw(times)) / 2)

    def _tabulate_headings(self, heading: float) -> Float64:
        """Heading at ``_heading_times``: of the velocity, kept while it stands, turned within half a second."""
        velocity = self._velocity(self._heading_times)
        moving = np.hypot(velocity[:, 0], velocity[:, 1]) > _MIN_TURN_SPEED
        if not moving.any():
            return np.full(len(velocity), heading)
        first = int(np.flatnonzero(moving)[0])
        last_moving = np.maximum.accumulate(np.where(moving, np.arange(len(moving)), first))
        angles = np.arctan2(velocity[:, 1], velocity[:, 0])[last_moving]
        half = _HEADING_WINDOW_STEPS // 2
        padded = np.pad(np.unwrap(angles), half, mode="edge")
        return np.convolve(padded, np.ones(_HEADING_WINDOW_STEPS) / _HEADING_WINDOW_STEPS, mode="valid")


def _knots(
    waypoints: Sequence[Waypoint], speed: float, start_s: float, mode: str, until_s: float
) -> tuple[Float64, Float64]:
    """Times ``(K,)`` and points ``(K, 2)`` between which the raw motion is uniform."""
    times, points = [start_s], [waypoints[0][:2]]
    order = _visits(len(waypoints), mode)
    if waypoints[0].wait_s:
        times.append(start_s + waypoints[0].wait_s)
        points.append(waypoints[0][:2])
    step = 1
    while step < len(order) or (mode != "stop" and times[-1] < until_s and _moves(waypoints)):
        waypoint = waypoints[order[step % len(order)]]
        length = float(np.hypot(waypoint.x - points[-1][0], waypoint.y - points[-1][1]))
        times.append(times[-1] + length / speed)
        points.append(waypoint[:2])
        if waypoint.wait_s:
            times.append(times[-1] + waypoint.wait_s)
            points.append(waypoint[:2])
        step += 1
    return np.array(times), np.array(points, np.float64)


def _visits(count: int, mode: str) -> list[int]:
    """Indices of the waypoints in the order of one round."""
    there = list(range(count))
    return there + there[-2:0:-1] if mode == "return" else there


def _moves(waypoints: Sequence[Waypoint]) -> bool:
    return any(waypoint[:2] != waypoints[0][:2] for waypoint in waypoints)
