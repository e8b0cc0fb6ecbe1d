"""What a world is: the place, who moves through it, and the robots with their cameras.

A world file is YAML; docs/simulation.md describes it for people. Here are the records that it is read into. Lengths are
metres in the map frame (x east, y north, z up), times seconds since the beginning of the world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.sim.clocks import RobotClock
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.exposure_settings import ExposureSettings
from mobinet.sim.interior import Ceiling, Furniture, Opening
from mobinet.sim.localisation import PoseNoise
from mobinet.sim.odometry import OdometryErrors
from mobinet.sim.trajectory import Trajectory, Waypoint
from mobinet.targets.ptz_mount import PtzMountSettings

WORLD_VERSION = 1
# the ground reaches from -120 to 120 along x and y
GROUND_HALF_M = 120.0

Colour: TypeAlias = tuple[float, float, float]
"""Red, green, blue, each 0..1."""

LIGHTS = ("day", "dusk", "night")
SURFACES = ("asphalt", "pavement", "grass", "paint")
FINISHES = ("brick", "plaster", "concrete", "facade")
WORN_PLACES = ("head", "chest")
MODES = ("stop", "loop", "return")
CAMERA_KINDS = ("rgb", "depth", "rgbd", "events")
COLOUR_KINDS = ("rgb", "rgbd")


class ObjectClass(IntEnum):
    """What an object is; the values are the class numbers of MOT16, where it has one."""

    PERSON = 1
    CYCLIST = 2
    CAR = 3
    ROBOT = 6

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Area:
    """A rectangle on the ground: a road, a pavement, a line of paint.

    Args:
        centre: ``x, y``.
        size: extent along x and y.
        surface: one of ``SURFACES`` or ``FLOORS``.
    """

    name: str
    centre: tuple[float, float]
    size: tuple[float, float]
    surface: str


@dataclass(frozen=True)
class Wall:
    """A straight wall between two points of the ground.

    Args:
        finish: one of ``FINISHES`` or ``WALL_FINISHES``.
        openings: doors and windows, in order from its start.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    thickness: float
    finish: str
    openings: tuple[Opening, ...] = ()

    @property
    def length(self) -> float:
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    @property
    def heading(self) -> float:
        """Radians, from start to end."""
        return math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0])

    @property
    def centre(self) -> tuple[float, float]:
        return ((self.start[0] + self.end[0]) / 2, (self.start[1] + self.end[1]) / 2)

    def point(self, along_m: float) -> tuple[float, float]:
        """``x, y`` of a point of its middle line, counted from its start."""
        share = along_m / self.length
        return (
            self.start[0] + share * (self.end[0] - self.start[0]),
            self.start[1] + share * (self.end[1] - self.start[1]),
        )


@dataclass(frozen=True)
class Pillar:
    """A round pillar or tree trunk."""

    name: str
    centre: tuple[float, float]
    radius: float
    height: float


@dataclass(frozen=True)
class Route:
    """How something moves: see :class:`mobinet.sim.trajectory.Trajectory` for the arguments."""

    waypoints: tuple[Waypoint, ...]
    speed: float = 1.0
    start_s: float = 0.0
    mode: str = "stop"
    heading: float = 0.0

    def trajectory(self, duration_s: float, window_s: float) -> Trajectory:
        return Trajectory(
            self.waypoints,
            self.speed,
            start_s=self.start_s,
            mode=self.mode,
            duration_s=duration_s,
            window_s=window_s,
            heading=self.heading,
        )


@dataclass(frozen=True)
class Look:
    """Outer appearance of a person.

    Args:
        height: metres.
        width: factor on the breadth of the body.
        long_sleeves, shorts, backpack: what is worn.
    """

    height: float
    width: float
    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    shoes: Colour
    long_sleeves: bool
    shorts: bool
    backpack: bool


@dataclass(frozen=True)
class Person:
    """Somebody on foot, or who sits: on a seat, at ``SEAT_HEIGHT_M``."""

    name: str
    route: Route
    look: Look
    sits: bool = False


@dataclass(frozen=True)
class Cyclist:
    """Somebody on a bicycle; bicycle and rider are one object."""

    name: str
    route: Route
    look: Look
    colour: Colour


@dataclass(frozen=True)
class Car:
    """A car, driving or parked; the route leads the middle of the car."""

    name: str
    route: Route
    colour: Colour


@dataclass(frozen=True)
class SimCamera:
    """A camera of a robot.

    Args:
        name: its namespace below the robot's.
        model: its intrinsics; the image is made with their distortion.
        mount: ``camera2base`` pose of its body frame (x forward, z up).
        rate: images per second.
        kind: one of ``CAMERA_KINDS``.
        events: settings of an event camera; None for all others.
        exposure: how its images are exposed; None for sharp ones without noise.
        ptz: what turns and zooms it, from ``mount`` at pan and tilt 0 and ``model`` at zoom 1; None for a fixed camera.
    """

    name: str
    model: CameraModel
    mount: Transform
    rate: float
    kind: str = "rgb"
    events: EventCameraSettings | None = None
    ptz: PtzMountSettings | None = None
    exposure: ExposureSettings | None = None


@dataclass(frozen=True)
class Wearer:
    """A person who carries cameras.

    Args:
        place: where they are worn, one of ``WORN_PLACES``.
    """

    look: Look
    place: str


@dataclass(frozen=True)
class Robot:
    """A robot on wheels, or a person, with cameras; ``base_link`` is on the ground under the middle, x forward.

    Args:
        wearer: the person, where it is one; mounts are those of somebody who stands straight.
        clock: what its stamps are taken from.
        odometry: errors of the motion that it measures.
        pose_noise: errors of its localisation.
        localised: whether it finds itself in the map all the time; otherwise it knows its first pose and adds up its
            odometry.
    """

    name: str
    route: Route
    cameras: tuple[SimCamera, ...]
    colour: Colour
    clock: RobotClock = field(default_factory=RobotClock)
    odometry: OdometryErrors = field(default_factory=OdometryErrors)
    pose_noise: PoseNoise = field(default_factory=PoseNoise)
    localised: bool = True
    wearer: Wearer | None = None

    @property
    def moves(self) -> bool:
        return any(waypoint[:2] != self.route.waypoints[0][:2] for waypoint in self.route.waypoints)


@dataclass(frozen=True)
class Outage:
    """Robots out of contact with everybody, from ``start_s`` until ``end_s``."""

    robots: tuple[str, ...]
    start_s: float
    end_s: float


@dataclass(frozen=True)
class World:
    """Everything that a world file says.

    Args:
        name: of the file, without its ending.
        seed: chooses what the file leaves open (looks, textures); the same seed gives the same images.
        duration_s: length.
        light: one of ``LIGHTS`` or ``INDOOR_LIGHT``.
        shadows: whether objects cast them; it makes rendering slower.
        antialias: whether edges are smooth; without, pictures take less than half of the time.
        ground: one of ``SURFACES`` or ``FLOORS``.
        outages: when which robots are out of contact.
        radio_range_m: how far robots hear each other; 0 for any distance.
    """

    name: str
    seed: int
    duration_s: float
    light: str
    shadows: bool
    ground: str
    areas: tuple[Area, ...] = ()
    walls: tuple[Wall, ...] = ()
    pillars: tuple[Pillar, ...] = ()
    furniture: tuple[Furniture, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    people: tuple[Person, ...] = ()
    cyclists: tuple[Cyclist, ...] = ()
    cars: tuple[Car, ...] = ()
    robots: tuple[Robot, ...] = ()
    outages: tuple[Outage, ...] = ()
    radio_range_m: float = 0.0
    antialias: bool = True
