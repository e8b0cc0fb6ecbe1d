"""How good a view of an object is, from its box alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.types import Float32, Float64

# Height over width of boxes that show a whole standing person or another whole object, and not a sliver of it.
_ASPECTS = (0.3, 4.5)


@dataclass(frozen=True)
class ViewScale:
    """What counts as large and as cut.

    Args:
        good_area_px: area from which more pixels add nothing.
        border_px: how near to the image's border a box counts as cut.
    """

    good_area_px: float
    border_px: float


def view_quality(boxes: Float32, image_size: tuple[int, int], scale: ViewScale) -> Float64:
    """Quality of the view inside each box, 0..1, the product of four factors.

    Size (square root of the area against the good one), a plausible aspect, the share inside the image (halved where
    the border cuts the box), and the share that no other box hides: a box whose bottom is lower stands in front of it
    on level ground and hides all it overlaps, one behind it only confuses the picture and counts a third.

    Args:
        boxes: ``(N, 4)`` xyxy pixels of all objects of one image.
        image_size: width and height, pixels.
    """
    corners: Float64 = np.asarray(boxes, np.float64).reshape(-1, 4)
    sizes = corners[:, 2:] - corners[:, :2]
    areas = np.maximum(sizes.prod(axis=1), 1e-9)
    limits = np.array([*image_size, *image_size], np.float64)
    inside = np.clip(corners, 0, limits)
    visible = np.maximum(inside[:, 2:] - inside[:, :2], 0).prod(axis=1) / areas
    border = scale.border_px
    cut = (corners[:, :2] <= border).any(axis=1) | (corners[:, 2:] >= limits[2:] - border).any(axis=1)
    aspect = sizes[:, 1] / np.maximum(sizes[:, 0], 1e-9)
    plausible = np.where((aspect >= _ASPECTS[0]) & (aspect <= _ASPECTS[1]), 1.0, 0.3)
    size = np.minimum(np.sqrt(areas / scale.good_area_px), 1.0)
    quality: Float64 = size * plausible * visible * np.where(cut, 0.5, 1.0) * _unhidden(corners, areas)
    return quality


def _unhidden(boxes: Float64, areas: Float64) -> Float64:
    if len(boxes) < 2:
        return np.ones(len(boxes))
    upper = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    lower = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shares = np.maximum(lower - upper, 0).prod(axis=2) / areas[:, None]
    np.fill_diagonal(shares, 0)
    in_front = boxes[None, :, 3] > boxes[:, None, 3]
    hidden: Float64 = (shares * np.where(in_front, 1.0, 1 / 3)).max(axis=1)
    return np.clip(1 - hidden, 0.0, 1.0)
