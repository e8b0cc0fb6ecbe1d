"""Reads people and their looks from a world file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mobinet.sim.interior import FURNITURE, Furniture
from mobinet.sim.looks import choose_look
from mobinet.sim.obstacles import Obstacle
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import Look, Person, Route
from mobinet.sim.world_routes import ROUTE_KEYS, check_route, read_route
from mobinet.sim.world_values import Section

LOOK_KEYS = (
    "looks_like", "height", "width", "shirt", "trousers", "skin", "hair", "shoes",
    "long_sleeves", "shorts", "backpack",
)  # fmt: skip
PERSON_RADIUS_M = 0.25


def read_people(
    section: Section, seed: int, obstacles: Sequence[Obstacle], furniture: Sequence[Furniture]
) -> tuple[Person, ...]:
    """The people of a world, those on foot and those who sit.

    Raises:
        SettingsError: naming file, line and key of what is wrong.
    """
    looks: dict[str, Look] = {}
    people = []
    for child in section.children("people"):
        child.check_keys((*ROUTE_KEYS, *LOOK_KEYS, "seat"))
        seat = _seat(child, furniture)
        route = read_route(child, 1.3, 8.0) if seat is None else Route((Waypoint(*seat.at),), heading=seat.heading)
        if seat is None:
            check_route(child, route, PERSON_RADIUS_M, obstacles)
        looks[child.name] = read_look(child, seed, looks)
        people.append(Person(child.name, route, looks[child.name], sits=seat is not None))
    return tuple(people)


def _seat(section: Section, furniture: Sequence[Furniture]) -> Furniture | None:
    """What somebody sits on; None for somebody on foot."""
    if "seat" not in section.values:
        return None
    for key in ROUTE_KEYS:
        if key in section.values:
            raise section.error(key, "who has a 'seat' neither walks nor stands elsewhere; remove one of the two")
    seats = {piece.name: piece for piece in furniture if FURNITURE[piece.kind].seat}
    name = section.values["seat"]
    if name not in seats:
        known = ", ".join(seats) or "there is none"
        raise section.error("seat", f"expected the name of a chair or a sofa ({known}), got {name!r}")
    return seats[name]


def read_look(section: Section, seed: int, earlier: dict[str, Look]) -> Look:
    """What the file says over what the seed chooses, or over the look of somebody named earlier.

    Raises:
        SettingsError: naming file, line and key of what is wrong.
    """
    other = section.values.get("looks_like")
    if other is not None and other not in earlier:
        known = ", ".join(earlier) or "nobody"
        raise section.error("looks_like", f"expected somebody named before ({known}), got {other!r}")
    look = choose_look(seed, section.name) if other is None else earlier[other]
    given: dict[str, Any] = {
        "height": section.number("height", look.height, 0.8, 2.2),
        "width": section.number("width", look.width, 0.6, 1.6),
    }
    for key in ("shirt", "trousers", "skin", "hair", "shoes"):
        given[key] = section.colour(key, getattr(look, key))
    for key in ("long_sleeves", "shorts", "backpack"):
        given[key] = section.flag(key, getattr(look, key))
    return replace(look, **given)
