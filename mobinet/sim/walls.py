"""Walls with doors and windows: solid pieces between the openings, and frames around these."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mobinet.sim.interior import Opening
from mobinet.sim.shapes import Part, Placement, rotation_z
from mobinet.sim.world import Colour, Wall

_FRAME: Colour = (0.86, 0.86, 0.84)
_FRAME_M = 0.05

# textures lie on x and y of a solid: stand it up
_STAND = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

_Piece = tuple[float, float, float, float]
"""Start and end along the wall, bottom and top, metres."""


def wall_parts(wall: Wall) -> tuple[tuple[Part, ...], Placement]:
    """The solids of a wall, in the map."""
    pieces = list(_solid(wall))
    frames = [piece for opening in wall.openings for piece in _frame(opening)]
    parts = [_part(piece, wall.thickness, (1.0, 1.0, 1.0), wall.finish) for piece in pieces]
    parts += [_part(piece, wall.thickness + 0.03, _FRAME, "") for piece in frames]
    centres = [(*wall.point((a + b) / 2), (low + high) / 2) for a, b, low, high in (*pieces, *frames)]
    turn = rotation_z(wall.heading) @ _STAND
    return tuple(parts), Placement(np.array(centres), np.tile(turn, (len(parts), 1, 1)))


def _solid(wall: Wall) -> Iterator[_Piece]:
    start = 0.0
    for opening in wall.openings:
        left, right = opening.middle - opening.width / 2, opening.middle + opening.width / 2
        if left > start:
            yield start, left, 0.0, wall.height
        if opening.bottom > 0:
            yield left, right, 0.0, opening.bottom
        if opening.top < wall.height:
            yield left, right, opening.top, wall.height
        start = right
    if wall.length > start:
        yield start, wall.length, 0.0, wall.height


def _frame(opening: Opening) -> Iterator[_Piece]:
    left, right = opening.middle - opening.width / 2, opening.middle + opening.width / 2
    yield left, left + _FRAME_M, opening.bottom, opening.top
    yield right - _FRAME_M, right, opening.bottom, opening.top
    yield left + _FRAME_M, right - _FRAME_M, opening.top - _FRAME_M, opening.top
    if not opening.is_door:
        yield left + _FRAME_M, right - _FRAME_M, opening.bottom, opening.bottom + _FRAME_M
        yield opening.middle - 0.02, opening.middle + 0.02, opening.bottom + _FRAME_M, opening.top - _FRAME_M


def _part(piece: _Piece, thickness: float, colour: Colour, texture: str) -> Part:
    start, end, bottom, top = piece
    return Part("box", ((end - start) / 2, (top - bottom) / 2, thickness / 2), colour, texture=texture)
