"""Solids that are no primitive: convex hulls and a ring. Vertices in metres, faces as triples of vertex numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float64


class Mesh(NamedTuple):
    """``vertices`` ``(V, 3)``; ``faces`` ``(F, 3)``, empty for the convex hull of the vertices."""

    vertices: Float64
    faces: NDArray[np.int32]


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
        "car_glass": _loft(
            [(-1.75, 0.76, 0.85, 0.9), (-1.05, 0.62, 0.85, 1.38), (0.3, 0.62, 0.85, 1.40), (1.05, 0.76, 0.84, 0.88)]
        ),
        "car_roof": _loft([(-1.10, 0.60, 1.36, 1.40), (-0.6, 0.61, 1.36, 1.45), (0.34, 0.61, 1.36, 1.42)]),
        "ring": _ring(0.315, 0.025, 24, 6),
    }


def _loft(sections: list[tuple[float, float, float, float]]) -> Mesh:
    """Convex hull of upright rectangles: x, half width, lower and upper edge."""
    corners = [(x, side * y, z) for x, y, low, high in sections for side in (1, -1) for z in (low, high)]
    return Mesh(np.array(corners), np.zeros((0, 3), np.int32))


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
