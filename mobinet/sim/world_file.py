"""Reads a world file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from mobinet.errors import SettingsError
from mobinet.lined_yaml import load_lined_yaml
from mobinet.sim.looks import choose_car_colour, choose_look
from mobinet.sim.obstacles import CAR_SIZE, Obstacle, first_overlap, obstacles_of
from mobinet.sim.world import (
    FINISHES,
    LIGHTS,
    SURFACES,
    WORLD_VERSION,
    Area,
    Car,
    Cyclist,
    Look,
    Person,
    Pillar,
    Wall,
    World,
)
from mobinet.sim.world_robots import read_outages, read_robot
from mobinet.sim.world_routes import ROUTE_KEYS, check_route, read_route
from mobinet.sim.world_values import Section

_WORLD_KEYS = (
    "world_version", "seed", "duration", "light", "shadows", "antialias", "ground", "areas", "walls", "pillars",
    "people", "cyclists", "cars", "robots", "outages", "radio_range",
)  # fmt: skip
_LOOK_KEYS = (
    "looks_like", "height", "width", "shirt", "trousers", "skin", "hair", "shoes",
    "long_sleeves", "shorts", "backpack",
)  # fmt: skip
_PERSON_RADIUS = 0.25


def scenario_names() -> list[str]:
    """The worlds that come with the library."""
    folder = resources.files("mobinet.sim") / "scenarios"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def find_world(name: str) -> Path:
    """The file of a shipped scenario, or ``name`` as a path.

    Raises:
        SettingsError: it is neither.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return path
    if name not in scenario_names():
        raise SettingsError(f"world '{name}': expected a YAML file or one of {', '.join(scenario_names())}")
    return Path(str(resources.files("mobinet.sim") / "scenarios" / f"{name}.yaml"))


def load_world(path: Path) -> World:
    """The world of a file.

    Raises:
        SettingsError: naming file, line and key: an unknown key, a value out of range, a path through an obstacle,
            a name that is there twice.
    """
    section = Section(load_lined_yaml(path))
    section.check_keys(_WORLD_KEYS)
    version = section.require("world_version")
    if version != WORLD_VERSION:
        raise section.error("world_version", f"expected {WORLD_VERSION}, got {version!r}")
    seed = section.whole("seed", 0, 0, 2**31 - 1)
    walls = tuple(_wall(child) for child in section.children("walls"))
    pillars = tuple(_pillar(child) for child in section.children("pillars"))
    cars = tuple(_car(child, seed) for child in section.children("cars"))
    obstacles = obstacles_of(walls, pillars, cars)
    robots = tuple(read_robot(child, obstacles) for child in section.children("robots"))
    world = World(
        name=path.stem,
        seed=seed,
        duration_s=section.number("duration", None, 0.1, 3600),
        light=section.choice("light", "day", LIGHTS),
        shadows=section.flag("shadows", False),
        antialias=section.flag("antialias", True),
        ground=section.choice("ground", "asphalt", SURFACES),
        areas=tuple(_area(child) for child in section.children("areas")),
        walls=walls,
        pillars=pillars,
        people=_people(section, seed, obstacles),
        cyclists=tuple(_cyclist(child, seed, obstacles) for child in section.children("cyclists")),
        cars=cars,
        robots=robots,
        outages=read_outages(section, robots),
        radio_range_m=section.number("radio_range", 0.0, 0, 10_000),
    )
    _check_names(section, world)
    _check_moving_cars(section, world, obstacles)
    _check_parked_cars(section, obstacles)
    return world


def _area(section: Section) -> Area:
    section.check_keys(("centre", "size", "surface"))
    x, y = section.numbers("centre", 2)
    width, depth = section.numbers("size", 2)
    if width <= 0 or depth <= 0:
        raise section.error("size", f"expected two numbers above 0, got [{width:g}, {depth:g}]")
    return Area(section.name, (x, y), (width, depth), section.choice("surface", "pavement", SURFACES))


def _wall(section: Section) -> Wall:
    section.check_keys(("from", "to", "height", "thickness", "finish"))
    start, end = section.numbers("from", 2), section.numbers("to", 2)
    wall = Wall(
        section.name,
        (start[0], start[1]),
        (end[0], end[1]),
        section.number("height", 2.5, 0.1, 50),
        section.number("thickness", 0.3, 0.02, 20),
        section.choice("finish", "brick", FINISHES),
    )
    if wall.length < 0.05:
        raise section.error("to", f"expected a wall of at least 0.05 m, got {wall.length:g} m; move one of its ends")
    return wall


def _pillar(section: Section) -> Pillar:
    section.check_keys(("at", "radius", "height"))
    x, y = section.numbers("at", 2)
    return Pillar(section.name, (x, y), section.number("radius", 0.25, 0.02, 5), section.number("height", 3, 0.1, 50))


def _people(section: Section, seed: int, obstacles: Sequence[Obstacle]) -> tuple[Person, ...]:
    looks: dict[str, Look] = {}
    people = []
    for child in section.children("people"):
        child.check_keys((*ROUTE_KEYS, *_LOOK_KEYS))
        route = read_route(child, 1.3, 8.0)
        check_route(child, route, _PERSON_RADIUS, obstacles)
        looks[child.name] = _look(child, seed, looks)
        people.append(Person(child.name, route, looks[child.name]))
    return tuple(people)


def _look(section: Section, seed: int, earlier: dict[str, Look]) -> Look:
    """What the file says over what the seed chooses, or over the look of somebody named earlier."""
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


def _cyclist(section: Section, seed: int, obstacles: Sequence[Obstacle]) -> Cyclist:
    section.check_keys((*ROUTE_KEYS, *_LOOK_KEYS, "colour"))
    route = read_route(section, 4.0, 15.0)
    check_route(section, route, 0.4, obstacles)
    colour = section.colour("colour", choose_car_colour(seed, section.name))
    return Cyclist(section.name, route, _look(section, seed, {}), colour)


def _car(section: Section, seed: int) -> Car:
    section.check_keys((*ROUTE_KEYS, "colour"))
    colour = section.colour("colour", choose_car_colour(seed, section.name))
    return Car(section.name, read_route(section, 6.0, 40.0), colour)


def _check_moving_cars(section: Section, world: World, obstacles: Sequence[Obstacle]) -> None:
    children = {child.name: child for child in section.children("cars")}
    for car in world.cars:
        if len(car.route.waypoints) > 1:
            check_route(children[car.name], car.route, CAR_SIZE[1] / 2, obstacles)


def _check_parked_cars(section: Section, obstacles: Sequence[Obstacle]) -> None:
    children = {child.name: child for child in section.children("cars")}
    for index, obstacle in enumerate(obstacles):
        if obstacle.name in children:
            other = first_overlap(obstacle, obstacles[:index])
            if other is not None:
                raise children[obstacle.name].error("at", f"impossible: it stands in '{other.name}'; move one of them")


def _check_names(section: Section, world: World) -> None:
    """Ground truth names things, so no two may share a name."""
    owner = {"ground": "every world"}
    for group in ("areas", "walls", "pillars", "people", "cyclists", "cars", "robots"):
        for name in [thing.name for thing in getattr(world, group)]:
            if name in owner:
                raise section.error(group, f"'{name}' is also in {owner[name]}; rename one")
            owner[name] = group
