"""What nobody can walk or drive through, and the check that a path does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mobinet.sim.world import Car, Pillar, Route, Wall
from mobinet.types import Float64

CAR_SIZE = (4.3, 1.8)
_STEP_M = 0.1


@dataclass(frozen=True)
class Obstacle:
    """A rectangle on the ground, its corners rounded.

    Args:
        centre: ``x, y``, metres.
        half_size: along its own axes, metres; zeros for a circle.
        heading: of its x axis, radians.
        radius: by which it is widened, metres.
    """

    name: str
    centre: tuple[float, float]
    half_size: tuple[float, float]
    heading: float
    radius: float = 0.0

    def distances(self, points: Float64) -> Float64:
        """``(N,)`` metres from ``(N, 2)`` points to the obstacle, 0 inside."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        offset = points - np.array(self.centre)
        own = np.abs(offset @ np.array([[cos, -sin], [sin, cos]]))
        outside = np.maximum(own - np.array(self.half_size), 0.0)
        return np.asarray(np.maximum(np.hypot(outside[:, 0], outside[:, 1]) - self.radius, 0.0))


def obstacles_of(walls: Iterable[Wall], pillars: Iterable[Pillar], cars: Iterable[Car]) -> list[Obstacle]:
    """Walls, pillars and the cars that never move."""
    found = [Obstacle(w.name, w.centre, (w.length / 2, w.thickness / 2), w.heading) for w in walls]
    found += [Obstacle(p.name, p.centre, (0.0, 0.0), 0.0, p.radius) for p in pillars]
    half = (CAR_SIZE[0] / 2, CAR_SIZE[1] / 2)
    parked = [car for car in cars if len(car.route.waypoints) == 1]
    found += [Obstacle(c.name, c.route.waypoints[0][:2], half, c.route.heading) for c in parked]
    return found


def first_collision(route: Route, radius: float, obstacles: Iterable[Obstacle]) -> tuple[Obstacle, int] | None:
    """The first obstacle nearer than ``radius`` to the path, and the index of the waypoint that the path comes from."""
    corners = [np.array(waypoint[:2], np.float64) for waypoint in route.waypoints]
    if route.mode == "loop" and len(corners) > 1:
        corners.append(corners[0])
    legs = list(pairwise(corners)) or [(corners[0], corners[0])]
    for index, (start, end) in enumerate(legs):
        count = int(np.linalg.norm(end - start) / _STEP_M) + 2
        points = start + np.linspace(0, 1, count)[:, None] * (end - start)
        for obstacle in obstacles:
            if obstacle.distances(points).min() < radius:
                return obstacle, index
    return None
