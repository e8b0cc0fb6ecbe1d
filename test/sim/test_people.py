"""People's bodies and their gait."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.sim.looks import choose_look
from mobinet.sim.people import PersonBody, person_parts, place_person, walking_pose
from mobinet.sim.shapes import Placement
from mobinet.sim.trajectory import Motion, Trajectory, Waypoint
from mobinet.sim.vehicles import CyclistBody
from mobinet.sim.world import Cyclist, Route

LOOK = choose_look(1, "somebody")
LEFT_SHOE, RIGHT_SHOE, HAIR = 2, 5, 18


def lowest(placement: Placement, index: int) -> float:
    """Height of the lowest point of a capsule, metres."""
    radius, half = person_parts(LOOK)[index].size
    return float(placement.positions[index, 2] - half * abs(placement.rotations[index, 2, 2]) - radius)


@pytest.mark.parametrize("distance", np.linspace(0, 2, 17))
def test_the_lower_foot_is_on_the_ground(distance):
    placement = place_person(LOOK, walking_pose(distance, 1.3, LOOK.height))
    # within 2 cm: the sole is a capsule, and its pitch is taken into account only roughly
    assert min(lowest(placement, LEFT_SHOE), lowest(placement, RIGHT_SHOE)) == pytest.approx(0.0, abs=0.02)


def test_somebody_who_stands_is_as_tall_as_said():
    placement = place_person(LOOK, walking_pose(0.0, 0.0, LOOK.height))
    top = placement.positions[HAIR, 2] + person_parts(LOOK)[HAIR].size[2]
    assert top == pytest.approx(LOOK.height, rel=0.02)


def test_legs_swing_against_each_other_and_arms_against_legs():
    pose = walking_pose(0.0, 1.3, 1.7)
    assert pose.thigh[0] > 0 > pose.thigh[1]
    assert pose.arm[0] < 0 < pose.arm[1]


def test_standing_legs_are_straight_and_still():
    first, second = walking_pose(0.3, 0.0, 1.7), walking_pose(0.9, 0.0, 1.7)
    assert first.knee == pytest.approx(0.0)
    assert first.thigh == pytest.approx(second.thigh)


def test_feet_hardly_slide():
    """While a foot is the lower one, it moves much less than the body."""
    trajectory = Trajectory((Waypoint(0, 0), Waypoint(20, 0)), 1.3)
    body = PersonBody(LOOK)
    slid = gone = 0.0
    for step in range(300, 500):
        here, later = (body.place(trajectory.at((step + i) * 10_000_000)) for i in (0, 1))
        foot = LEFT_SHOE if lowest(here, LEFT_SHOE) < lowest(here, RIGHT_SHOE) else RIGHT_SHOE
        slid += abs(later.positions[foot, 0] - here.positions[foot, 0])
        gone += 0.013
    assert slid < 0.35 * gone


def test_parts_and_places_correspond():
    for backpack in (True, False):
        look = choose_look(3, "x")
        look = type(look)(**{**vars(look), "backpack": backpack})
        placement = place_person(look, walking_pose(0.4, 1.0, look.height))
        assert len(placement.positions) == len(placement.rotations) == len(person_parts(look))


def test_rotations_are_rotations():
    cyclist = CyclistBody(Cyclist("gus", Route((Waypoint(0, 0),)), LOOK, (1, 0, 0)))
    motion = Motion(np.array([1.0, 2.0, 0.0]), np.array([3.0, 0.0, 0.0]), 0.4, 7.3)
    for body in (PersonBody(LOOK), cyclist):
        placement = body.place(motion)
        assert len(placement.positions) == len(body.parts)
        identity = placement.rotations @ placement.rotations.transpose(0, 2, 1)
        np.testing.assert_allclose(identity, np.tile(np.eye(3), (len(identity), 1, 1)), atol=1e-9)
        np.testing.assert_allclose(np.linalg.det(placement.rotations), 1.0, atol=1e-9)


@pytest.mark.parametrize("distance", np.linspace(0, 5, 11))
def test_a_rider_keeps_the_feet_on_the_pedals(distance):
    body = CyclistBody(Cyclist("gus", Route((Waypoint(0, 0),)), LOOK, (1, 0, 0)))
    placement = body.place(Motion(np.zeros(3), np.array([4.0, 0, 0]), 0.0, distance))
    shoes = placement.positions[-len(person_parts(LOOK)) :][[LEFT_SHOE, RIGHT_SHOE]]
    # pedals turn about the crank at (0.06, 0.36) with 0.17 m; the middle of a shoe is some centimetres before its ankle
    away = np.hypot(shoes[:, 0] - 0.06, shoes[:, 2] - 0.36)
    assert away == pytest.approx(0.17, abs=0.09)
