"""Distances between footprints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.sim.actors import actors_of
from mobinet.sim.footprints import FOOTPRINTS, Footprint, gaps, meeting_point
from mobinet.sim.meshes import bounding_corners
from mobinet.sim.trajectory import Motion
from mobinet.sim.world import ObjectClass
from mobinet.sim.world_file import find_world, load_world

CIRCLE, SQUARE, LONG = Footprint((0.0, 0.0), 0.5), Footprint((1.0, 1.0)), Footprint((2.0, 0.5), 0.1)
number = st.floats(-4, 4)
pose = st.tuples(number, number, number)
shape = st.builds(lambda x, y, r: Footprint((x, y), r), *[st.floats(0.05, 2)] * 2, st.floats(0, 0.5))


def gap(first, first_pose, second, second_pose):
    return float(gaps(first, np.array([first_pose], float), second, np.array([second_pose], float))[0])


@pytest.mark.parametrize(
    ("first", "at", "second", "there", "expected"),
    [
        (CIRCLE, (0, 0, 0), CIRCLE, (3, 4, 1), 4.0),
        (CIRCLE, (0, 0, 0), CIRCLE, (0.6, 0.8, 1), 0.0),  # they touch
        (CIRCLE, (3, 0, 0), SQUARE, (0, 0, 0), 1.5),  # beside an edge
        (CIRCLE, (4, 5, 0), SQUARE, (0, 0, 0), 4.5),  # before a corner
        (SQUARE, (0, 0, 0), SQUARE, (3, 0, math.pi / 4), 2 - math.sqrt(2)),  # a corner before an edge
        (SQUARE, (0, 0, 0), SQUARE, (0.2, 0.3, 0.4), 0.0),  # one within the other
        (LONG, (0, 0, 0), LONG, (0, 0, math.pi / 2), 0.0),  # a cross: no corner lies in the other one
        (LONG, (0, 0, 0), LONG, (0, 3, 0), 1.8),
    ],
)
def test_known_distances(first, at, second, there, expected):
    assert gap(first, at, second, there) == pytest.approx(expected, abs=1e-9)


@given(shape, pose, shape, pose)
def test_distance_is_that_of_the_nearest_of_many_points(first, at, second, there):
    """Against points on both outlines; rounded corners are left to the radius."""

    def outline(footprint, place):
        steps = np.linspace(-1, 1, 81)
        ones = np.ones_like(steps)
        edges = [(steps, ones), (steps, -ones), (ones, steps), (-ones, steps)]
        points = np.concatenate([np.column_stack(edge) for edge in edges]) * np.array(footprint.half_size)
        cos, sin = math.cos(place[2]), math.sin(place[2])
        return points @ np.array([[cos, sin], [-sin, cos]]) + np.array(place[:2])

    apart = np.linalg.norm(outline(first, at)[:, None] - outline(second, there)[None], axis=2).min()
    found = gap(first, at, second, there)
    assert found <= max(apart - first.radius - second.radius, 0) + 1e-9
    if found > 0:
        assert found == pytest.approx(apart - first.radius - second.radius, abs=0.06)


@given(shape, pose, shape, pose)
def test_order_does_not_matter(first, at, second, there):
    assert gap(first, at, second, there) == pytest.approx(gap(second, there, first, at), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "at", "second", "there", "expected"),
    [
        (CIRCLE, (0, 0, 0), CIRCLE, (3, 0, 0), (1.5, 0)),
        (CIRCLE, (3, 0.3, 0), SQUARE, (0, 0, 0), (1.75, 0.3)),
        (SQUARE, (0, 0, 0), CIRCLE, (3, 0.3, 0), (1.75, 0.3)),
    ],
)
def test_the_middle_between_the_nearest_points(first, at, second, there, expected):
    point = meeting_point(first, np.array(at, float), second, np.array(there, float))
    assert point == pytest.approx(expected)


@pytest.mark.parametrize("kind", list(ObjectClass))
def test_footprints_are_as_large_as_bodies(kind):
    """At rest, facing x; arms and mirrors may stick out by a hand's breadth."""
    body = next(actor.body for actor in actors_of(load_world(find_world("street"))) if actor.object_class is kind)
    placement = body.place(Motion(np.zeros(3), np.zeros(3), 0.0, 0.0))
    corners = np.array([bounding_corners(part) for part in body.parts])
    points = (np.einsum("pij,pcj->pci", placement.rotations, corners) + placement.positions[:, None]).reshape(-1, 3)
    covered = np.array(FOOTPRINTS[kind].half_size) + FOOTPRINTS[kind].radius
    assert np.abs(points[:, :2]).max(axis=0) == pytest.approx(covered, abs=0.16)
