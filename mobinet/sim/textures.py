"""Surfaces, painted here from random numbers: asphalt, grass, bricks, plaster, windows."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from mobinet.sim.looks import generator
from mobinet.types import Float64, Image

_SIDE_PX = 256
_RGB_OF = {
    "asphalt": (92, 92, 95),
    "pavement": (150, 146, 138),
    "grass": (84, 108, 58),
    "paint": (205, 205, 200),
    "plaster": (188, 176, 154),
    "concrete": (140, 140, 136),
    "brick": (132, 74, 58),
    "facade": (176, 158, 130),
}

_ROUGHNESS = {"facade": 0.3, "plaster": 0.4, "concrete": 0.5, "pavement": 0.6, "asphalt": 0.7}

# metres that one image covers
EXTENT_M: Mapping[str, float] = {
    "asphalt": 4.0,
    "pavement": 2.0,
    "grass": 3.0,
    "paint": 1.0,
    "plaster": 4.0,
    "concrete": 3.0,
    "brick": 2.0,
    "facade": 4.0,
}


def paint_texture(name: str, seed: int) -> Image:
    """``(256, 256, 3)`` BGR ``uint8`` that can be repeated in both directions."""
    draw = generator(seed, f"texture {name}")
    grain = (_noise(draw, 1) * 10 + _noise(draw, 8) * 10 + _noise(draw, 32) * 8) * _ROUGHNESS.get(name, 1.0)
    image = np.array(_RGB_OF[name], np.float64)[::-1] + grain[:, :, None]
    if name == "pavement":
        image[:4] -= 30
        image[:, :4] -= 30
        image[126:130] -= 30
        image[:, 126:130] -= 30
    elif name == "brick":
        image = _lay_bricks(image, draw)
    elif name == "facade":
        image = _put_window(image)
    elif name == "grass":
        image[:, :, 1] += np.abs(_noise(draw, 1)) * 14
    return np.clip(image, 0, 255).astype(np.uint8)


def _noise(draw: np.random.Generator, cell_px: int) -> Float64:
    """``(256, 256)`` noise of unit deviation, smooth over ``cell_px``, that continues at its edges."""
    cells = draw.standard_normal((_SIDE_PX // cell_px, _SIDE_PX // cell_px))
    if cell_px == 1:
        return cells
    padded = np.pad(cells, 2, mode="wrap")
    size = padded.shape[0] * cell_px
    smooth = cv2.resize(padded, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth[2 * cell_px : -2 * cell_px, 2 * cell_px : -2 * cell_px], np.float64)


def _lay_bricks(image: Float64, draw: np.random.Generator) -> Float64:
    """Rows of bricks, each of its own shade, with light joints."""
    shade = draw.uniform(-22, 22, (16, 4))
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    row = rows // 16
    shifted = (columns + 32 * (row % 2)) % _SIDE_PX
    image = image + shade[row, shifted // 64][:, :, None]
    joint = (rows % 16 < 2) | (shifted % 64 < 2)
    image[joint] = (150, 155, 158)
    return image


def _put_window(
    image: Float64,
) -> Float64:
    """One window of a house front: frame, dark panes, a sill."""
    image[60:204, 76:180] = (205, 208, 210)
    image[68:196, 84:124] = (74, 62, 52)
    image[68:196, 132:172] = (84, 70, 58)
    image[204:212, 68:188] -= 50
    return image
