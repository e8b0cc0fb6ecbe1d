"""Measures of traffic conflicts of two moving footprints: time to collision and post-encroachment time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.footprints import Footprint, gaps
from mobinet.sim.trajectory import Trajectory
from mobinet.types import Float64

_CROSSING_SINE = 0.5  # of 30 degrees
_STANDING_SPEED = 0.3
# to a millisecond within two seconds
_TERNARY_STEPS, _BISECTION_STEPS = 19, 11


@dataclass(frozen=True)
class PairStates:
    """Two objects at ``times`` ``(N,)`` seconds.

    Args:
        poses: of each, ``(N, 3)`` x, y in metres and heading in radians.
        velocities: of each, ``(N, 2)`` metres per second.
    """

    footprints: tuple[Footprint, Footprint]
    times: Float64
    poses: tuple[Float64, Float64]
    velocities: tuple[Float64, Float64]

    @classmethod
    def of(
        cls, footprints: tuple[Footprint, Footprint], trajectories: tuple[Trajectory, Trajectory], times: Float64
    ) -> PairStates:
        (poses, velocities), (other_poses, other_velocities) = (trajectory.sample(times) for trajectory in trajectories)
        return cls(footprints, times, (poses, other_poses), (velocities, other_velocities))

    def at(self, rows: NDArray[np.int64] | slice) -> PairStates:
        """Some of the times."""
        poses, velocities = ((of_both[0][rows], of_both[1][rows]) for of_both in (self.poses, self.velocities))
        return PairStates(self.footprints, self.times[rows], poses, velocities)

    @property
    def reach(self) -> float:
        """No farther apart than this, from middle to middle, the footprints may touch, metres."""
        return self.footprints[0].reach + self.footprints[1].reach

    @property
    def relative_speed(self) -> Float64:
        """``(N,)`` metres per second."""
        return np.asarray(np.linalg.norm(self.velocities[0] - self.velocities[1], axis=1))

    def gaps(self) -> Float64:
        """``(N,)`` distances between the footprints, metres, 0 where they overlap."""
        return gaps(self.footprints[0], self.poses[0], self.footprints[1], self.poses[1])


def times_to_collision(states: PairStates, limit_s: float, touch_m: float) -> Float64:
    """``(N,)`` seconds until the footprints touch if both keep velocity and heading, infinite beyond ``limit_s``.

    Time to collision (Hayward, Near-miss determination through use of a scale of danger, Highway Research Record 384,
    1972). Along a straight relative motion the distance of convex bodies is a convex function of time: its least value
    is found by ternary search, and the first touch before it by bisection.
    """
    found: Float64 = np.full(len(states.times), np.inf)
    rows = np.flatnonzero(_circles_meet(states, limit_s, touch_m))
    if len(rows):
        found[rows] = _search_touch(states.at(rows), limit_s, touch_m)
    return found


def _circles_meet(states: PairStates, limit_s: float, touch_m: float) -> NDArray[np.bool_]:
    """``(N,)`` whether the circles around the footprints touch within ``limit_s``: a quick look before the search."""
    offset = states.poses[1][:, :2] - states.poses[0][:, :2]
    velocity = states.velocities[1] - states.velocities[0]
    squared = np.maximum((velocity**2).sum(axis=1), 1e-12)
    nearest_s = np.clip(-(offset * velocity).sum(axis=1) / squared, 0.0, limit_s)
    apart = np.linalg.norm(offset + velocity * nearest_s[:, None], axis=1)
    return np.asarray(apart <= states.reach + touch_m)


def _search_touch(states: PairStates, limit_s: float, touch_m: float) -> Float64:
    low: Float64 = np.zeros(len(states.times))
    high: Float64 = np.full(len(states.times), limit_s)
    for _ in range(_TERNARY_STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        falls = _gaps_later(states, left) > _gaps_later(states, right)
        low, high = np.asarray(np.where(falls, left, low)), np.asarray(np.where(falls, high, right))
    touches = _gaps_later(states, low) <= touch_m
    before, after = np.zeros_like(low), low
    for _ in range(_BISECTION_STEPS):
        middle = (before + after) / 2
        apart = _gaps_later(states, middle) > touch_m
        before, after = np.asarray(np.where(apart, middle, before)), np.asarray(np.where(apart, after, middle))
    return np.asarray(np.where(touches, after, np.inf))


def _gaps_later(states: PairStates, later_s: Float64) -> Float64:
    """``(N,)`` distances after ``(N,)`` seconds of uniform motion."""
    moved = [
        np.column_stack([pose[:, :2] + velocity * later_s[:, None], pose[:, 2]])
        for pose, velocity in zip(states.poses, states.velocities, strict=True)
    ]
    return gaps(states.footprints[0], moved[0], states.footprints[1], moved[1])


def post_encroachment(states: PairStates, limit_s: float, touch_m: float) -> Float64:
    """``(M,)`` seconds until one of the two is where the other one is now, infinite beyond ``limit_s``.

    Post-encroachment time (Allen, Shin, Cooper, Analysis of traffic conflicts and collisions, Transportation Research
    Record 667, 1978) is the time between one leaving the place where paths cross and the other one reaching it. Here:
    the least delay between two instants at which the footprints would touch, while both move and their courses cross
    at 30 to 150 degrees: who follows behind is in no conflict.

    Args:
        states: at even steps, which the delay is a multiple of; those after the last one asked for reach ``limit_s``
            farther, so that ``M`` is as many fewer than ``N``.
    """
    lags = round(limit_s / float(states.times[1] - states.times[0]))
    count = len(states.times) - lags
    found: Float64 = np.full(count, np.inf)
    for lag in range(lags + 1):
        for now, then in ((0, 1), (1, 0)):
            offset = states.poses[now][:count, :2] - states.poses[then][lag : lag + count, :2]
            rows = np.flatnonzero((np.linalg.norm(offset, axis=1) <= states.reach + touch_m) & np.isinf(found))
            if not len(rows):
                continue
            pose, other = states.poses[now][rows], states.poses[then][rows + lag]
            meet = gaps(states.footprints[now], pose, states.footprints[then], other) <= touch_m
            meet &= _crossing(states.velocities[now][rows], states.velocities[then][rows + lag])
            found[rows[meet]] = states.times[lag] - states.times[0]
    return found


def _crossing(first: Float64, second: Float64) -> NDArray[np.bool_]:
    """Whether both move, at 30 to 150 degrees to each other."""
    speeds = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    across = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    moving = (speeds[0] > _STANDING_SPEED) & (speeds[1] > _STANDING_SPEED)
    return np.asarray(moving & (across >= _CROSSING_SINE * speeds[0] * speeds[1]))
