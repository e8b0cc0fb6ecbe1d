"""Square regions around an object, as :mod:`mobinet.targets` cuts them, but jittered; and where boxes are in them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.learning.siamese_network import TEMPLATE_SIZE
from mobinet.targets.crops import context_side, mean_colour
from mobinet.types import Float32, Float64, Image

CONTEXT = 0.5
"""Margin around the object, share of its width plus its height."""


@dataclass(frozen=True)
class Jitter:
    """How far a region is from where and how large it should be.

    Args:
        shift: ``(2,)`` x and y that the object is moved by, pixels of the cut region.
        scale: ``(2,)`` factors of the object's width and height.
    """

    shift: Float64
    scale: Float64

    @staticmethod
    def draw(draw: np.random.Generator, shift_px: float, scale: float, stretch: float = 0.05) -> Jitter:
        """Evenly up to ``shift_px``; size by up to ``e^scale``, ratio of the sides by up to ``e^(2 stretch)``."""
        size, ratio = draw.uniform(-scale, scale), draw.uniform(-stretch, stretch)
        return Jitter(draw.uniform(-shift_px, shift_px, 2), np.exp([size + ratio, size - ratio]))


NO_JITTER = Jitter(np.zeros(2), np.ones(2))


def template_side(box: Float32) -> float:
    """Side in pixels of the image of what becomes the template of a box (xyxy)."""
    width, height = (box[2:] - box[:2]).tolist()
    return context_side(width, height, CONTEXT)


def cut_template(image: Image, box: Float32, jitter: Jitter = NO_JITTER) -> Image:
    """``(127, 127, 3)`` around a box (xyxy pixels)."""
    return _warp(image, _matrix(box, TEMPLATE_SIZE, jitter), TEMPLATE_SIZE)


def cut_search(
    image: Image, around: Float32, boxes: Float32, size: int, jitter: Jitter = NO_JITTER
) -> tuple[Image, Float32]:
    """``(size, size, 3)`` around a box, in the scale of its template; and ``(N, 4)`` xyxy boxes in it, not cut."""
    matrix = _matrix(around, size, jitter)
    scale, offset = np.diag(matrix[:, :2]), matrix[:, 2]
    return _warp(image, matrix, size), (boxes * np.tile(scale, 2) + np.tile(offset, 2)).astype(np.float32)


def _matrix(box: Float32, size: int, jitter: Jitter) -> Float64:
    """``(2, 3)`` from pixel edges of the image to those of the region."""
    scale = jitter.scale * TEMPLATE_SIZE / template_side(box)
    middle = (box[:2] + box[2:]).astype(np.float64) / 2
    offset = size / 2 + jitter.shift - scale * middle
    return np.column_stack([np.diag(scale), offset])


def _warp(image: Image, matrix: Float64, size: int) -> Image:
    """What is beyond the image has its mean colour."""
    pixels = matrix.copy()
    pixels[:, 2] += 0.5 * (matrix[:, :2].sum(axis=1) - 1)  # OpenCV counts from the middles of pixels
    region = cv2.warpAffine(image, pixels, (size, size), borderMode=cv2.BORDER_CONSTANT, borderValue=mean_colour(image))
    return np.asarray(region, np.uint8)
