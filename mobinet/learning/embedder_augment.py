"""What makes two crops of one object look unlike: boxes, light, lens, distance, and things in front.

Colour says who somebody is, so hues are shifted by little only; brightness and gamma by much.
"""

from __future__ import annotations

import cv2
import numpy as np

from mobinet.learning.embedder_crops import INPUT_SIZE
from mobinet.types import Image

_SHIFT = 0.08  # of the box's sides
_SCALE = 0.10
_FLIP = 0.5
_LOW_RESOLUTION = 0.35
_BLUR = 0.3
_NOISE = 0.4
_COMPRESSION = 0.3
_ERASING = 0.45


def augment(crop: Image, margin: float, draw: np.random.Generator, *, flip: bool = True, light: bool = True) -> Image:
    """``(128, 64, 3)`` of a crop with a ``margin`` around its box; without ``light`` it is only moved and scaled."""
    image = _shifted(crop, margin, draw)
    if flip and draw.random() < _FLIP:
        image = image[:, ::-1]
    if not light:
        return image
    image = _lit(image, draw)
    image = _seen_from_afar(image, draw)
    image = _recorded(image, draw)
    return _erased(image, draw) if draw.random() < _ERASING else image


def plain(crop: Image, margin: float) -> Image:
    """``(128, 64, 3)`` of a crop as it is."""
    return _place(crop, margin, 0.0, 0.0, 1.0, 1.0)


def _shifted(crop: Image, margin: float, draw: np.random.Generator) -> Image:
    """As a detector would have drawn the box."""
    dx, dy = draw.uniform(-_SHIFT, _SHIFT, 2)
    sx, sy = np.exp(draw.uniform(-_SCALE, _SCALE, 2))
    return _place(crop, margin, float(dx), float(dy), float(sx), float(sy))


def _place(crop: Image, margin: float, dx: float, dy: float, sx: float, sy: float) -> Image:
    """The box, moved by shares of its sides and scaled, stretched to the input."""
    height, width = INPUT_SIZE
    box_height, box_width = (side / (1 + 2 * margin) for side in crop.shape[:2])
    scale_x, scale_y = width / (box_width * sx), height / (box_height * sy)
    centre_x, centre_y = crop.shape[1] / 2 + dx * box_width, crop.shape[0] / 2 + dy * box_height
    matrix = np.array(
        [
            [scale_x, 0, width / 2 - 0.5 - scale_x * (centre_x - 0.5)],
            [0, scale_y, height / 2 - 0.5 - scale_y * (centre_y - 0.5)],
        ]
    )
    placed = cv2.warpAffine(crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(placed, np.uint8)


def _lit(image: Image, draw: np.random.Generator) -> Image:
    """Exposure, gamma, white balance, saturation; sometimes a shadow over a part."""
    values = np.asarray((image.astype(np.float32) / 255) ** np.float32(np.exp(draw.normal(0, 0.25))), np.float32)
    values *= draw.uniform(0.7, 1.4) * np.exp(draw.normal(0, 0.06, 3)).astype(np.float32)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * np.float32(draw.uniform(0.6, 1.3)) + np.float32(draw.normal(0, 0.03))
    if draw.random() < 0.25:
        edge = int(draw.integers(1, image.shape[0]))
        values[edge:] *= np.float32(draw.uniform(0.5, 1.3))
    return np.asarray(np.clip(values, 0, 1) * 255, np.uint8)


def _seen_from_afar(image: Image, draw: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    if draw.random() < _LOW_RESOLUTION:
        share = draw.uniform(0.2, 0.7)
        small = cv2.resize(image, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if draw.random() < _BLUR:
        if draw.random() < 0.5:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(draw.uniform(0.5, 2.0))), np.uint8)
        else:
            image = np.asarray(cv2.blur(image, (int(draw.integers(2, 8)), 1)), np.uint8)
    return image


def _recorded(image: Image, draw: np.random.Generator) -> Image:
    """Noise of the sensor, and what compression leaves."""
    if draw.random() < _NOISE:
        noise = draw.normal(0, draw.uniform(2, 12), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if draw.random() < _COMPRESSION:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(draw.integers(25, 80))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def _erased(image: Image, draw: np.random.Generator) -> Image:
    """Something in front: a rectangle of one colour or of noise, or all below a height (Zhong et al., "Random erasing
    data augmentation", 2020)."""
    height, width = image.shape[:2]
    if draw.random() < 0.3:
        top, left, bottom, right = int(draw.uniform(0.55, 0.9) * height), 0, height, width
    else:
        tall, wide = int(draw.uniform(0.15, 0.5) * height), int(draw.uniform(0.2, 0.7) * width)
        top, left = int(draw.integers(0, height - tall)), int(draw.integers(0, width - wide))
        bottom, right = top + tall, left + wide
    erased = image.copy()
    if draw.random() < 0.5:
        erased[top:bottom, left:right] = draw.integers(0, 256, 3)
    else:
        erased[top:bottom, left:right] = draw.integers(0, 256, (bottom - top, right - left, 3))
    return erased
