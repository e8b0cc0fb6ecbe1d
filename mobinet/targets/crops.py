"""Squares cut out of an image around a target, and the boxes that may be looked for in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.types import Float64, Image


def checked_box(box: Sequence[float] | Float64, image: Image, smallest_px: float) -> Float64:
    """The part of a box that lies in the image, ``(4,)`` float64 xyxy pixels.

    Raises:
        InputError: not four finite numbers, without area, outside the image, or with less than ``smallest_px`` pixels
            of width or height in it.
    """
    values = checked_corners(box)
    height, width = image.shape[:2]
    inside: Float64 = np.clip(values, 0, (width, height, width, height))
    if (inside[2:] - inside[:2] < smallest_px).any():
        raise InputError(
            f"target: the box {values.tolist()} has less than {smallest_px:g} pixels of width or height inside the "
            f"{width} x {height} image; choose a box that is in the image"
        )
    return inside


def checked_corners(box: Sequence[float] | Float64) -> Float64:
    """``(4,)`` float64 xyxy; raises InputError for what is not four finite numbers, or has no area."""
    values = np.asarray(box, np.float64)
    if values.shape != (4,) or not np.isfinite(values).all():
        raise InputError(f"target: expected a box of four finite numbers x1, y1, x2, y2, got {box!r}")
    if values[2] <= values[0] or values[3] <= values[1]:
        raise InputError(f"target: the box {values.tolist()} has no area, expected x1 < x2 and y1 < y2 in pixels")
    return values


def context_side(width: float, height: float, context: float) -> float:
    """Side of the square that shows a box with its surroundings (Bertinetto et al. 2016, section 3.1)."""
    margin = context * (width + height)
    return math.sqrt((width + margin) * (height + margin))


def square(x: float, y: float, side: float) -> Float64:
    """``(4,)`` xyxy around a centre."""
    half = side / 2
    return np.array((x - half, y - half, x + half, y + half))


def cut(image: Image, region: Float64, size: int, fill: tuple[float, float, float]) -> Image:
    """The pixels of a square: ``(size, size, 3)`` BGR uint8, ``fill`` beyond the image.

    One interpolation from the image to the crop, at the exact place: rounding the square to whole pixels first moves
    what is seen of a small target by a good part of its size, from image to image.
    """
    step = (region[2] - region[0]) / size
    # pixel i covers i to i + 1: its middle, not its edge, is what warpAffine counts
    offset = region[:2] + step / 2 - 0.5
    crop: Image = cv2.warpAffine(
        image,
        np.array(((step, 0, offset[0]), (0, step, offset[1]))),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
    return cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR) if crop.ndim == 2 else crop


def mean_colour(image: Image) -> tuple[float, float, float]:
    """Of the whole image, BGR; what is put where a crop reaches beyond it."""
    blue, green, red, _ = cv2.mean(image)
    return (blue, green, red) if image.ndim == 3 else (blue, blue, blue)
