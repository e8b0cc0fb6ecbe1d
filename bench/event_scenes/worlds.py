"""Random streets and yards before a robot with an RGB camera and an event camera, four seconds each.

By day, at night, below street lamps and in fast motion, always from the seed: who is there, where, how fast. In fast
motion people run, cyclists and cars are near and quick, or the robot itself turns quickly from side to side; every
second pair of such scenes is at dusk. Robots of even seeds stand, those of odd seeds move.

The light decides what both cameras are like. What the picture shows as 1 is a white surface lit by 10 000 lux by day
(overcast), and 100 at dusk (between sunset, some 400, and the end of civil twilight, some 3). The lamps of a rendered
night light the ground of their street with 0.36 of that on average, 0.6 below them and 0.1 at least. ``lamps`` has 5
to 50 lux, which gives that ground 2 to 18 on average, what the classes P6 to P1 of EN 13201-2 ask of lit streets (2 to
15); ``night`` shows the same worlds in 2 to 15 lux, 0.7 to 5.5 on the ground, as where lamps are few. The RGB camera
exposes by that, see :mod:`mobinet.sim.exposure`. Pixels of event cameras get slower as their light falls, and noisier:
30 Hz and 4.5 random events a second at 5 lux, as in the dark preset of v2e (Hu et al. 2021: 30 Hz and 5), 12 Hz and 7
at 2; by day they are as quick as their refractory time lets them be.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.exposure_settings import ExposureSettings
from mobinet.sim.looks import COLOURS, choose_car_colour, choose_look
from mobinet.sim.trajectory import Waypoint
from mobinet.sim.world import (
    FINISHES,
    SURFACES,
    Area,
    Car,
    Colour,
    Cyclist,
    Person,
    Pillar,
    Robot,
    Route,
    SimCamera,
    Wall,
    World,
)

CONDITIONS = ("day", "lamps", "night", "fast")
ROBOT, RGB, EVENTS = "r1", "front", "dvs"
DURATION_S = 4.0
RGB_RATE = 10.0

RGB_SIZE, EVENTS_SIZE = (416, 320), (320, 240)
FOV_DEG = 75.0
BASELINE_M = 0.06
# half of the width of what is seen, in the distance
_HALF_VIEW = math.tan(math.radians(FOV_DEG / 2))
# the default exposure is that of an image of this width
_USUAL_WIDTH = 640
_HZ_PER_LUX, _FASTEST_HZ = 6.0, 3000.0
_DAY_LUX, _DUSK_LUX = 10_000.0, 100.0
_DARK_LUX = {"lamps": (5.0, 50.0), "night": (2.0, 15.0)}
# scenes of one stream and seed are the same but for their light
_STREAMS = {"day": 0, "lamps": 1, "night": 1, "fast": 2}
_DAY_NOISE_HZ = 0.1
_ARC_STEP_S = 0.1


def scene_world(seed: int, condition: str) -> World:
    """The world of a scene; its lux are in its camera's exposure."""
    draw = np.random.default_rng([seed, _STREAMS[condition]])
    fast, moves, dusk = condition == "fast", bool(seed % 2), bool(seed // 2 % 2)
    light = "night" if condition in _DARK_LUX else "dusk" if fast and dusk else "day"
    dark_lux = float(np.exp(draw.uniform(*np.log(_DARK_LUX.get(condition, (1.0, 2.0))))))
    lux = {"day": _DAY_LUX, "dusk": _DUSK_LUX, "night": dark_lux}[light]
    ahead = 1.5 if moves else 0.0
    # a camera that turns quickly makes everything fast
    quick = fast and not (moves and draw.random() < 0.6)
    return World(
        name=f"{condition}_{seed}",
        seed=seed,
        duration_s=DURATION_S,
        light=light,
        shadows=False,
        ground=_choose(draw, SURFACES),
        areas=_areas(draw),
        walls=_walls(draw),
        pillars=_pillars(draw),
        people=_people(draw, seed, ahead, quick),
        cyclists=_cyclists(draw, seed, ahead, quick),
        cars=_cars(draw, seed, ahead, quick),
        robots=(_robot(draw, moves, fast and not quick, lux),),
    )


def exposure_of(lux: float) -> ExposureSettings:
    """That of a sensor of the default's size with as many pixels as the image."""
    usual, share = ExposureSettings(), _USUAL_WIDTH / RGB_SIZE[0]
    return replace(
        usual,
        light_lux=lux,
        pixel_um=usual.pixel_um * share,
        full_well=usual.full_well * share**2,
        read_noise=usual.read_noise * share,
        max_displacement_px=1.5,
    )


def event_settings_of(lux: float) -> EventCameraSettings:
    """What pixels of an event camera are like in this light."""
    bandwidth_hz = _HZ_PER_LUX * lux
    noise_hz = _DAY_NOISE_HZ * math.sqrt(_DAY_LUX / lux)
    return EventCameraSettings(
        bandwidth_hz=bandwidth_hz if bandwidth_hz < _FASTEST_HZ else 0.0,
        noise_rate_hz=noise_hz,
        max_displacement_px=3.0,
        min_step_us=5000,
    )


def _robot(draw: np.random.Generator, moves: bool, turns: bool, lux: float) -> Robot:
    height = float(draw.uniform(0.7, 1.6))
    pitch = float(draw.uniform(0.0, 0.06))
    rgb = CameraModel.pinhole(*RGB_SIZE, math.radians(FOV_DEG))
    dvs = CameraModel.pinhole(*EVENTS_SIZE, math.radians(FOV_DEG))
    cameras = tuple(
        SimCamera(name, model, Transform.from_euler(0.0, pitch, 0.0, np.array([0.2, y, height])), RGB_RATE, **kind)
        for name, model, y, kind in (
            (RGB, rgb, 0.0, {"kind": "rgb", "exposure": exposure_of(lux)}),
            (EVENTS, dvs, -BASELINE_M, {"kind": "events", "events": event_settings_of(lux)}),
        )
    )
    route = _drive(draw, turns) if moves else Route((Waypoint(0.0, 0.0),))
    return Robot(ROBOT, route, cameras, COLOURS["orange"])


def _drive(draw: np.random.Generator, turns: bool) -> Route:
    """Forwards in a slight curve, or turning quickly from side to side."""
    speed = float(draw.uniform(0.3, 1.0))
    steady = float(draw.uniform(-0.12, 0.12))
    most, period_s = (float(draw.uniform(1.0, 2.0)), float(draw.uniform(1.6, 2.6))) if turns else (0.0, 1.0)
    phase = float(draw.uniform(0, 2 * np.pi))
    points, x, y = [Waypoint(0.0, 0.0)], 0.0, 0.0
    for number in range(round(2 * DURATION_S / _ARC_STEP_S)):
        time_s = number * _ARC_STEP_S
        swing = -most * period_s / (2 * np.pi) * math.cos(2 * np.pi * time_s / period_s + phase)
        heading = steady * (time_s - DURATION_S / 2) + swing
        x, y = x + speed * _ARC_STEP_S * math.cos(heading), y + speed * _ARC_STEP_S * math.sin(heading)
        points.append(Waypoint(x, y))
    return Route(tuple(points), speed, start_s=-1.0)


def _people(draw: np.random.Generator, seed: int, ahead: float, quick: bool) -> tuple[Person, ...]:
    people = []
    for index in range(int(draw.integers(3, 7))):
        name = f"person_{index}"
        if quick:
            route = _across(draw, ahead + draw.uniform(2.5, 7), draw.uniform(3.0, 6.0))
        elif draw.random() < 0.15:
            route = Route((_place(draw, ahead),), heading=float(draw.uniform(-np.pi, np.pi)))
        elif draw.random() < 0.25:
            route = _stops(draw, ahead)
        else:
            route = _across(draw, ahead + draw.uniform(3, 11), draw.uniform(0.6, 1.9))
        people.append(Person(name, route, choose_look(seed, name)))
    return tuple(people)


def _cyclists(draw: np.random.Generator, seed: int, ahead: float, quick: bool) -> tuple[Cyclist, ...]:
    speeds, depths = ((5, 9), (3.5, 9)) if quick else ((2, 5), (4, 11))
    return tuple(
        Cyclist(
            f"cyclist_{index}",
            _across(draw, ahead + draw.uniform(*depths), draw.uniform(*speeds)),
            choose_look(seed, f"cyclist_{index}"),
            _any_colour(draw),
        )
        for index in range(int(draw.integers(0, 3)))
    )


def _cars(draw: np.random.Generator, seed: int, ahead: float, quick: bool) -> tuple[Car, ...]:
    cars = []
    if draw.random() < 0.5:
        x, y = float(draw.uniform(9, 14)) + ahead, float(draw.uniform(-8, 8))
        parked = Route((Waypoint(x, y),), heading=float(draw.uniform(-np.pi, np.pi)))
        cars.append(Car("parked", parked, choose_car_colour(seed, "parked")))
    if draw.random() < 0.6:
        speed = draw.uniform(8, 13) if quick else draw.uniform(3, 7)
        route = _across(draw, ahead + draw.uniform(8, 13), speed)
        cars.append(Car("passing", route, choose_car_colour(seed, "passing")))
    return tuple(cars)


def _across(draw: np.random.Generator, depth: float, speed: float) -> Route:
    """There and back, about across the view; at the beginning anywhere on the way."""
    half = depth * _HALF_VIEW * draw.uniform(0.6, 1.3)
    slant = draw.uniform(-0.25, 0.25) * depth
    side = 1 if draw.random() < 0.5 else -1
    ends = (Waypoint(float(depth - slant), side * float(half)), Waypoint(float(depth + slant), -side * float(half)))
    way_s = 2 * math.hypot(half, slant) / speed
    return Route(ends, float(speed), start_s=-float(draw.uniform(0, 2 * way_s)), mode="return")


def _stops(draw: np.random.Generator, ahead: float) -> Route:
    """A few steps, a stop of a second or so, and back."""
    start = _place(draw, ahead)
    angle, length = draw.uniform(0, 2 * np.pi), draw.uniform(1.0, 2.5)
    there = Waypoint(start.x + float(length * np.cos(angle)), start.y + float(length * np.sin(angle)), 1.0)
    waits = start._replace(wait_s=float(draw.uniform(0.5, 1.5)))
    return Route((waits, there), float(draw.uniform(0.8, 1.6)), start_s=-float(draw.uniform(0, 3)), mode="return")


def _place(draw: np.random.Generator, ahead: float) -> Waypoint:
    depth = ahead + float(draw.uniform(3, 10))
    return Waypoint(depth, float(draw.uniform(-0.8, 0.8)) * depth * _HALF_VIEW)


def _areas(draw: np.random.Generator) -> tuple[Area, ...]:
    return tuple(
        Area(
            f"area_{index}",
            (float(draw.uniform(2, 16)), float(draw.uniform(-10, 10))),
            (float(draw.uniform(1, 20)), float(draw.uniform(1, 20))),
            _choose(draw, SURFACES),
        )
        for index in range(int(draw.integers(0, 4)))
    )


def _walls(draw: np.random.Generator) -> tuple[Wall, ...]:
    """A house behind, often others at the sides, and low walls that hide legs."""
    back = float(draw.uniform(13, 22))
    walls = [_wall(draw, "back", (back, -40.0), (back + float(draw.uniform(-6, 6)), 40.0), draw.uniform(3, 9))]
    for side, name in ((1, "left"), (-1, "right")):
        if draw.random() < 0.4:
            away = side * float(draw.uniform(7, 12))
            walls.append(_wall(draw, name, (4.0, away), (back, away * 1.2), draw.uniform(3, 9)))
    for index in range(int(draw.integers(0, 3))):
        x, y = float(draw.uniform(6, 12)), float(draw.uniform(-6, 6))
        end = (x + float(draw.uniform(-0.5, 0.5)), y + float(draw.uniform(0.5, 3)))
        walls.append(_wall(draw, f"low_{index}", (x, y), end, draw.uniform(0.4, 1.2)))
    return tuple(walls)


def _wall(
    draw: np.random.Generator, name: str, start: tuple[float, float], end: tuple[float, float], height: float
) -> Wall:
    return Wall(name, start, end, float(height), float(draw.uniform(0.15, 0.6)), _choose(draw, FINISHES))


def _pillars(draw: np.random.Generator) -> tuple[Pillar, ...]:
    return tuple(
        Pillar(
            f"pillar_{index}",
            (float(draw.uniform(5, 13)), float(draw.uniform(-7, 7))),
            float(draw.uniform(0.05, 0.3)),
            float(draw.uniform(0.8, 4)),
        )
        for index in range(int(draw.integers(0, 5)))
    )


def _any_colour(draw: np.random.Generator) -> Colour:
    return COLOURS[_choose(draw, tuple(COLOURS))]


def _choose(draw: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(draw.integers(len(choices)))]
