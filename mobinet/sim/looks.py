"""What people, cars and cyclists look like where the world file leaves it open: the seed and the name choose."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from mobinet.sim.world import Colour, Look

COLOURS: Mapping[str, Colour] = {
    "black": (0.06, 0.06, 0.07),
    "white": (0.88, 0.88, 0.86),
    "grey": (0.42, 0.43, 0.45),
    "silver": (0.66, 0.68, 0.70),
    "red": (0.70, 0.10, 0.10),
    "orange": (0.85, 0.42, 0.08),
    "yellow": (0.86, 0.74, 0.16),
    "green": (0.12, 0.42, 0.18),
    "olive": (0.36, 0.38, 0.18),
    "cyan": (0.16, 0.56, 0.62),
    "blue": (0.12, 0.24, 0.62),
    "navy": (0.08, 0.11, 0.26),
    "purple": (0.38, 0.16, 0.46),
    "pink": (0.82, 0.48, 0.58),
    "brown": (0.34, 0.22, 0.14),
    "beige": (0.72, 0.64, 0.50),
}
_TROUSERS = ("black", "navy", "grey", "beige", "olive", "brown", "blue")
_CAR_COLOURS = ("white", "silver", "black", "grey", "red", "blue", "navy", "green")
_SKINS: tuple[Colour, ...] = ((0.87, 0.68, 0.56), (0.76, 0.56, 0.42), (0.55, 0.37, 0.26), (0.33, 0.21, 0.15))
_HAIRS: tuple[Colour, ...] = ((0.08, 0.06, 0.05), (0.25, 0.16, 0.09), (0.45, 0.33, 0.18), (0.55, 0.54, 0.52))


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one thing: the same whatever else is in the world."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def choose_look(seed: int, name: str) -> Look:
    """A person's look."""
    draw = generator(seed, name)
    shirts = list(COLOURS)
    return Look(
        height=float(np.clip(draw.normal(1.72, 0.09), 1.5, 1.95)),
        width=float(draw.uniform(0.92, 1.18)),
        shirt=COLOURS[shirts[int(draw.integers(len(shirts)))]],
        trousers=COLOURS[_TROUSERS[int(draw.integers(len(_TROUSERS)))]],
        skin=_SKINS[int(draw.integers(len(_SKINS)))],
        hair=_HAIRS[int(draw.integers(len(_HAIRS)))],
        shoes=COLOURS[("black", "brown", "white", "grey")[int(draw.integers(4))]],
        long_sleeves=bool(draw.random() < 0.7),
        shorts=bool(draw.random() < 0.15),
        backpack=bool(draw.random() < 0.25),
    )


def choose_car_colour(seed: int, name: str) -> Colour:
    draw = generator(seed, name)
    return COLOURS[_CAR_COLOURS[int(draw.integers(len(_CAR_COLOURS)))]]
