"""Domain randomisation: scenery in any colours and patterns under any light, for networks that shall see through it.

After Tobin et al., "Domain Randomization for Transferring Deep Neural Networks from Simulation to the Real World" (IROS
2017, arXiv:1703.06907): what varies enough in training is ignored later. Objects keep their colours, which tell who
is who.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mobinet.types import Float32, Image

_STRANGE_SHARE = 0.6
_TINTED_SHARE = 0.7
_SKYBOX = 2


def repaint_textures(model: Any, draw: np.random.Generator) -> None:
    """Gives most textures of a MuJoCo model a random pattern, and its sky random colours; before it is uploaded."""
    for index in range(model.ntex):
        height, width = int(model.tex_height[index]), int(model.tex_width[index])
        start = int(model.tex_adr[index])
        pixels = model.tex_data[start : start + height * width * 3].reshape(height, width, 3)
        if model.tex_type[index] == _SKYBOX:
            pixels[:] = _sky(pixels, draw)
        elif draw.random() < _STRANGE_SHARE:
            pixels[:] = random_pattern(height, width, draw)


def repaint_scenery(model: Any, geoms: int, draw: np.random.Generator) -> None:
    """Tints the first ``geoms`` solids of a MuJoCo model and changes sun and ambient light; at any time."""
    for geom in range(geoms):
        tint = draw.uniform(0.55, 1.0, 3) if draw.random() < _TINTED_SHARE else np.ones(3)
        model.geom_rgba[geom, :3] = np.clip(tint * draw.uniform(0.7, 1.1), 0, 1)
    azimuth, elevation = draw.uniform(0, 2 * np.pi), draw.uniform(0.25, 1.45)
    direction = [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), -np.sin(elevation)]
    model.light_dir[0] = direction
    # the shadow's picture is taken from where the light stands
    model.light_pos[0] = -30 * np.array(direction)
    sun, ambient = draw.uniform(0.1, 0.9), draw.uniform(0.25, 0.75)
    model.light_diffuse[0] = sun * draw.uniform(0.8, 1.0, 3)
    model.vis.headlight.ambient[:] = ambient * draw.uniform(0.85, 1.0, 3)


def random_pattern(height: int, width: int, draw: np.random.Generator) -> Image:
    """``(height, width, 3)`` ``uint8``: blotches, stripes, tiles or rectangles in random colours, with grain."""
    paint = (_blotches, _stripes, _tiles, _rectangles)[int(draw.integers(4))]
    image = paint(height, width, draw)
    image = image + draw.normal(0, draw.uniform(0, 14), (height, width, 1)).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def _sky(pixels: Image, draw: np.random.Generator) -> Float32:
    """A gradient scaled in each colour: blue, grey, dull or dark."""
    grey = pixels.mean(axis=2, keepdims=True)
    dull = draw.uniform(0, 1)
    mixed = pixels * (1 - dull) + grey * dull
    sky = mixed * draw.uniform(0.5, 1.25) + draw.uniform(-20, 20, 3)
    return np.asarray(np.clip(sky, 0, 255), np.float32)


def _colour(draw: np.random.Generator) -> Float32:
    """``(3,)`` mostly dull, as streets are, sometimes gaudy."""
    grey = draw.uniform(20, 235)
    return np.clip(grey + draw.normal(0, 10 if draw.random() < 0.8 else 45, 3), 0, 255).astype(np.float32)


def _blotches(height: int, width: int, draw: np.random.Generator) -> Float32:
    share = np.zeros((height, width, 1), np.float32)
    for cells in (4, 16, 64):
        noise = draw.uniform(0, 1, (cells, cells)).astype(np.float32)
        share[..., 0] += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) / 3
    share = np.clip((share - 0.5) * draw.uniform(1, 6) + 0.5, 0, 1)
    return np.asarray(share * _colour(draw) + (1 - share) * _colour(draw), np.float32)


def _stripes(height: int, width: int, draw: np.random.Generator) -> Float32:
    rows, columns = np.mgrid[:height, :width]
    angle = draw.choice([0.0, np.pi / 2, draw.uniform(0, np.pi)])
    phase = (rows * np.sin(angle) + columns * np.cos(angle)) / draw.uniform(8, 64)
    share = ((phase % 1) < draw.uniform(0.1, 0.9)).astype(np.float32)[..., None]
    return np.asarray(share * _colour(draw) + (1 - share) * _colour(draw), np.float32)


def _tiles(height: int, width: int, draw: np.random.Generator) -> Float32:
    shades = draw.uniform(-1, 1, (int(draw.integers(2, 20)), int(draw.integers(2, 20)), 1)).astype(np.float32)
    tiles = cv2.resize(shades, (width, height), interpolation=cv2.INTER_NEAREST)[..., None]
    return np.asarray(_colour(draw) + tiles * draw.uniform(5, 60), np.float32)


def _rectangles(height: int, width: int, draw: np.random.Generator) -> Float32:
    """Windows, doors, posters: what detectors take for people."""
    image = np.tile(_colour(draw), (height, width, 1))
    for _ in range(int(draw.integers(2, 14))):
        x, y = int(draw.integers(width)), int(draw.integers(height))
        size = draw.integers(8, 110, 2)
        image[y : y + int(size[1]), x : x + int(size[0])] = _colour(draw)
    return image
