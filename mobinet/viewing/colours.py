"""Colours that mean the same everywhere: computed from the name alone, so robots agree without talking."""

from __future__ import annotations

import colorsys
import re
import zlib
from collections.abc import Mapping
from typing import TypeAlias

from mobinet.types import TargetState

Rgb: TypeAlias = tuple[int, int, int]

_TARGET_COLOURS: Mapping[TargetState, Rgb] = {
    TargetState.NONE: (200, 200, 200),
    TargetState.TRACKING: (60, 230, 60),
    TargetState.UNCERTAIN: (255, 220, 0),
    TargetState.OCCLUDED: (255, 140, 0),
    TargetState.LOST: (255, 40, 40),
    TargetState.REFOUND: (0, 220, 255),
}
_GOLDEN_RATIO = 0.618033988749895
_TRAILING_NUMBER = re.compile(r"\d{1,9}$")


def identity_colour(identity_id: str) -> Rgb:
    """The saturated colour of an identity, red, green, blue 0..255; equal in every camera and on every robot.

    Ids that differ only in a trailing number get hues a golden ratio apart, so that neighbours are easy to tell.
    """
    # hues alone do not keep a crowd apart: each comes bright, light and dark
    saturation, value = ((0.95, 1.0), (0.6, 1.0), (0.95, 0.6))[zlib.crc32(identity_id.encode()) % 3]
    return _to_rgb(_hue(identity_id), saturation, value)


def track_colour(track_id: int) -> Rgb:
    """The pale colour of a track that has no identity yet: never mistaken for an identity's."""
    return _to_rgb((track_id * _GOLDEN_RATIO) % 1.0, 0.3, 0.8)


def target_colour(state: TargetState) -> Rgb:
    """The colour of a chosen target: green, yellow, orange, red, and cyan when just found again."""
    return _TARGET_COLOURS[state]


def text_colour(background: Rgb) -> Rgb:
    """Black or white, whichever is read more easily on ``background`` (luma of ITU-R BT.601)."""
    red, green, blue = background
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (0, 0, 0) if luma > 120 else (255, 255, 255)


def _hue(name: str) -> float:
    number = _TRAILING_NUMBER.search(name)
    if number is None:
        return zlib.crc32(name.encode()) / 2**32
    prefix = name[: number.start()]
    return (zlib.crc32(prefix.encode()) / 2**32 + int(number.group()) * _GOLDEN_RATIO) % 1.0


def _to_rgb(hue: float, saturation: float, value: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
