"""Everything in a world that has a shape: objects with an identity, and the scenery around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mobinet.geometry import Transform
from mobinet.sim.furniture import furniture_parts
from mobinet.sim.people import PersonBody
from mobinet.sim.shapes import Body, Part, Placement, rotation_z
from mobinet.sim.trajectory import Motion, Trajectory
from mobinet.sim.vehicles import CyclistBody, car_body, robot_body
from mobinet.sim.walls import wall_parts
from mobinet.sim.world import GROUND_HALF_M, ObjectClass, Route, World

# half of the time over which position is averaged: what is heavy takes corners wider
_WINDOW_S = {ObjectClass.PERSON: 0.3, ObjectClass.CYCLIST: 0.6, ObjectClass.CAR: 0.8, ObjectClass.ROBOT: 0.4}


@dataclass(frozen=True)
class Actor:
    """An object with an identity: a person, a cyclist, a car (also a parked one), a robot, somebody who wears cameras.

    Args:
        identity: from 1 on, in the order of the world file; the same for every camera.
    """

    name: str
    identity: int
    object_class: ObjectClass
    body: Body
    trajectory: Trajectory


@dataclass(frozen=True)
class Fixture:
    """Scenery: it never moves, may hide objects, and is no object itself."""

    name: str
    parts: tuple[Part, ...]
    placement: Placement


def actors_of(world: World) -> tuple[Actor, ...]:
    """The objects of a world: people, cyclists, cars, robots."""
    found: list[Actor] = []
    for name, object_class, body, trajectory in _objects(world):
        found.append(Actor(name, len(found) + 1, object_class, body, trajectory))
    return tuple(found)


def base_pose(motion: Motion) -> Transform:
    """``base2map`` of something that stands on the ground, x the way it faces."""
    return Transform(rotation_z(motion.heading), motion.position)


def fixtures_of(world: World) -> tuple[Fixture, ...]:
    """Ground, areas, walls, furniture, ceilings and pillars."""
    plane = Part("plane", (GROUND_HALF_M, GROUND_HALF_M, 0.1), (1.0, 1.0, 1.0), texture=world.ground)
    found = [Fixture("ground", (plane,), Placement(np.zeros((1, 3)), np.eye(3)[None]))]
    for index, area in enumerate(world.areas):
        # later ones lie on top; a millimetre each keeps them from flickering
        top = 0.004 * (index + 1)
        part = Part("box", (area.size[0] / 2, area.size[1] / 2, top / 2), (1.0, 1.0, 1.0), texture=area.surface)
        found.append(Fixture(area.name, (part,), Placement(np.array([[*area.centre, top / 2]]), np.eye(3)[None])))
    for wall in world.walls:
        found.append(Fixture(wall.name, *wall_parts(wall)))
    for piece in world.furniture:
        found.append(Fixture(piece.name, *furniture_parts(piece)))
    for ceiling in world.ceilings:
        part = Part("box", (ceiling.size[0] / 2, ceiling.size[1] / 2, 0.05), (1, 1, 1), texture="ceiling", glow=0.35)
        pose = Placement(np.array([[*ceiling.centre, ceiling.height + 0.05]]), np.eye(3)[None])
        found.append(Fixture(ceiling.name, (part,), pose))
    for pillar in world.pillars:
        part = Part("cylinder", (pillar.radius, pillar.height / 2), (0.6, 0.6, 0.58))
        pose = Placement(np.array([[*pillar.centre, pillar.height / 2]]), np.eye(3)[None])
        found.append(Fixture(pillar.name, (part,), pose))
    return tuple(found)


def _objects(world: World) -> Iterator[tuple[str, ObjectClass, Body, Trajectory]]:
    def trajectory(route: Route, object_class: ObjectClass) -> Trajectory:
        return route.trajectory(world.duration_s, _WINDOW_S[object_class])

    for person in world.people:
        body = PersonBody(person.look, person.sits)
        yield person.name, ObjectClass.PERSON, body, trajectory(person.route, ObjectClass.PERSON)
    for cyclist in world.cyclists:
        yield cyclist.name, ObjectClass.CYCLIST, CyclistBody(cyclist), trajectory(cyclist.route, ObjectClass.CYCLIST)
    for car in world.cars:
        yield car.name, ObjectClass.CAR, car_body(car.colour), trajectory(car.route, ObjectClass.CAR)
    for robot in world.robots:
        kind = ObjectClass.PERSON if robot.wearer else ObjectClass.ROBOT
        shape = PersonBody(robot.wearer.look) if robot.wearer else robot_body(robot)
        yield robot.name, kind, shape, trajectory(robot.route, kind)
