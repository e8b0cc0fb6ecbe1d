"""Reads how something moves from a world file."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mobinet.sim.obstacles import Obstacle, first_collision
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import GROUND_HALF_M, MODES, Route
from mobinet.sim.world_values import Section

ROUTE_KEYS = ("path", "at", "speed", "start", "mode")
_WITHIN = f"expected coordinates from {-GROUND_HALF_M:g} to {GROUND_HALF_M:g} m; move it"


def read_route(section: Section, speed: float, max_speed: float) -> Route:
    """From ``path``: a list of [x, y] or [x, y, wait], or ``at``: [x, y, heading in degrees].

    Args:
        section: what moves; its other keys are left alone.
        speed: metres per second where the file gives none.
        max_speed: the most that such a thing can do.

    Raises:
        SettingsError: a value that is no path, out of range, or faster than that.
    """
    if ("path" in section.values) == ("at" in section.values):
        raise section.error("path", "expected either 'path' (it moves) or 'at' (it stands)")
    if "at" in section.values:
        for key in ("speed", "start", "mode"):
            if key in section.values:
                raise section.error(key, "something that stands has none; leave it out, or give a path instead of 'at'")
        x, y, *heading = section.as_numbers("at", section.values["at"], (2, 3))
        if max(abs(x), abs(y)) > GROUND_HALF_M:
            raise section.error("at", f"[{x:g}, {y:g}] is outside the world: {_WITHIN}")
        return Route((Waypoint(x, y),), heading=math.radians(heading[0]) if heading else 0.0)
    points = section.values["path"]
    if not isinstance(points, list) or len(points) < 2:
        raise section.error("path", f"expected at least two points [x, y] or [x, y, wait], got {points!r}")
    waypoints = tuple(Waypoint(*section.as_numbers("path", point, (2, 3))) for point in points)
    for index, point in enumerate(waypoints):
        if max(abs(point.x), abs(point.y)) > GROUND_HALF_M:
            raise section.error("path", f"point {index}, {list(point[:2])}, is outside the world: {_WITHIN}")
        if point.wait_s < 0:
            raise section.error("path", f"point {index} waits {point.wait_s:g} s: expected a wait from 0")
    if len({point[:2] for point in waypoints}) == 1:
        raise section.error("path", "all points are the same; use 'at' for something that stands")
    return Route(
        waypoints,
        _speed(section, speed, max_speed),
        section.number("start", 0.0, 0, 3600),
        section.choice("mode", "stop", MODES),
    )


def _speed(section: Section, speed: float, max_speed: float) -> float:
    given = section.values.get("speed", speed)
    if isinstance(given, (int, float)) and given > max_speed:
        raise section.error("speed", f"nothing of this kind is faster than {max_speed:g} m/s, got {given:g}; lower it")
    return section.number("speed", speed, 0.05, max_speed)


def check_route(section: Section, route: Route, radius: float, obstacles: Sequence[Obstacle]) -> None:
    """Raises SettingsError for a path that comes nearer to an obstacle than ``radius`` metres."""
    hit = first_collision(route, radius, obstacles)
    if hit is not None:
        key = "path" if "path" in section.values else "at"
        raise section.error(
            key, f"impossible: within {radius:g} m of '{hit[0].name}' after point {hit[1]}; lead it around"
        )
