"""What a building has besides walls: doors and windows in them, ceilings, furniture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

INDOOR_LIGHT = "indoor"
FLOORS = ("wood", "tiles", "carpet")
WALL_FINISHES = ("wallpaper", "tiles", "wood")
FURNITURE_FINISHES = ("plain", "wood", "fabric")

DOOR_HEIGHT_M = 2.05
WINDOW_M = (0.9, 2.1)
SEAT_HEIGHT_M = 0.45


@dataclass(frozen=True)
class Opening:
    """A door or a window of a wall.

    Args:
        middle: metres along the wall from its start.
        width: metres.
        bottom, top: metres above the ground; a door has its bottom at 0.
    """

    middle: float
    width: float
    bottom: float
    top: float

    @property
    def is_door(self) -> bool:
        return self.bottom == 0


@dataclass(frozen=True)
class Ceiling:
    """A ceiling with lamps: ``centre`` and ``size`` as of an area, ``height`` of its underside, metres."""

    name: str
    centre: tuple[float, float]
    size: tuple[float, float]
    height: float


@dataclass(frozen=True)
class Kind:
    """What a kind of furniture is like where the world file does not say.

    Args:
        size: along its own x (the way it faces) and y, and its height, metres.
        finish: one of ``FURNITURE_FINISHES``.
        seat: whether somebody may sit on it.
    """

    size: tuple[float, float, float]
    colour: tuple[float, float, float]
    finish: str = "plain"
    seat: bool = False


FURNITURE: Mapping[str, Kind] = {
    "box": Kind((0.6, 0.6, 0.9), (0.85, 0.85, 0.83)),
    "table": Kind((0.8, 1.4, 0.75), (0.78, 0.60, 0.42), "wood"),
    "chair": Kind((0.45, 0.45, 0.9), (0.30, 0.32, 0.36), seat=True),
    "sofa": Kind((0.9, 1.9, 0.8), (0.40, 0.48, 0.55), "fabric", seat=True),
    "bed": Kind((2.0, 1.4, 0.55), (0.75, 0.77, 0.82), "fabric"),
    "shelf": Kind((0.32, 1.2, 1.9), (0.74, 0.56, 0.38), "wood"),
    "board": Kind((0.06, 2.4, 1.2), (0.10, 0.26, 0.19)),
}


@dataclass(frozen=True)
class Furniture:
    """A piece of furniture.

    Args:
        kind: a name of ``FURNITURE``.
        at: ``x, y`` of its middle, metres.
        heading: the way that its front faces, radians.
        size: along its own x and y, and its height, metres.
        bottom: height above the ground, metres: a board hangs on a wall.
    """

    name: str
    kind: str
    at: tuple[float, float]
    heading: float
    size: tuple[float, float, float]
    bottom: float
    colour: tuple[float, float, float]
    finish: str
