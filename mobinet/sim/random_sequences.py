"""Random worlds before event cameras, to train recurrent networks in: some seconds of events each, with the truth.

Cameras stand, drive, turn or are worn; people stop and go on. Sensors differ as those that can be bought do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mobinet.events import Events
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.looks import choose_look
from mobinet.sim.randomised import RandomWorldSettings, random_world
from mobinet.sim.simulation import Simulation
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import LIGHTS, Person, Robot, Route, Wearer, World

_LIGHT_SHARES = (0.5, 0.15, 0.35)
_MOVING_SHARE = 0.5
_STOPPING_SHARE = 0.3
_WORN_SHARE = 0.2
_SMOOTH_SHARE = 0.4
_ARC_STEPS = 24
# faster turns need many pictures, and hardly anything is seen in them
_FASTEST_TURN_PX = 220.0
_MIN_STEP_US = 10_000


@dataclass(frozen=True)
class RandomSequenceSettings:
    """What random sequences are like."""

    width: int = setting(256, "of the sensor, pixels", minimum=64, maximum=1280)
    height: int = setting(192, "of the sensor, pixels", minimum=64, maximum=1280)
    cameras: int = setting(3, "that look at one world", minimum=1, maximum=16)
    duration_s: float = setting(2.0, "of each sequence, s", minimum=0.2, maximum=60.0)
    label_period_s: float = setting(0.1, "between two instants whose truth is told, s", minimum=0.005, maximum=1.0)
    people: int = setting(7, "at most, in one world", minimum=1, maximum=40)
    cyclists: int = setting(3, "at most, in one world", minimum=0, maximum=20)
    cars: int = setting(3, "at most, in one world", minimum=0, maximum=20)
    max_displacement_px: float = setting(
        3.0, "from one picture to the next where that takes at most 100 a second, pixels", minimum=0.1, maximum=20.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class TrueSequence:
    """What one event camera saw, and what was really there.

    Args:
        events: from time 0 on, whole microseconds.
        stamps_ns: when the truth was taken.
        objects: at each of the stamps.
        seed: of the world.
        camera: ``robot/camera``.
        size: width and height of the sensor.
        light: of the world.
        moving: whether the camera moves.
    """

    events: Events
    stamps_ns: tuple[int, ...]
    objects: tuple[tuple[TrueObject, ...], ...]
    seed: int
    camera: str
    size: tuple[int, int]
    light: str
    moving: bool


def random_sequences(seed: int, settings: RandomSequenceSettings | None = None) -> Iterator[TrueSequence]:
    """What each camera of one random world sees.

    Raises:
        MissingDependencyError: no MuJoCo or no EGL.
    """
    settings = settings or RandomSequenceSettings()
    world = random_event_world(seed, settings)
    draw = np.random.default_rng([seed, 3])
    instants = 1 + int(settings.duration_s / settings.label_period_s + 1e-6)
    stamps_ns = tuple(round(number * settings.label_period_s * 1e9) for number in range(instants))
    with Simulation(world, repainted=True) as simulation:
        if world.light != "night":
            # other light; the dark stays
            simulation.repaint(int(draw.integers(1 << 31)))
        for view in simulation.views:
            camera = EventCamera(simulation, view, view.camera.events or EventCameraSettings())
            yield TrueSequence(
                events=camera.advance(stamps_ns[-1]),
                stamps_ns=stamps_ns,
                objects=tuple(simulation.truth(view, stamp_ns) for stamp_ns in stamps_ns),
                seed=seed,
                camera=view.name,
                size=view.size,
                light=world.light,
                moving=view.robot.moves,
            )


def random_event_world(seed: int, settings: RandomSequenceSettings | None = None) -> World:
    """The random world of that seed, by day or night, with event cameras of which half move."""
    settings = settings or RandomSequenceSettings()
    sizes = {name: getattr(settings, name) for name in ("width", "height", "cameras", "people", "cyclists", "cars")}
    world = random_world(seed, RandomWorldSettings(**sizes))
    draw = np.random.default_rng([seed, 2])
    light = LIGHTS[int(draw.choice(len(LIGHTS), p=_LIGHT_SHARES))]
    return replace(
        world,
        duration_s=settings.duration_s,
        light=light,
        shadows=False,
        antialias=bool(draw.random() < _SMOOTH_SHARE),
        people=tuple(_stops(draw, person) if draw.random() < _STOPPING_SHARE else person for person in world.people),
        robots=tuple(_with_event_camera(draw, world, number, light, settings) for number in range(len(world.robots))),
    )


def _stops(draw: np.random.Generator, person: Person) -> Person:
    """Somebody who goes a few steps, stands a while, and goes back."""
    start = person.route.waypoints[0]
    angle, length = draw.uniform(0, 2 * np.pi), draw.uniform(0.5, 2.5)
    there = Waypoint(start.x + length * np.cos(angle), start.y + length * np.sin(angle), float(draw.uniform(0.5, 2)))
    waits = Waypoint(start.x, start.y, float(draw.uniform(0.5, 2)))
    route = Route((waits, there), float(draw.uniform(0.6, 1.8)), start_s=float(draw.uniform(-3, 0)), mode="return")
    return replace(person, route=route)


def _with_event_camera(
    draw: np.random.Generator, world: World, number: int, light: str, settings: RandomSequenceSettings
) -> Robot:
    """The robot of that number of a random world, with an event camera in place of its own."""
    robot, seed = world.robots[number], world.seed
    sensor = _random_sensor(draw, settings)
    if light == "night":
        sensor = _in_the_dark(sensor, np.random.default_rng([seed, 4, number]))
    camera = replace(robot.cameras[0], kind="events", events=sensor)
    if draw.random() >= _MOVING_SHARE:
        return replace(robot, cameras=(camera,))
    focal_px = float(camera.model.matrix[0, 0])
    route, heading = _drive(draw, robot.route, focal_px)
    # it goes any way, and looks where it looked
    turn = Transform.from_euler(0.0, 0.0, robot.route.heading - heading, np.zeros(3))
    camera = replace(camera, mount=turn @ camera.mount)
    worn = draw.random() < _WORN_SHARE
    wearer = Wearer(choose_look(seed, robot.name), "head") if worn else None
    return replace(robot, route=route, cameras=(camera,), wearer=wearer)


def _drive(draw: np.random.Generator, route: Route, focal_px: float) -> tuple[Route, float]:
    """A way along an arc from where a robot stands, and its first heading."""
    speed = float(np.exp(draw.uniform(np.log(0.15), np.log(2.0))))
    heading = float(draw.uniform(-np.pi, np.pi))
    turn = float(draw.normal(0, 0.4))
    turn = float(np.clip(turn, -_FASTEST_TURN_PX / focal_px, _FASTEST_TURN_PX / focal_px))
    step_s = 0.25
    x, y = route.waypoints[0][:2]
    points, angle = [Waypoint(x, y)], heading
    for _ in range(_ARC_STEPS):
        x, y = x + speed * step_s * np.cos(angle), y + speed * step_s * np.sin(angle)
        points.append(Waypoint(float(x), float(y)))
        angle += turn * step_s
    return Route(tuple(points), speed, start_s=-1.0), heading


def _random_sensor(draw: np.random.Generator, settings: RandomSequenceSettings) -> EventCameraSettings:
    """Thresholds, noise and speed of pixels from those of quiet sensors to those of loud ones."""
    threshold = float(np.exp(draw.uniform(np.log(0.1), np.log(0.4))))
    balance = float(np.exp(draw.normal(0, 0.12)))
    return EventCameraSettings(
        threshold_on=threshold * balance,
        threshold_off=threshold / balance,
        threshold_sigma=float(draw.uniform(0.01, 0.05)),
        bandwidth_hz=float(draw.uniform(100, 1000)) if draw.random() < 0.5 else 0.0,
        refractory_us=int(np.exp(draw.uniform(np.log(100), np.log(2000)))),
        leak_rate_hz=float(draw.uniform(0, 0.3)),
        noise_rate_hz=float(np.exp(draw.uniform(np.log(0.03), np.log(1.5)))),
        hot_pixel_share=float(draw.choice([0.0, 1e-4, 1e-3])),
        dark_intensity=float(np.exp(draw.uniform(np.log(0.001), np.log(0.01)))),
        max_displacement_px=settings.max_displacement_px,
        min_step_us=_MIN_STEP_US,
    )


def _in_the_dark(sensor: EventCameraSettings, draw: np.random.Generator) -> EventCameraSettings:
    """The same sensor where light is rare: pixels are slower and make more noise (as in v2e, see ``event_pixels``)."""
    return replace(
        sensor,
        bandwidth_hz=float(np.exp(draw.uniform(np.log(30), np.log(300)))) if draw.random() < 0.8 else 0.0,
        noise_rate_hz=float(np.exp(draw.uniform(np.log(0.3), np.log(5.0)))),
    )
