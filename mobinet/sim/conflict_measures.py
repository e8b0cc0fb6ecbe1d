"""Measures of traffic conflicts of two moving footprints: time to collision and post-encroachment time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.footprints import Footprint, gaps
from mobinet.sim.trajectory import Trajectory
from mobinet.types import Float64

_LAG_STEP_S = 0.05
_CROSSING_SINE = 0.5  # of 30 degrees
_STANDING_SPEED = 0.3
_SEARCH_STEPS = 24


@dataclass(frozen=True)
class PairStates:
    """Two objects at ``times`` ``(N,)`` seconds.

    Args:
        poses: of each, ``(N, 3)`` x, y in metres and heading in radians.
        velocities: of each, ``(N, 2)`` metres per second.
    """

    footprints: tuple[Footprint, Footprint]
    trajectories: tuple[Trajectory, Trajectory]
    times: Float64
    poses: tuple[Float64, Float64]
    velocities: tuple[Float64, Float64]

    @classmethod
    def of(
        cls, footprints: tuple[Footprint, Footprint], trajectories: tuple[Trajectory, Trajectory], times: Float64
    ) -> PairStates:
        (poses, velocities), (other_poses, other_velocities) = (trajectory.sample(times) for trajectory in trajectories)
        return cls(footprints, trajectories, times, (poses, other_poses), (velocities, other_velocities))

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
    low: Float64 = np.zeros(len(states.times))
    high: Float64 = np.full(len(states.times), limit_s)
    for _ in range(_SEARCH_STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        falls = _gaps_later(states, left) > _gaps_later(states, right)
        low, high = np.asarray(np.where(falls, left, low)), np.asarray(np.where(falls, high, right))
    touches = _gaps_later(states, low) <= touch_m
    before, after = np.zeros_like(low), low
    for _ in range(_SEARCH_STEPS):
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
    """``(N,)`` seconds until one of the two is where the other one is now, infinite beyond ``limit_s``.

    Post-encroachment time (Allen, Shin, Cooper, Analysis of traffic conflicts and collisions, Transportation Research
    Record 667, 1978) is the time between one leaving the place where paths cross and the other one reaching it. Here:
    the least delay between two instants, to 50 ms, at which the footprints would touch, while both move and their
    courses cross at 30 to 150 degrees: who follows behind is in no conflict.
    """
    found: Float64 = np.full(len(states.times), np.inf)
    for lag in np.arange(0.0, limit_s + 1e-9, _LAG_STEP_S):
        later = PairStates.of(states.footprints, states.trajectories, states.times + lag)
        for now, then in ((0, 1), (1, 0)):
            distance = gaps(states.footprints[now], states.poses[now], states.footprints[then], later.poses[then])
            meet = (distance <= touch_m) & _crossing(states.velocities[now], later.velocities[then])
            found = np.asarray(np.where(meet & np.isinf(found), lag, found))
    return found


def _crossing(first: Float64, second: Float64) -> NDArray[np.bool_]:
    """Whether both move, at 30 to 150 degrees to each other."""
    speeds = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    across = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    moving = (speeds[0] > _STANDING_SPEED) & (speeds[1] > _STANDING_SPEED)
    return np.asarray(moving & (across >= _CROSSING_SINE * speeds[0] * speeds[1]))
