"""Surfaces, painted here from random numbers: asphalt, grass, bricks, windows, floors, cloth, books."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
    "wood": (196, 172, 146),
    "tiles": (188, 192, 194),
    "carpet": (112, 120, 132),
    "wallpaper": (214, 208, 194),
    "fabric": (215, 215, 215),
    "books": (120, 110, 100),
    "ceiling": (226, 226, 222),
}

_ROUGHNESS = {
    "facade": 0.3, "plaster": 0.4, "concrete": 0.5, "pavement": 0.6, "asphalt": 0.7, "wood": 0.25, "tiles": 0.2,
    "carpet": 0.5, "wallpaper": 0.15, "fabric": 0.4, "books": 0.2, "ceiling": 0.1,
}  # fmt: skip

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
    "wood": 1.6,
    "tiles": 1.2,
    "carpet": 2.0,
    "wallpaper": 1.2,
    "fabric": 0.8,
    "books": 0.8,
    "ceiling": 2.4,
}


def paint_texture(name: str, seed: int) -> Image:
    """``(256, 256, 3)`` BGR ``uint8`` that can be repeated in both directions."""
    draw = generator(seed, f"texture {name}")
    grain = (_noise(draw, 1) * 10 + _noise(draw, 8) * 10 + _noise(draw, 32) * 8) * _ROUGHNESS.get(name, 1.0)
    image = np.array(_RGB_OF[name], np.float64)[::-1] + grain[:, :, None]
    if name in _PAINTERS:
        image = _PAINTERS[name](image, draw)
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


def _put_window(image: Float64, _draw: np.random.Generator) -> Float64:
    """One window of a house front: frame, dark panes, a sill."""
    image[60:204, 76:180] = (205, 208, 210)
    image[68:196, 84:124] = (74, 62, 52)
    image[68:196, 132:172] = (84, 70, 58)
    image[204:212, 68:188] -= 50
    return image


def _lay_slabs(image: Float64, _draw: np.random.Generator) -> Float64:
    """Two by two, with dark joints."""
    for start in (0, 126):
        image[start : start + 4] -= 30
        image[:, start : start + 4] -= 30
    return image


def _grow_grass(image: Float64, draw: np.random.Generator) -> Float64:
    image[:, :, 1] += np.abs(_noise(draw, 1)) * 14
    return image


def _lay_planks(image: Float64, draw: np.random.Generator) -> Float64:
    """Eight planks along x, each of its own shade, with grain, the joints of neighbours apart."""
    shade = draw.uniform(-16, 16, (8, 2))
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    plank = rows // 32
    shifted = (columns + 96 * (plank % 3)) % _SIDE_PX
    grain = np.repeat(draw.normal(0, 5, (_SIDE_PX, 8)), _SIDE_PX // 8, axis=1)
    image = image + (shade[plank, shifted // 128] + cv2.GaussianBlur(grain, (31, 1), 0))[:, :, None]
    image[(rows % 32 == 0) | (shifted % 128 == 0)] -= 38
    return image


def _lay_tiles(image: Float64, draw: np.random.Generator) -> Float64:
    """Four by four."""
    shade = np.kron(draw.uniform(-7, 7, (4, 4)), np.ones((64, 64)))
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    image = image + shade[:, :, None]
    image[(rows % 64 < 2) | (columns % 64 < 2)] = (150, 150, 148)
    return image


def _stripe_wallpaper(image: Float64, _draw: np.random.Generator) -> Float64:
    columns = np.arange(_SIDE_PX)
    return np.asarray(image - 9.0 * (columns // 32 % 2)[None, :, None])


def _put_up_books(image: Float64, draw: np.random.Generator) -> Float64:
    """Backs of books side by side along x, as thick as books are."""
    column = 0
    while column < _SIDE_PX:
        thickness = int(draw.integers(5, 18))
        image[:, column : column + thickness] = draw.uniform(30, 205, 3)
        image[:, column : column + 1] -= 40
        column += thickness
    return image


def _hang_lamps(image: Float64, _draw: np.random.Generator) -> Float64:
    """Panels of 60 cm, two of which shine."""
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    image[(rows % 64 < 1) | (columns % 64 < 1)] -= 26
    image[68:124, 68:188] = (255, 255, 255)
    return image


_PAINTERS: Mapping[str, Callable[[Float64, np.random.Generator], Float64]] = {
    "pavement": _lay_slabs,
    "brick": _lay_bricks,
    "facade": _put_window,
    "grass": _grow_grass,
    "wood": _lay_planks,
    "tiles": _lay_tiles,
    "wallpaper": _stripe_wallpaper,
    "books": _put_up_books,
    "ceiling": _hang_lamps,
}
