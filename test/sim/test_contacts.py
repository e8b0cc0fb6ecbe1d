"""Contacts, collisions and near misses, on paths whose encounters follow from a line of arithmetic."""

from __future__ import annotations

import math

import pytest

from mobinet.errors import SettingsError
from mobinet.sim.contacts import ContactSettings, contacts_of
from mobinet.sim.footprints import FOOTPRINTS
from mobinet.sim.looks import choose_look
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import Car, Cyclist, ObjectClass, Person, Robot, Route, World

LOOK = choose_look(0, "somebody")
COLOUR = (0.5, 0.5, 0.5)
HALF_CAR = FOOTPRINTS[ObjectClass.CAR].half_size
RADIUS = FOOTPRINTS[ObjectClass.PERSON].radius


def route(*points, speed=1.0, start=0.0, heading=0.0):
    return Route(tuple(Waypoint(*point) for point in points), speed, start, heading=heading)


def world(*, people=(), cars=(), cyclists=(), robots=(), duration_s=12.0):
    return World(
        name="test",
        seed=0,
        duration_s=duration_s,
        light="day",
        shadows=False,
        ground="asphalt",
        people=tuple(Person(f"p{i}", r, LOOK) for i, r in enumerate(people)),
        cyclists=tuple(Cyclist(f"b{i}", r, LOOK, COLOUR) for i, r in enumerate(cyclists)),
        cars=tuple(Car(f"c{i}", r, COLOUR) for i, r in enumerate(cars)),
        robots=tuple(Robot(f"r{i}", r, (), COLOUR) for i, r in enumerate(robots)),
    )


def test_two_people_who_meet_head_on():
    """Circles at 1 m/s each from 8 m apart: 8 - 2t = 2r when they touch, 2t - 8 = 2r when they have passed through."""
    settings = ContactSettings(touch_m=0.0)
    found = contacts_of(world(people=[route((-4, 0), (8, 0)), route((4, 0), (-8, 0))]), settings)
    assert [contact.kind for contact in found] == ["contact"]
    assert found[0].begin_ns / 1e9 == pytest.approx(4 - RADIUS, abs=0.0011)
    assert found[0].end_ns / 1e9 == pytest.approx(4 + RADIUS, abs=0.0011)
    assert found[0].closest_ns == found[0].begin_ns
    assert (found[0].first, found[0].second, found[0].distance_m) == ("p0", "p1", 0.0)
    assert found[0].relative_speed == pytest.approx(2.0)
    assert found[0].position == pytest.approx((0, 0, 0), abs=0.01)


def test_paths_that_cross_at_a_right_angle():
    """On x and y at 1 m/s, the second a second later: nearest halfway between, at 1 / sqrt 2 between centres."""
    people = [route((-4, 0), (9, 0)), route((0, -4), (0, 9), start=1.0)]
    assert contacts_of(world(people=people)) == ()
    # on a bicycle and in a car at 6 m/s each, 1.5 s apart in place, the same is no touch but a near miss
    cars = [route((-36, 0), (60, 0), speed=6)]
    cyclists = [route((0, -36), (0, 60), speed=6, start=0.9)]
    (found,) = contacts_of(world(cars=cars, cyclists=cyclists, duration_s=14))
    assert (found.first, found.second, found.kind) == ("b0", "c0", "near_miss")
    # equally far from the crossing when 6 t - 36 = 36 - 6 (t - 0.9): 5.4 m apart, in x and y together
    long, wide = FOOTPRINTS[ObjectClass.CYCLIST].half_size
    assert found.distance_m == pytest.approx((5.4 - HALF_CAR[0] - wide - HALF_CAR[1] - long) / math.sqrt(2), abs=0.02)
    assert found.relative_speed == pytest.approx(6 * math.sqrt(2), rel=1e-6)
    # the car's tail has left the cyclist's lane when it is HALF + wide beyond; the wheel arrives HALF + long before
    assert found.pet_s == pytest.approx(0.9 - (HALF_CAR[0] + wide + HALF_CAR[1] + long) / 6, abs=0.051)
    assert math.isinf(found.ttc_s)


def test_a_car_that_hits_somebody():
    """From -20 at 5 m/s; its front reaches the circle after 20 - half a length - radius."""
    found = contacts_of(world(people=[route((0, 0))], cars=[route((-20, 0), (20, 0), speed=5)]))
    assert [contact.kind for contact in found] == ["collision"]
    gone = 20 - HALF_CAR[0] - RADIUS - ContactSettings().touch_m
    assert found[0].begin_ns / 1e9 == pytest.approx(gone / 5, abs=0.0011)
    assert found[0].relative_speed == pytest.approx(5.0)
    assert found[0].position == pytest.approx((-RADIUS, 0, 0), abs=0.02)
    assert found[0].ttc_s == 0.0


def test_a_car_that_stops_just_before_somebody():
    """It brakes within 1.6 s, the averaging window: the time to collision at constant speed falls below the limit."""
    stop = -HALF_CAR[0] - RADIUS - 0.5
    (found,) = contacts_of(world(people=[route((0, 0))], cars=[route((-30, 0), (stop, 0), speed=6)]))
    assert found.kind == "near_miss"
    assert 0 < found.ttc_s < 1.5
    assert math.isinf(found.pet_s)
    assert found.distance_m == pytest.approx(0.5, abs=1e-6)
    assert found.begin_ns < found.closest_ns <= found.end_ns


def test_a_car_that_stops_in_good_time_is_none():
    assert contacts_of(world(people=[route((0, 0))], cars=[route((-30, 0), (-12, 0), speed=6)])) == ()


def test_a_car_that_passes_beside_somebody_is_none():
    """No course leads into the other one."""
    beside = HALF_CAR[1] + RADIUS + 0.4
    assert contacts_of(world(people=[route((0, beside))], cars=[route((-30, 0), (30, 0), speed=8)])) == ()


def test_one_behind_the_other_is_none():
    """Same place, half a second later, but no crossing: cyclists in a row."""
    cyclists = [route((-30, 0), (60, 0), speed=6), route((-36, 0), (54, 0), speed=6)]
    assert contacts_of(world(cyclists=cyclists)) == ()


def test_a_slow_touch_of_a_parked_car_is_a_contact():
    people = [route((0, 4), (0, HALF_CAR[1]), speed=0.3)]
    found = contacts_of(world(people=people, cars=[route((0, 0))], duration_s=15))
    assert [contact.kind for contact in found] == ["contact"]


def test_a_robot_that_is_bumped_into_is_a_contact():
    found = contacts_of(world(people=[route((-3, 0), (0, 0))], robots=[route((0, 0))]))
    assert [(contact.first, contact.second, contact.kind) for contact in found] == [("p0", "r0", "contact")]


def test_who_touches_twice_is_there_twice():
    people = [route((0, 0)), route((-3, 0.3), (3, 0.3), (3, 0.3, 1), (-3, 0.3))]
    found = contacts_of(world(people=people, duration_s=14))
    assert [contact.kind for contact in found] == ["contact", "contact"]
    assert found[0].end_ns < found[1].begin_ns


def test_what_never_moves_touches_nobody():
    assert contacts_of(world(cars=[route((0, 0)), route((0, 1))])) == ()


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="ttc_s"):
        ContactSettings(ttc_s=-1.0)
