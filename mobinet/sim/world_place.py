"""Reads the place from a world file: areas, walls with their doors and windows, pillars, furniture, ceilings."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from mobinet.sim.interior import (
    DOOR_HEIGHT_M,
    FLOORS,
    FURNITURE,
    FURNITURE_FINISHES,
    WALL_FINISHES,
    WINDOW_M,
    Ceiling,
    Furniture,
    Opening,
)
from mobinet.sim.world import FINISHES, SURFACES, Area, Pillar, Wall
from mobinet.sim.world_values import Section

_LEAST_OPENING_M = 0.3
_LINTEL_M = 0.05
_LEAST_SIZE_M, _MOST_SIZE_M = 0.02, 20.0


def read_area(section: Section) -> Area:
    section.check_keys(("centre", "size", "surface"))
    x, y = section.numbers("centre", 2)
    return Area(section.name, (x, y), _extent(section), section.choice("surface", "pavement", (*SURFACES, *FLOORS)))


def read_wall(section: Section) -> Wall:
    section.check_keys(("from", "to", "height", "thickness", "finish", "doors", "windows"))
    start, end = section.numbers("from", 2), section.numbers("to", 2)
    wall = Wall(
        section.name,
        (start[0], start[1]),
        (end[0], end[1]),
        section.number("height", 2.5, 0.1, 50),
        section.number("thickness", 0.3, 0.02, 20),
        section.choice("finish", "brick", (*FINISHES, *WALL_FINISHES)),
    )
    if wall.length < 0.05:
        raise section.error("to", f"expected a wall of at least 0.05 m, got {wall.length:g} m; move one of its ends")
    return replace(wall, openings=_openings(section, wall))


def _extent(section: Section) -> tuple[float, float]:
    width, depth = section.numbers("size", 2)
    if width <= 0 or depth <= 0:
        raise section.error("size", f"expected two numbers above 0, got [{width:g}, {depth:g}]")
    return width, depth


def _openings(section: Section, wall: Wall) -> tuple[Opening, ...]:
    """Doors and windows, in order from the wall's start."""
    found = []
    for key, bottom, top in (("doors", 0.0, DOOR_HEIGHT_M), ("windows", *WINDOW_M)):
        values = section.values.get(key, [])
        if not isinstance(values, list):
            raise section.error(key, f"expected a list of [middle, width] in metres along the wall, got {values!r}")
        for value in values:
            middle, width = section.as_numbers(key, value, (2,))
            if width < _LEAST_OPENING_M or middle < width / 2 or middle + width / 2 > wall.length:
                raise section.error(
                    key,
                    f"[{middle:g}, {width:g}]: expected a width from {_LEAST_OPENING_M:g} m, all of it within the "
                    f"{wall.length:g} m of the wall",
                )
            if wall.height < top + _LINTEL_M:
                raise section.error(
                    key, f"need a wall of {top + _LINTEL_M:g} m, got {wall.height:g} m; raise its height"
                )
            found.append(Opening(middle, width, bottom, top))
    found.sort(key=lambda opening: opening.middle)
    for left, right in pairwise(found):
        if left.middle + left.width / 2 > right.middle - right.width / 2:
            key = "doors" if right.is_door else "windows"
            raise section.error(key, f"those at {left.middle:g} and {right.middle:g} m overlap; move one of them")
    return tuple(found)


def read_pillar(section: Section) -> Pillar:
    section.check_keys(("at", "radius", "height"))
    x, y = section.numbers("at", 2)
    return Pillar(section.name, (x, y), section.number("radius", 0.25, 0.02, 5), section.number("height", 3, 0.1, 50))


def read_ceiling(section: Section) -> Ceiling:
    section.check_keys(("centre", "size", "height"))
    x, y = section.numbers("centre", 2)
    return Ceiling(section.name, (x, y), _extent(section), section.number("height", 2.5, 1, 50))


def read_furniture(section: Section) -> Furniture:
    section.check_keys(("kind", "at", "size", "bottom", "colour", "finish"))
    kind = str(section.require("kind"))
    section.choice("kind", kind, tuple(FURNITURE))
    usual = FURNITURE[kind]
    x, y, *heading = section.as_numbers("at", section.require("at"), (2, 3))
    size = section.numbers("size", 3) if "size" in section.values else usual.size
    if min(size) < _LEAST_SIZE_M or max(size) > _MOST_SIZE_M:
        raise section.error(
            "size", f"expected depth, width and height from {_LEAST_SIZE_M:g} to {_MOST_SIZE_M:g} m, got {list(size)}"
        )
    return Furniture(
        section.name,
        kind,
        (x, y),
        math.radians(heading[0]) if heading else 0.0,
        (size[0], size[1], size[2]),
        section.number("bottom", 0.85 if kind == "board" else 0.0, 0, 10),
        section.colour("colour", usual.colour),
        section.choice("finish", usual.finish, FURNITURE_FINISHES),
    )
