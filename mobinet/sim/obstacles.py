"""What nobody can walk or drive through, and the check that a path does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mobinet.sim.interior import Furniture
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


def obstacles_of(
    walls: Iterable[Wall], pillars: Iterable[Pillar], cars: Iterable[Car], furniture: Iterable[Furniture] = ()
) -> list[Obstacle]:
    """Walls but for their doors, pillars, furniture and the cars that never move."""
    found = [obstacle for wall in walls for obstacle in _wall_obstacles(wall)]
    found += [Obstacle(f.name, f.at, (f.size[0] / 2, f.size[1] / 2), f.heading) for f in furniture]
    found += [Obstacle(p.name, p.centre, (0.0, 0.0), 0.0, p.radius) for p in pillars]
    half = (CAR_SIZE[0] / 2, CAR_SIZE[1] / 2)
    parked = [car for car in cars if len(car.route.waypoints) == 1]
    found += [Obstacle(c.name, c.route.waypoints[0][:2], half, c.route.heading) for c in parked]
    return found


def first_overlap(obstacle: Obstacle, others: Iterable[Obstacle]) -> Obstacle | None:
    """The first of the others that covers a part of an obstacle, which is a rectangle without rounded corners."""
    along, across = (np.linspace(-half, half, int(2 * half / _STEP_M) + 2) for half in obstacle.half_size)
    cos, sin = np.cos(obstacle.heading), np.sin(obstacle.heading)
    own = np.stack(np.meshgrid(along, across), axis=-1).reshape(-1, 2)
    points = own @ np.array([[cos, sin], [-sin, cos]]) + np.array(obstacle.centre)
    return next((other for other in others if other.distances(points).min() == 0), None)


def _wall_obstacles(wall: Wall) -> list[Obstacle]:
    """What is solid at the ground, from door to door."""
    doors = [opening for opening in wall.openings if opening.is_door]
    starts = [0.0] + [door.middle + door.width / 2 for door in doors]
    ends = [door.middle - door.width / 2 for door in doors] + [wall.length]
    solid = [(start, end) for start, end in zip(starts, ends, strict=True) if end > start]
    return [
        Obstacle(wall.name, wall.point((start + end) / 2), ((end - start) / 2, wall.thickness / 2), wall.heading)
        for start, end in solid
    ]


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
