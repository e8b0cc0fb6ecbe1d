"""Random worlds to train networks in: short scenes of anything, seen by a few cameras from anywhere, with the truth.

They are no scenarios: nobody minds walls or each other. The same seed gives the same world and the same images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.sim.looks import COLOURS, choose_car_colour, choose_look
from mobinet.sim.simulation import Simulation
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import (
    FINISHES,
    LIGHTS,
    SURFACES,
    Area,
    Car,
    Colour,
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
from mobinet.types import Float64, Image

_DURATION_S = 6.0
_SHADOWS_SHARE = 0.15
_COMPANION_SHARE = 0.25
_STANDING_SHARE = 0.2


@dataclass(frozen=True)
class RandomWorldSettings:
    """What random worlds are like."""

    width: int = setting(416, "of an image, pixels", minimum=64, maximum=2048)
    height: int = setting(320, "of an image, pixels", minimum=64, maximum=2048)
    cameras: int = setting(5, "that look at one world", minimum=1, maximum=16)
    instants: int = setting(2, "at which each camera takes an image of one world", minimum=1, maximum=32)
    people: int = setting(15, "at most, in one world", minimum=1, maximum=40)
    cyclists: int = setting(3, "at most, in one world", minimum=0, maximum=20)
    cars: int = setting(4, "at most, in one world", minimum=0, maximum=20)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class TrueImage:
    """One image and what is really in it.

    Args:
        image: ``(H, W, 3)`` BGR ``uint8``.
        objects: with box, class, visibility; an identity is the same in all images of one world.
        seed: of the world.
        camera: ``robot/camera``.
        stamp_ns: time since the beginning of the world.
        sides: from which side the camera sees each object, radians: 0 the front, pi / 2 the left.
    """

    image: Image
    objects: tuple[TrueObject, ...]
    seed: int
    camera: str
    stamp_ns: int
    sides: tuple[float, ...]


def random_images(seed: int, settings: RandomWorldSettings | None = None) -> Iterator[TrueImage]:
    """All images of one random world: ``cameras * instants``, camera by camera.

    Scenery gets new colours and light before each, see :mod:`mobinet.sim.repaint`.

    Raises:
        MissingDependencyError: no MuJoCo or no EGL.
    """
    settings = settings or RandomWorldSettings()
    world = random_world(seed, settings)
    draw = np.random.default_rng([seed, 1])
    with Simulation(world, repainted=True) as simulation:
        for view in simulation.views:
            for stamp_s in np.sort(draw.uniform(0, world.duration_s, settings.instants)):
                simulation.repaint(int(draw.integers(1 << 31)))
                stamp_ns = int(stamp_s * 1e9)
                objects = simulation.truth(view, stamp_ns)
                sides = tuple(simulation.seen_from(view, thing.identity, stamp_ns) for thing in objects)
                yield TrueImage(simulation.image(view, stamp_ns), objects, seed, view.name, stamp_ns, sides)


def random_world(seed: int, settings: RandomWorldSettings | None = None) -> World:
    """A place of 10 to 40 m with people, cyclists, cars, walls and pillars, and cameras around that look at it."""
    settings = settings or RandomWorldSettings()
    draw = np.random.default_rng([seed, 0])
    radius = float(draw.uniform(4, 13))
    return World(
        name=f"random_{seed}",
        seed=seed,
        duration_s=_DURATION_S,
        light=LIGHTS[int(draw.choice(len(LIGHTS), p=[0.7, 0.15, 0.15]))],
        shadows=bool(draw.random() < _SHADOWS_SHARE),
        ground=SURFACES[int(draw.integers(len(SURFACES)))],
        areas=_areas(draw, radius),
        walls=_walls(draw, radius),
        pillars=_pillars(draw, radius),
        people=_people(draw, radius, seed, settings),
        cyclists=_cyclists(draw, radius, seed, settings),
        cars=_cars(draw, radius, seed, settings),
        robots=_robots(draw, radius, settings),
    )


def _areas(draw: np.random.Generator, radius: float) -> tuple[Area, ...]:
    return tuple(
        Area(
            f"area_{index}",
            _point(draw, radius),
            (float(draw.uniform(0.3, 2.5 * radius)), float(draw.uniform(0.3, 2.5 * radius))),
            SURFACES[int(draw.integers(len(SURFACES)))],
        )
        for index in range(int(draw.integers(0, 5)))
    )


def _walls(draw: np.random.Generator, radius: float) -> tuple[Wall, ...]:
    """House fronts around the place, and low walls within that hide legs."""
    walls = []
    for index in range(int(draw.integers(1, 8))):
        angle, distance = draw.uniform(0, 2 * np.pi), radius + draw.uniform(3, 12)
        middle = distance * np.array([np.cos(angle), np.sin(angle)])
        walls.append(_wall(draw, f"front_{index}", middle, angle + np.pi / 2, draw.uniform(8, 40), draw.uniform(3, 12)))
    for index in range(int(draw.integers(0, 7))):
        middle = np.array(_point(draw, radius))
        walls.append(
            _wall(draw, f"low_{index}", middle, draw.uniform(0, np.pi), draw.uniform(0.3, 5), draw.uniform(0.4, 2.2))
        )
    return tuple(walls)


def _wall(draw: np.random.Generator, name: str, middle: Float64, heading: float, length: float, height: float) -> Wall:
    half = length / 2 * np.array([np.cos(heading), np.sin(heading)])
    start, end = (middle - half).tolist(), (middle + half).tolist()
    finish = FINISHES[int(draw.integers(len(FINISHES)))]
    return Wall(name, (start[0], start[1]), (end[0], end[1]), height, float(draw.uniform(0.1, 0.8)), finish)


def _pillars(draw: np.random.Generator, radius: float) -> tuple[Pillar, ...]:
    """Posts, trunks and bins: as tall and wide as people, too."""
    return tuple(
        Pillar(f"pillar_{i}", _point(draw, 1.3 * radius), float(draw.uniform(0.04, 0.4)), float(draw.uniform(0.5, 5)))
        for i in range(int(draw.integers(0, 9)))
    )


def _people(draw: np.random.Generator, radius: float, seed: int, settings: RandomWorldSettings) -> tuple[Person, ...]:
    people: list[Person] = []
    for index in range(int(draw.integers((settings.people + 2) // 3, settings.people + 1))):
        look = _look(draw, seed, f"person_{index}")
        if people and draw.random() < _COMPANION_SHARE:
            route = _beside(draw, people[-1].route)
        else:
            route = _route(draw, radius, float(draw.uniform(0.4, 3.5)), _STANDING_SHARE)
        people.append(Person(f"person_{index}", route, look))
    return tuple(people)


def _cyclists(
    draw: np.random.Generator, radius: float, seed: int, settings: RandomWorldSettings
) -> tuple[Cyclist, ...]:
    return tuple(
        Cyclist(
            f"cyclist_{i}",
            _route(draw, radius, float(draw.uniform(1.5, 7)), 0.1),
            _look(draw, seed, f"cyclist_{i}"),
            _any_colour(draw),
        )
        for i in range(int(draw.integers(0, settings.cyclists + 1)))
    )


def _cars(draw: np.random.Generator, radius: float, seed: int, settings: RandomWorldSettings) -> tuple[Car, ...]:
    cars = []
    for index in range(int(draw.integers(0, settings.cars + 1))):
        plain = draw.random() < 0.6
        colour = choose_car_colour(seed, f"car_{index}") if plain else _any_colour(draw)
        cars.append(Car(f"car_{index}", _route(draw, 1.4 * radius, float(draw.uniform(2, 12)), 0.6), colour))
    return tuple(cars)


def _robots(draw: np.random.Generator, radius: float, settings: RandomWorldSettings) -> tuple[Robot, ...]:
    """One camera each, from the height of a robot to that of a lamp post, looking at some point of the place."""
    robots = []
    for index in range(settings.cameras):
        angle, distance = draw.uniform(0, 2 * np.pi), radius * draw.uniform(0.3, 1.6)
        position = distance * np.array([np.cos(angle), np.sin(angle)])
        aim = np.array(_point(draw, 0.6 * radius)) - position
        height = float(draw.uniform(0.5, 2.2) if draw.random() < 0.7 else draw.uniform(2.2, 7))
        away = max(float(np.linalg.norm(aim)), 2.0)
        pitch = float(np.arctan2(height - 1.0, away) + draw.normal(0, 0.06))
        mount = Transform.from_euler(float(draw.normal(0, 0.03)), pitch, 0.0, np.array([0.1, 0.0, height]))
        model = CameraModel.pinhole(settings.width, settings.height, float(np.radians(draw.uniform(35, 95))))
        x, y = position.tolist()
        route = Route((Waypoint(x, y),), heading=float(np.arctan2(aim[1], aim[0])))
        robots.append(Robot(f"r{index + 1}", route, (SimCamera("front", model, mount, 10.0),), _any_colour(draw)))
    return tuple(robots)


def _route(draw: np.random.Generator, radius: float, speed: float, standing_share: float) -> Route:
    if draw.random() < standing_share:
        return Route((Waypoint(*_point(draw, radius)),), heading=float(draw.uniform(-np.pi, np.pi)))
    points = tuple(Waypoint(*_point(draw, radius)) for _ in range(int(draw.integers(2, 5))))
    return Route(points, speed, start_s=float(draw.uniform(-2, 1)), mode="return")


def _beside(draw: np.random.Generator, route: Route) -> Route:
    """The same way, half a metre to the side: people in groups hide each other."""
    dx, dy = draw.uniform(-0.8, 0.8, 2).tolist()
    return replace(route, waypoints=tuple(Waypoint(point.x + dx, point.y + dy) for point in route.waypoints))


def _look(draw: np.random.Generator, seed: int, name: str) -> Look:
    """Clothes of any colour, most of them dull; any height from children on."""
    look = replace(
        choose_look(seed, name),
        height=float(np.clip(draw.normal(1.7, 0.13), 1.2, 2.0)),
        width=float(draw.uniform(0.85, 1.35)),
        backpack=bool(draw.random() < 0.3),
        shorts=bool(draw.random() < 0.25),
    )
    if draw.random() < 0.7:
        look = replace(look, shirt=_any_colour(draw), trousers=_any_colour(draw), shoes=_any_colour(draw))
    return look


def _any_colour(draw: np.random.Generator) -> Colour:
    named = list(COLOURS.values())[int(draw.integers(len(COLOURS)))]
    grey = float(draw.uniform(0.03, 0.8))
    base = np.array(named if draw.random() < 0.5 else (grey, grey, grey))
    red, green, blue = np.clip(base + draw.normal(0, 0.08, 3), 0.02, 0.95).tolist()
    return red, green, blue


def _point(draw: np.random.Generator, radius: float) -> tuple[float, float]:
    x, y = draw.uniform(-radius, radius, 2).tolist()
    return x, y
