"""Reads a world file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.geometry import Transform
from mobinet.lined_yaml import load_lined_yaml
from mobinet.sim.looks import COLOURS, choose_car_colour, choose_look
from mobinet.sim.obstacles import CAR_SIZE, Obstacle, first_collision, obstacles_of
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import (
    FINISHES,
    LIGHTS,
    MODES,
    SURFACES,
    WORLD_VERSION,
    Area,
    Car,
    Cyclist,
    Look,
    Person,
    Pillar,
    Robot,
    Route,
    SimCamera,
    Wall,
    World,
)
from mobinet.sim.world_values import Section

_WORLD_KEYS = (
    "world_version", "seed", "duration", "light", "shadows", "ground", "areas", "walls", "pillars",
    "people", "cyclists", "cars", "robots",
)  # fmt: skip
_ROUTE_KEYS = ("path", "at", "speed", "start", "mode")
_LOOK_KEYS = (
    "looks_like", "height", "width", "shirt", "trousers", "skin", "hair", "shoes",
    "long_sleeves", "shorts", "backpack",
)  # fmt: skip
_PERSON_RADIUS = 0.25
_ROBOT_RADIUS = 0.35
_MAX_COORDINATE = 500.0


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
    world = World(
        name=path.stem,
        seed=seed,
        duration_s=section.number("duration", None, 0.1, 3600),
        light=section.choice("light", "day", LIGHTS),
        shadows=section.flag("shadows", False),
        ground=section.choice("ground", "asphalt", SURFACES),
        areas=tuple(_area(child) for child in section.children("areas")),
        walls=walls,
        pillars=pillars,
        people=_people(section, seed, obstacles),
        cyclists=tuple(_cyclist(child, seed, obstacles) for child in section.children("cyclists")),
        cars=cars,
        robots=tuple(_robot(child, obstacles) for child in section.children("robots")),
    )
    _check_moving_cars(section, world, obstacles)
    _check_names(section, world)
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


def _route(section: Section, speed: float, max_speed: float) -> Route:
    """From ``path``: a list of [x, y] or [x, y, wait], or ``at``: [x, y, heading in degrees]."""
    if ("path" in section.values) == ("at" in section.values):
        raise section.error("path", "expected either 'path' (it moves) or 'at' (it stands)")
    if "at" in section.values:
        x, y, *heading = section.as_numbers("at", section.values["at"], (2, 3))
        return Route((Waypoint(x, y),), heading=math.radians(heading[0]) if heading else 0.0)
    points = section.values["path"]
    if not isinstance(points, list) or len(points) < 2:
        raise section.error("path", f"expected at least two points [x, y] or [x, y, wait], got {points!r}")
    waypoints = tuple(Waypoint(*section.as_numbers("path", point, (2, 3))) for point in points)
    for index, point in enumerate(waypoints):
        if max(abs(point.x), abs(point.y)) > _MAX_COORDINATE or point.wait_s < 0:
            raise section.error(
                "path",
                f"point {index} is {list(point)}: expected coordinates within {_MAX_COORDINATE:g} m and a wait from 0",
            )
    if len({point[:2] for point in waypoints}) == 1:
        raise section.error("path", "all points are the same; use 'at' for something that stands")
    return Route(
        waypoints,
        section.number("speed", speed, 0.05, max_speed),
        section.number("start", 0.0, 0, 3600),
        section.choice("mode", "stop", MODES),
    )


def _check_route(section: Section, route: Route, radius: float, obstacles: Sequence[Obstacle]) -> None:
    hit = first_collision(route, radius, obstacles)
    if hit is not None:
        key = "path" if "path" in section.values else "at"
        raise section.error(
            key, f"impossible: within {radius:g} m of '{hit[0].name}' after point {hit[1]}; lead it around"
        )


def _people(section: Section, seed: int, obstacles: Sequence[Obstacle]) -> tuple[Person, ...]:
    looks: dict[str, Look] = {}
    people = []
    for child in section.children("people"):
        child.check_keys((*_ROUTE_KEYS, *_LOOK_KEYS))
        route = _route(child, 1.3, 8.0)
        _check_route(child, route, _PERSON_RADIUS, obstacles)
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
    section.check_keys((*_ROUTE_KEYS, *_LOOK_KEYS, "colour"))
    route = _route(section, 4.0, 15.0)
    _check_route(section, route, 0.4, obstacles)
    colour = section.colour("colour", choose_car_colour(seed, section.name))
    return Cyclist(section.name, route, _look(section, seed, {}), colour)


def _car(section: Section, seed: int) -> Car:
    section.check_keys((*_ROUTE_KEYS, "colour"))
    colour = section.colour("colour", choose_car_colour(seed, section.name))
    return Car(section.name, _route(section, 6.0, 40.0), colour)


def _check_moving_cars(section: Section, world: World, obstacles: Sequence[Obstacle]) -> None:
    children = {child.name: child for child in section.children("cars")}
    for car in world.cars:
        if len(car.route.waypoints) > 1:
            _check_route(children[car.name], car.route, CAR_SIZE[1] / 2, obstacles)


def _robot(section: Section, obstacles: Sequence[Obstacle]) -> Robot:
    section.check_keys((*_ROUTE_KEYS, "colour", "cameras"))
    route = _route(section, 0.8, 10.0)
    _check_route(section, route, _ROBOT_RADIUS, obstacles)
    cameras = tuple(_camera(child) for child in section.children("cameras"))
    return Robot(section.name, route, cameras, section.colour("colour", COLOURS["orange"]))


def _camera(section: Section) -> SimCamera:
    section.check_keys(("mount", "width", "height", "horizontal_fov_deg", "calibration", "rate"))
    x, y, z, roll, pitch, yaw = section.numbers("mount", 6)
    mount = Transform.from_euler(roll, pitch, yaw, np.array([x, y, z]))
    return SimCamera(section.name, _camera_model(section), mount, section.number("rate", 15, 0.1, 240))


def _camera_model(section: Section) -> CameraModel:
    calibration = section.values.get("calibration")
    if calibration is not None:
        if {"width", "height", "horizontal_fov_deg"} & set(section.values):
            raise section.error("calibration", "it has size and field of view; leave out the other keys")
        return CameraModel.from_calibration_yaml(Path(section.values.file).parent / str(calibration))
    return CameraModel.pinhole(
        section.whole("width", 640, 16, 4096),
        section.whole("height", 480, 16, 4096),
        math.radians(section.number("horizontal_fov_deg", 70, 1, 150)),
    )


def _check_names(section: Section, world: World) -> None:
    """Ground truth names things, so no two may share a name."""
    owner: dict[str, str] = {}
    for group in ("walls", "pillars", "people", "cyclists", "cars", "robots"):
        for name in [thing.name for thing in getattr(world, group)]:
            if name in owner:
                raise section.error(group, f"'{name}' is also in {owner[name]}; rename one")
            owner[name] = group
