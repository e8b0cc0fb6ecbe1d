"""Reads a world file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from mobinet.errors import SettingsError
from mobinet.lined_yaml import load_lined_yaml
from mobinet.sim.interior import FLOORS, INDOOR_LIGHT
from mobinet.sim.looks import choose_car_colour
from mobinet.sim.obstacles import CAR_SIZE, Obstacle, first_overlap, obstacles_of
from mobinet.sim.world import LIGHTS, SURFACES, WORLD_VERSION, Car, Cyclist, World
from mobinet.sim.world_people import LOOK_KEYS, read_look, read_people
from mobinet.sim.world_place import read_area, read_ceiling, read_furniture, read_pillar, read_wall
from mobinet.sim.world_robots import read_outages, read_robot
from mobinet.sim.world_routes import ROUTE_KEYS, check_route, read_route
from mobinet.sim.world_values import Section

_WORLD_KEYS = (
    "world_version", "seed", "duration", "light", "shadows", "antialias", "ground", "areas", "walls", "pillars",
    "furniture", "ceilings", "people", "cyclists", "cars", "robots", "outages", "radio_range",
)  # fmt: skip


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
    if path.suffix in (".yaml", ".yml") or path.is_file():
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
    walls = tuple(read_wall(child) for child in section.children("walls"))
    pillars = tuple(read_pillar(child) for child in section.children("pillars"))
    furniture = tuple(read_furniture(child) for child in section.children("furniture"))
    cars = tuple(_car(child, seed) for child in section.children("cars"))
    obstacles = obstacles_of(walls, pillars, cars, furniture)
    robots = tuple(read_robot(child, seed, obstacles) for child in section.children("robots"))
    world = World(
        name=path.stem,
        seed=seed,
        duration_s=section.number("duration", None, 0.1, 3600),
        light=section.choice("light", "day", (*LIGHTS, INDOOR_LIGHT)),
        shadows=section.flag("shadows", False),
        antialias=section.flag("antialias", True),
        ground=section.choice("ground", "asphalt", (*SURFACES, *FLOORS)),
        areas=tuple(read_area(child) for child in section.children("areas")),
        walls=walls,
        pillars=pillars,
        furniture=furniture,
        ceilings=tuple(read_ceiling(child) for child in section.children("ceilings")),
        people=read_people(section, seed, obstacles, furniture),
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


def _cyclist(section: Section, seed: int, obstacles: Sequence[Obstacle]) -> Cyclist:
    section.check_keys((*ROUTE_KEYS, *LOOK_KEYS, "colour"))
    route = read_route(section, 4.0, 15.0)
    check_route(section, route, 0.4, obstacles)
    colour = section.colour("colour", choose_car_colour(seed, section.name))
    return Cyclist(section.name, route, read_look(section, seed, {}), colour)


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
    for group in ("areas", "walls", "pillars", "furniture", "ceilings", "people", "cyclists", "cars", "robots"):
        for name in [thing.name for thing in getattr(world, group)]:
            if name in owner:
                raise section.error(group, f"'{name}' is also in {owner[name]}; rename one")
            owner[name] = group
