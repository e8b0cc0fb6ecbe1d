"""What cameras do to an image, at random: place and scale, colour, blur, noise, compression, dirt on the lens."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mobinet.types import Float32, Image

Draw = np.random.Generator


def place_randomly(
    image: Image, boxes: Float32, height: int, width: int, draw: Draw, *, smallest: float = 0.55, largest: float = 1.6
) -> tuple[Image, Float32]:
    """Scales an image, cuts or pads it to ``height x width`` at a random place, and mirrors half of them.

    Args:
        boxes: ``(N, 4)`` xyxy pixels.
        smallest, largest: factors of the scale, drawn evenly in its logarithm.

    Returns:
        The image, and the boxes in it, not cut at its border.
    """
    scale = float(np.exp(draw.uniform(np.log(smallest), np.log(largest))))
    stretch = float(np.exp(draw.uniform(-0.1, 0.1)))
    factors = np.array([scale * stretch, scale / stretch])
    spare = np.array([width, height]) - factors * image.shape[1::-1]
    offset = spare * draw.uniform(0, 1, 2)
    mirror = bool(draw.random() < 0.5)
    matrix = np.array([[factors[0], 0, offset[0]], [0, factors[1], offset[1]]])
    grey = (int(draw.integers(0, 200)),) * 3
    way = cv2.INTER_AREA if scale < 0.8 else cv2.INTER_LINEAR
    placed = cv2.warpAffine(image, matrix, (width, height), flags=way, borderMode=cv2.BORDER_CONSTANT, borderValue=grey)
    moved = boxes * np.tile(factors, 2) + np.tile(offset, 2)
    if mirror:
        placed = cv2.flip(placed, 1)
        moved[:, [0, 2]] = width - moved[:, [2, 0]]
    return np.asarray(placed, np.uint8), moved.astype(np.float32)


def disturb(image: Image, draw: Draw) -> Image:
    """Changes light, colour, sharpness and noise of an image; where things are stays."""
    for share, change in _CHANGES:
        if draw.random() < share:
            image = change(image, draw)
    return image


def cover(image: Image, boxes: Float32, draw: Draw, share: float = 0.3) -> Image:
    """Hides up to two fifths of some objects, from below or from a side, behind one colour with grain; a copy."""
    image = image.copy()
    for x1, y1, x2, y2 in boxes.tolist():
        if draw.random() >= share or x2 - x1 < 6 or y2 - y1 < 6:
            continue
        depth = draw.uniform(0.1, 0.4)
        left, top, right, bottom = x1 - 4, y1 - 4, x2 + 4, y2 + 4
        side = int(draw.integers(4))
        if side < 2:  # as by a hedge
            top = y2 - depth * (y2 - y1)
        elif side == 2:
            right = x1 + depth * (x2 - x1)
        else:
            left = x2 - depth * (x2 - x1)
        area = image[max(int(top), 0) : max(int(bottom), 0), max(int(left), 0) : max(int(right), 0)]
        colour = draw.uniform(20, 220) + draw.normal(0, 20, 3)
        area[:] = np.clip(colour + draw.normal(0, 10, area.shape), 0, 255)
    return image


def _expose(image: Image, draw: Draw) -> Image:
    """As a camera does by itself: the mean grey comes to where it should be, more or less."""
    gain = min(draw.uniform(60, 160) / max(float(image.mean()), 4.0), 6.0)
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain), np.uint8)


def _brighten(image: Image, draw: Draw) -> Image:
    """Gain, offset, gamma."""
    levels = np.linspace(0, 1, 256) ** np.exp(draw.uniform(-0.5, 0.5))
    levels = levels * draw.uniform(0.75, 1.3) + draw.uniform(-0.08, 0.12)
    return np.asarray(cv2.LUT(image, np.clip(levels * 255, 0, 255).astype(np.uint8)), np.uint8)


def _tint(image: Image, draw: Draw) -> Image:
    """Each colour its own gain, and more or less of all colour."""
    gains = draw.uniform(0.8, 1.2, 3)
    faded = draw.uniform(0.0, 1.3)
    mix = faded * np.eye(3) + (1 - faded) * np.array([0.114, 0.587, 0.299])
    return np.asarray(cv2.transform(image, gains[:, None] * mix), np.uint8)


def _shade(image: Image, draw: Draw) -> Image:
    """Patches of light and shadow, large or as small as folds of clothes."""
    cells = int(draw.choice([3, 6, 12, 48, 96]))
    light = draw.uniform(1 - draw.uniform(0.1, 0.5), 1.15, (cells, cells)).astype(np.float32)
    light = cv2.resize(light, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(image * light[..., None], 0, 255), np.uint8)


def _blur(image: Image, draw: Draw) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), draw.uniform(0.4, 1.8)), np.uint8)


def _smear(image: Image, draw: Draw) -> Image:
    """Motion of the camera, along a line of some pixels."""
    length, angle = draw.uniform(2, 7), draw.uniform(0, np.pi)
    kernel = np.zeros((9, 9), np.float32)
    along = np.linspace(-length / 2, length / 2, 32)
    rows, columns = np.rint(4 + along * np.sin(angle)).astype(int), np.rint(4 + along * np.cos(angle)).astype(int)
    np.add.at(kernel, (rows, columns), 1 / 32)
    return np.asarray(cv2.filter2D(image, -1, kernel), np.uint8)


def _coarsen(image: Image, draw: Draw) -> Image:
    """As if it had been taken with fewer pixels."""
    size = (np.array(image.shape[1::-1]) * draw.uniform(0.4, 0.9)).astype(int).tolist()
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _sharpen(image: Image, draw: Draw) -> Image:
    amount = draw.uniform(0.3, 1.5)
    return np.asarray(cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), 1.2), -amount, 0), np.uint8)


def _roughen(image: Image, draw: Draw) -> Image:
    """Noise of the sensor, of brightness or of each colour."""
    shape = (*image.shape[:2], 3 if draw.random() < 0.5 else 1)
    noise = draw.standard_normal(shape, np.float32) * np.float32(draw.uniform(1, 14))
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _compress(image: Image, draw: Draw) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(draw.integers(20, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


# in the order in which a camera does it, with the share of images that get it
_CHANGES: tuple[tuple[float, Callable[[Image, Draw], Image]], ...] = (
    (0.5, _shade),
    (0.6, _expose),
    (0.6, _brighten),
    (0.6, _tint),
    (0.25, _blur),
    (0.15, _smear),
    (0.2, _coarsen),
    (0.2, _sharpen),
    (0.4, _roughen),
    (0.35, _compress),
)
