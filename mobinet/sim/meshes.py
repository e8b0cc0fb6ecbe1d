"""Solids that are no primitive: convex hulls and a ring. Vertices in metres, faces as triples of vertex numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.shapes import Part
from mobinet.types import Float64


class Mesh(NamedTuple):
    """``vertices`` ``(V, 3)``; ``faces`` ``(F, 3)``, empty for the convex hull of the vertices."""

    vertices: Float64
    faces: NDArray[np.int32]


@cache
def meshes() -> Mapping[str, Mesh]:
    """All solids by name."""
    return {
        "car_body": _loft(
            [
                (-2.12, 0.80, 0.32, 0.86),
                (-1.9, 0.88, 0.22, 0.92),
                (0.9, 0.9, 0.2, 0.88),
                (1.9, 0.86, 0.22, 0.76),
                (2.13, 0.78, 0.32, 0.66),
            ]
        ),
        "car_cabin": _hull([(-1.75, 0.76, 0.85), (1.05, 0.76, 0.85), (-1.0, 0.62, 1.42), (0.3, 0.62, 1.42)]),
        "car_side_front": _side_pane([(-0.30, 0.93), (0.80, 0.93), (0.22, 1.36), (-0.30, 1.36)]),
        "car_side_rear": _side_pane([(-1.45, 0.93), (-0.38, 0.93), (-0.38, 1.36), (-0.98, 1.36)]),
        "car_screen_front": _hull([(1.0, 0.66, 0.90), (0.9, 0.66, 0.90), (0.37, 0.57, 1.38), (0.25, 0.57, 1.38)]),
        "car_screen_rear": _hull([(-1.70, 0.66, 0.90), (-1.6, 0.66, 0.90), (-1.07, 0.57, 1.38), (-0.95, 0.57, 1.38)]),
        "ring": _ring(0.315, 0.025, 24, 6),
    }


def bounding_corners(part: Part) -> Float64:
    """``(8, 3)`` corners of the box around a part, in its own frame, metres."""
    if part.shape == "mesh":
        vertices = meshes()[part.mesh].vertices
        low, high = vertices.min(axis=0), vertices.max(axis=0)
    else:
        high = np.array(_half_extent(part))
        low = -high
    upper = np.array(list(product((False, True), repeat=3)))
    return np.where(upper, high, low)


def _half_extent(part: Part) -> tuple[float, float, float]:
    if part.shape in ("capsule", "cylinder"):
        radius, half = part.size
        return radius, radius, half + (radius if part.shape == "capsule" else 0.0)
    return part.size[0], part.size[1], part.size[2]


def _loft(sections: list[tuple[float, float, float, float]]) -> Mesh:
    """Convex hull of upright rectangles: x, half width, lower and upper edge."""
    return _hull([(x, y, z) for x, y, low, high in sections for z in (low, high)])


def _side_pane(outline: list[tuple[float, float]]) -> Mesh:
    """A pane through the whole cabin, a centimetre wider than it, so that it shows on both sides: x, z corners."""
    return _hull([(x, 0.77 - 0.14 * (z - 0.85) / 0.57, z) for x, z in outline])


def _hull(corners: list[tuple[float, float, float]]) -> Mesh:
    """Convex hull of points and of their mirror images across the middle plane of a vehicle."""
    both = [(x, side * y, z) for x, y, z in corners for side in (1, -1)]
    return Mesh(np.array(both), np.zeros((0, 3), np.int32))


def _ring(radius: float, thickness: float, around: int, across: int) -> Mesh:
    """A torus about the z axis."""
    u, v = np.meshgrid(np.arange(around), np.arange(across), indexing="ij")
    a, b = 2 * np.pi * u / around, 2 * np.pi * v / across
    distance = radius + thickness * np.cos(b)
    vertices = np.stack([distance * np.cos(a), distance * np.sin(a), thickness * np.sin(b)], axis=-1).reshape(-1, 3)
    here, right = u * across + v, ((u + 1) % around) * across + v
    up, both = u * across + (v + 1) % across, ((u + 1) % around) * across + (v + 1) % across
    triangles = np.stack([np.stack([here, right, both], -1), np.stack([here, both, up], -1)])
    return Mesh(vertices, triangles.reshape(-1, 3).astype(np.int32))
