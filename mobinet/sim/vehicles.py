"""Cars, bicycles with their riders, and robots."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from mobinet.sim.people import Pose, person_parts, place_person
from mobinet.sim.shapes import Part, Placement, RigidBody, along, in_map, join, upright
from mobinet.sim.trajectory import Motion
from mobinet.sim.world import Colour, Cyclist, Robot
from mobinet.types import Float64

_RUBBER: Colour = (0.05, 0.05, 0.055)
_GLASS: Colour = (0.10, 0.13, 0.16)
_METAL: Colour = (0.55, 0.56, 0.58)

# axis z of the solid across the vehicle
_ACROSS = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
_WHEEL_RADIUS = 0.33
_PANES = ("side_front", "side_rear", "screen_front", "screen_rear")
_SHADE_M = 0.06  # above every area that is painted on the ground
_CRANK = 0.17
_CRANK_TURN_M = 5.0


def car_body(colour: Colour) -> RigidBody:
    """A saloon, 4.3 m long, 1.8 m wide, 1.45 m high."""
    parts = [
        Part("mesh", (1, 1, 1), colour, mesh="car_body", shine=0.6),
        Part("mesh", (1, 1, 1), colour, mesh="car_cabin", shine=0.6),
        *(Part("mesh", (1, 1, 1), _GLASS, mesh=f"car_{pane}", shine=0.9) for pane in _PANES),
    ]
    positions: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(parts)
    for part, position in _car_details(colour):
        parts.append(part)
        positions.append(position)
    wheels, wheel_places = _car_wheels()
    return RigidBody((*parts, *wheels), join(upright(positions), wheel_places))


def _car_details(colour: Colour) -> Iterator[tuple[Part, tuple[float, float, float]]]:
    """Lamps, plates, bumpers, grille, sills, mirrors, and the dark between the wheels."""
    for lamp, x, glow in (((1.0, 0.98, 0.9), 2.12, 0.9), ((0.75, 0.03, 0.03), -2.10, 0.6)):
        for side in (1, -1):
            yield Part("ellipsoid", (0.07, 0.20, 0.09), lamp, glow=glow), (x, side * 0.62, 0.66)
    for x in (2.14, -2.14):
        yield Part("box", (0.03, 0.26, 0.06), (0.85, 0.85, 0.8)), (x, 0.0, 0.43)
        yield Part("box", (0.06, 0.82, 0.10), _RUBBER), (0.97 * x, 0.0, 0.33)
    yield Part("box", (0.03, 0.36, 0.07), _RUBBER), (2.11, 0.0, 0.60)
    for side in (1, -1):
        yield Part("ellipsoid", (0.07, 0.11, 0.07), colour, shine=0.6), (0.72, side * 0.93, 0.95)
        yield Part("box", (0.95, 0.015, 0.06), _RUBBER), (0.0, side * 0.895, 0.30)
        yield Part("box", (0.012, 0.012, 0.28), _RUBBER), (-0.34, side * 0.89, 0.58)
    yield Part("box", (1.95, 0.78, 0.10), _RUBBER), (0.0, 0.0, 0.19)
    # without a shadow on the ground a car seems to float
    yield Part("box", (2.05, 0.84, 0.004), (0.02, 0.02, 0.02)), (0.0, 0.0, _SHADE_M)


def _car_wheels() -> tuple[tuple[Part, ...], Placement]:
    parts, centres = [], []
    for x in (1.32, -1.30):
        for y in (0.80, -0.80):
            parts.append(Part("cylinder", (_WHEEL_RADIUS, 0.12), _RUBBER))
            parts.append(Part("cylinder", (0.21, 0.125), _METAL, shine=0.4))
            centres += [(x, y, _WHEEL_RADIUS)] * 2
    return tuple(parts), Placement(np.array(centres), np.tile(_ACROSS, (len(centres), 1, 1)))


class CyclistBody:
    """A bicycle and its rider, who pedals while it rolls."""

    def __init__(self, cyclist: Cyclist) -> None:
        self._cyclist = cyclist
        self._bicycle = _bicycle(cyclist.colour)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        return (*self._bicycle.parts, *person_parts(self._cyclist.look))

    def place(self, motion: Motion) -> Placement:
        look = self._cyclist.look
        hip = np.array([-0.18, 0.0, 0.62 + 0.22 * look.height])
        rider = place_person(look, self._pedalling(motion.distance, hip), hip, lean=0.45)
        return join(self._bicycle.place(motion), in_map(rider, motion))

    def _pedalling(self, distance: float, hip: Float64) -> Pose:
        """Joint angles that put the feet on the pedals: two links, the law of cosines."""
        height = self._cyclist.look.height
        angle = 2 * np.pi * distance / _CRANK_TURN_M + np.array([0.0, np.pi])
        pedals = np.column_stack([0.06 + _CRANK * np.cos(angle), 0.36 - _CRANK * np.sin(angle)])
        reach = pedals - hip[[0, 2]]
        thigh, shin = 0.245 * height, 0.246 * height
        length = np.clip(np.hypot(reach[:, 0], reach[:, 1]), 0.2, 0.999 * (thigh + shin))
        direction = np.arctan2(reach[:, 0], -reach[:, 1])
        at_hip = np.arccos((thigh**2 + length**2 - shin**2) / (2 * thigh * length))
        at_knee = np.pi - np.arccos((thigh**2 + shin**2 - length**2) / (2 * thigh * shin))
        return Pose(direction + at_hip, at_knee, np.full(2, 0.75), np.full(2, 0.35))


def _bicycle(colour: Colour) -> RigidBody:
    crank, seat, head, bar = (0.06, 0.0, 0.36), (-0.2, 0.0, 0.9), (0.38, 0.0, 0.85), (0.40, 0.0, 1.02)
    front, rear = (0.55, 0.0, 0.34), (-0.52, 0.0, 0.34)
    tubes = [(crank, seat), (crank, head), (seat, head), (seat, rear), (crank, rear), (head, front), (head, bar)]
    tubes.append(((0.40, 0.25, 1.02), (0.40, -0.25, 1.02)))
    starts, ends = (np.array(points) for points in zip(*tubes, strict=True))
    lengths = np.linalg.norm(ends - starts, axis=1)
    parts = [Part("capsule", (0.02, float(length) / 2), colour, shine=0.4) for length in lengths]
    parts.append(Part("ellipsoid", (0.12, 0.07, 0.04), _RUBBER))
    wheels = [Part("mesh", (1, 1, 1), _RUBBER, mesh="ring")] * 2
    wheel_places = Placement(np.array([front, rear]), np.tile(_ACROSS, (2, 1, 1)))
    return RigidBody((*parts, *wheels), join(along(starts, ends), upright([seat]), wheel_places))


def robot_body(robot: Robot) -> RigidBody:
    """A low box on wheels with a thin mast below each camera."""
    parts = [
        Part("box", (0.28, 0.22, 0.11), robot.colour, shine=0.3),
        Part("box", (0.20, 0.18, 0.04), (0.15, 0.15, 0.16)),
    ]
    boxes = upright([(0.0, 0.0, 0.22), (0.0, 0.0, 0.36)])
    wheels = [Part("cylinder", (0.12, 0.04), _RUBBER)] * 4
    centres = [(x, y, 0.12) for x in (0.18, -0.18) for y in (0.25, -0.25)]
    wheel_places = Placement(np.array(centres), np.tile(_ACROSS, (4, 1, 1)))
    masts, mast_places = [], []
    for camera in robot.cameras:
        x, y, z = camera.mount.translation.tolist()
        if z > 0.5:
            masts.append(Part("capsule", (0.02, (z - 0.4) / 2), _METAL))
            mast_places.append((x - 0.05, y, (z + 0.4) / 2))
        masts.append(Part("box", (0.03, 0.06, 0.03), (0.1, 0.1, 0.1)))
        mast_places.append((x - 0.02, y, z))
    return RigidBody((*parts, *wheels, *masts), join(boxes, wheel_places, upright(mast_places)))
