"""Simulated worlds in which one person is followed: hidden for long, or among people who look the same.

The seed chooses everything. ``occlusion``: the target passes behind a wall, or turns behind it, and each time it is
wholly hidden for 20 to 60 images; up to two others walk about, dressed as they like. ``distractors``: 1 to 5 people
of the same looks walk back and forth where the target does, before it and behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.sim.looks import choose_look
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import FINISHES, SURFACES, Area, Person, Pillar, Robot, Route, SimCamera, Wall, World

TARGET = "target"
RATE_HZ = 20.0
WIDTH, HEIGHT = 400, 300
# hidden wholly, images; a little in from 20 and 60, since starts and corners are rounded
SHORTEST, LONGEST = 23, 57
# breadth of a walking person with arms and the length of a step, metres
BODY_M = 0.75
MOST_DOUBLES = 5
SHORT_S, LONGEST_S = 13.0, 20.0


def occlusion_world(seed: int) -> World:
    """A wall that the target passes three times."""
    draw = np.random.default_rng([seed, 0])
    speed, depth, wall_depth = draw.uniform(0.8, 1.3), draw.uniform(6.0, 9.0), draw.uniform(3.5, 5.0)
    # how far behind the wall nothing of the target is seen, so that passing takes the images that are drawn
    hidden_m = speed * draw.uniform(SHORTEST, LONGEST) / RATE_HZ
    half_wall = (hidden_m + BODY_M) / 2 * wall_depth / depth
    edge = half_wall * depth / wall_depth
    middle = draw.uniform(-0.3, 0.3)
    route = _passes(draw, (depth, middle * depth / wall_depth), edge, hidden_m, speed)
    target = Person(TARGET, route, choose_look(seed, TARGET))
    fov = 2 * np.arctan(max(abs(point.y) + 0.5 for point in route.waypoints) / depth)
    wall = Wall(
        "screen",
        (wall_depth, middle - half_wall),
        (wall_depth, middle + half_wall),
        height=2.4,
        thickness=0.1,
        finish=_one_of(draw, FINISHES),
    )
    passers = tuple(
        Person(f"passer_{index}", _wander(draw, (8.0, 12.0)), choose_look(seed, f"passer_{index}"))
        for index in range(int(draw.integers(0, 3)))
    )
    return _world(draw, f"occlusion_{seed}", seed, fov, (target, *passers), (wall,))


def _passes(
    draw: np.random.Generator, middle: tuple[float, float], edge: float, hidden_m: float, speed: float
) -> Route:
    """Three times behind the wall: through it, or to a point behind it and out again where it came in."""
    depth, side = middle[0], 1.0 if draw.random() < 0.5 else -1.0
    points = []
    for _ in range(3):
        # far enough out to be seen for two seconds on each side
        out = edge + BODY_M / 2 + speed * draw.uniform(1.0, 1.6)
        points.append(Waypoint(depth, middle[1] + side * out))
        if draw.random() < 0.3:
            inside, wanted_s = draw.uniform(0.2, 0.5) * hidden_m, draw.uniform(SHORTEST, LONGEST) / RATE_HZ
            wait_s = max(wanted_s - 2 * inside / speed, 0.0)
            points.append(Waypoint(depth, middle[1] + side * (hidden_m / 2 - inside), wait_s))
        else:
            side = -side
    points.append(Waypoint(depth, middle[1] + side * (edge + BODY_M / 2 + speed)))
    return Route(tuple(points), speed)


def distractors_world(seed: int) -> World:
    """``1 + seed % 5`` people who look like the target."""
    draw = np.random.default_rng([seed, 1])
    look = choose_look(seed, TARGET)
    # the first points apart, so that it is clear who is meant
    target = Person(TARGET, replace(_wander(draw, (5.5, 8.0)), start_s=0.0), look)
    start = target.route.waypoints[0]
    doubles = []
    while len(doubles) < 1 + seed % MOST_DOUBLES:
        route = _wander(draw, (4.5, 9.5))
        first = route.waypoints[0]
        if abs(first.y / first.x - start.y / start.x) > 0.2:
            doubles.append(Person(f"double_{len(doubles)}", route, look))
    trees = tuple(
        Pillar(f"tree_{index}", (float(draw.uniform(5, 11)), float(draw.uniform(-4, 4))), 0.15, 4.0)
        for index in range(int(draw.integers(0, 3)))
    )
    return _world(draw, f"distractors_{seed}", seed, np.radians(53), (target, *doubles), (), trees)


WORLDS: Mapping[str, Callable[[int], World]] = {"occlusion": occlusion_world, "distractors": distractors_world}


def _wander(draw: np.random.Generator, depths: tuple[float, float]) -> Route:
    """Back and forth across the picture, from side to side."""
    side, points = 1.0 if draw.random() < 0.5 else -1.0, []
    for _ in range(int(draw.integers(3, 6))):
        depth = float(draw.uniform(*depths))
        points.append(
            Waypoint(depth, side * depth * float(draw.uniform(0.1, 0.42)), float(draw.choice([0.0, 0.0, 0.7])))
        )
        side = -side
    return Route(tuple(points), float(draw.uniform(0.8, 1.5)), start_s=-float(draw.uniform(0.0, 2.0)), mode="return")


def _world(
    draw: np.random.Generator,
    name: str,
    seed: int,
    fov: float,
    people: tuple[Person, ...],
    walls: tuple[Wall, ...],
    pillars: tuple[Pillar, ...] = (),
) -> World:
    target = people[0].route
    # as long as the target walks, at most
    trajectory = target.trajectory(60.0, 0.3)
    ends = [second for second in range(60) if trajectory.at(second * 10**9).distance >= _length(target)]
    back = Wall("back", (13.0, -16.0), (13.0, 16.0), float(draw.uniform(3, 6)), 0.3, _one_of(draw, FINISHES))
    lawn = Area("lawn", (11.0, 0.0), (4.0, 30.0), _one_of(draw, SURFACES))
    model = CameraModel.pinhole(WIDTH, HEIGHT, float(fov * draw.uniform(1.0, 1.1)))
    mount = Transform.from_euler(0.0, float(draw.uniform(0.0, 0.06)), 0.0, np.array([0.2, 0.0, draw.uniform(1.1, 1.6)]))
    drift = float(draw.choice([0.0, 0.0, 0.1]))
    route = Route((Waypoint(-0.3, -drift), Waypoint(-0.3, drift + 1e-3)), 0.05, mode="return")
    robot = Robot(
        "r1",
        route if drift else Route((Waypoint(0.0, 0.0),)),
        (SimCamera("front", model, mount, RATE_HZ),),
        (0.8, 0.6, 0.1),
    )
    return World(
        name=name,
        seed=seed,
        duration_s=float(min(ends[0] + 1, LONGEST_S)) if ends and target.mode == "stop" else SHORT_S,
        light=str(draw.choice(["day", "day", "day", "dusk"])),
        shadows=False,
        ground=_one_of(draw, SURFACES),
        areas=(lawn,),
        walls=(back, *walls),
        pillars=pillars,
        people=people,
        robots=(robot,),
        antialias=False,
    )


def _length(route: Route) -> float:
    points = np.array([point[:2] for point in route.waypoints])
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) - 0.05


def _one_of(draw: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(draw.integers(len(names)))]
