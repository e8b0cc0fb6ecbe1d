"""Furniture made of boxes: the parts of each kind, x the way that the front faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mobinet.sim.interior import SEAT_HEIGHT_M, Furniture
from mobinet.sim.shapes import Part, Placement, rotation_z
from mobinet.sim.world import Colour

_DARK: Colour = (0.16, 0.16, 0.17)
_WHITE: Colour = (0.90, 0.90, 0.88)
_LEG_M = 0.05
_BOARD_M = 0.03
_LEDGE_FROM_M = 1.0

_Block = tuple[tuple[float, float, float], tuple[float, float, float], Colour, str]
"""Full size and centre of a box above the ground, its colour and texture."""


def furniture_parts(piece: Furniture) -> tuple[tuple[Part, ...], Placement]:
    """The solids of a piece of furniture, in the map."""
    parts, centres = [], []
    for size, centre, colour, texture in _BUILDERS[piece.kind](piece):
        parts.append(Part("box", (size[0] / 2, size[1] / 2, size[2] / 2), colour, texture=texture))
        centres.append(centre)
    turn = rotation_z(piece.heading)
    positions = np.array(centres) @ turn.T + np.array([*piece.at, piece.bottom])
    return tuple(parts), Placement(positions, np.tile(turn, (len(parts), 1, 1)))


def _texture(piece: Furniture) -> str:
    return "" if piece.finish == "plain" else piece.finish


def _shaded(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def _box(piece: Furniture) -> list[_Block]:
    """A cupboard: a body on a dark base, its door a shade lighter and standing out a little."""
    x, y, z = piece.size
    texture = _texture(piece)
    body: _Block = ((x, y, z - 0.08), (0.0, 0.0, 0.08 + (z - 0.08) / 2), piece.colour, texture)
    base: _Block = ((x - 0.06, y - 0.06, 0.08), (0.0, 0.0, 0.04), _DARK, "")
    front = _shaded(piece.colour, 0.92)
    doors: list[_Block] = [
        ((0.03, y / 2 - 0.02, z - 0.14), (x / 2, side * y / 4, 0.08 + (z - 0.08) / 2), front, texture)
        for side in (1, -1)
    ]
    return [body, base, *doors]


def _table(piece: Furniture) -> list[_Block]:
    x, y, z = piece.size
    legs: list[_Block] = [
        ((_LEG_M, _LEG_M, z - 0.04), (a * (x / 2 - 0.06), b * (y / 2 - 0.06), (z - 0.04) / 2), _DARK, "")
        for a in (1, -1)
        for b in (1, -1)
    ]
    return [((x, y, 0.04), (0.0, 0.0, z - 0.02), piece.colour, _texture(piece)), *legs]


def _chair(piece: Furniture) -> list[_Block]:
    x, y, z = piece.size
    texture = _texture(piece)
    return [
        ((x, y, 0.05), (0.0, 0.0, SEAT_HEIGHT_M - 0.025), piece.colour, texture),
        (
            (0.04, y, z - SEAT_HEIGHT_M - 0.1),
            (-x / 2 + 0.02, 0.0, (z + SEAT_HEIGHT_M + 0.1) / 2),
            piece.colour,
            texture,
        ),
        ((x - 0.1, 0.03, SEAT_HEIGHT_M), (0.0, y / 2 - 0.03, SEAT_HEIGHT_M / 2), _DARK, ""),
        ((x - 0.1, 0.03, SEAT_HEIGHT_M), (0.0, -y / 2 + 0.03, SEAT_HEIGHT_M / 2), _DARK, ""),
    ]


def _sofa(piece: Furniture) -> list[_Block]:
    x, y, z = piece.size
    texture, dark = _texture(piece), _shaded(piece.colour, 0.85)
    arms: list[_Block] = [((x, 0.18, 0.6), (0.0, side * (y / 2 - 0.09), 0.3), dark, texture) for side in (1, -1)]
    return [
        ((x - 0.02, y - 0.36, 0.3), (0.0, 0.0, 0.17), dark, texture),
        ((x - 0.25, y - 0.37, 0.14), (0.12, 0.0, SEAT_HEIGHT_M - 0.07), piece.colour, texture),
        ((0.25, y - 0.37, z - 0.3), (-x / 2 + 0.13, 0.0, 0.3 + (z - 0.3) / 2), piece.colour, texture),
        *arms,
    ]


def _bed(piece: Furniture) -> list[_Block]:
    """Its head is at the back."""
    x, y, z = piece.size
    return [
        ((x, y, 0.3), (0.0, 0.0, 0.15), _shaded((0.74, 0.56, 0.38), 0.9), "wood"),
        ((x - 0.06, y - 0.06, z - 0.3), (0.0, 0.0, 0.3 + (z - 0.3) / 2), _WHITE, "fabric"),
        ((0.65 * x, y, 0.06), (0.17 * x, 0.0, z + 0.01), piece.colour, _texture(piece)),
        ((0.4, 0.7 * y, 0.12), (-x / 2 + 0.3, 0.0, z + 0.04), _WHITE, "fabric"),
        ((0.05, y, z + 0.35), (-x / 2 - 0.02, 0.0, (z + 0.35) / 2), _shaded((0.74, 0.56, 0.38), 0.9), "wood"),
    ]


def _shelf(piece: Furniture) -> list[_Block]:
    """Boards with books on all but the topmost."""
    x, y, z = piece.size
    texture = _texture(piece)
    levels = max(round(z / 0.38), 1)
    step = (z - _BOARD_M) / levels
    sides: list[_Block] = [
        ((x, _BOARD_M, z), (0.0, side * (y - _BOARD_M) / 2, z / 2), piece.colour, texture) for side in (1, -1)
    ]
    back: _Block = ((0.02, y - 0.02, z), (-x / 2 + 0.01, 0.0, z / 2), _shaded(piece.colour, 0.8), texture)
    boards: list[_Block] = [
        ((x, y - 0.02, _BOARD_M), (0.0, 0.0, level * step + _BOARD_M / 2), piece.colour, texture)
        for level in range(levels + 1)
    ]
    books: list[_Block] = [
        ((x - 0.1, 0.72 * y, 0.24), (-0.02, (-1) ** level * 0.1 * y, level * step + _BOARD_M + 0.12), _WHITE, "books")
        for level in range(levels)
    ]
    return [*sides, back, *boards, *books]


def _board(piece: Furniture) -> list[_Block]:
    """A board to write on, in a frame, with a ledge if it is a large one; small ones are pictures."""
    x, y, z = piece.size
    frame: _Block = ((0.6 * x, y + 0.08, z + 0.08), (-0.2 * x, 0.0, z / 2), (0.62, 0.62, 0.62), "")
    board: _Block = ((x, y, z), (0.0, 0.0, z / 2), piece.colour, _texture(piece))
    ledge: _Block = ((x + 0.08, 0.6 * y, 0.03), (0.04, 0.0, -0.05), (0.62, 0.62, 0.62), "")
    return [frame, board, ledge] if z >= _LEDGE_FROM_M else [frame, board]


_BUILDERS: Mapping[str, Callable[[Furniture], list[_Block]]] = {
    "box": _box,
    "table": _table,
    "chair": _chair,
    "sofa": _sofa,
    "bed": _bed,
    "shelf": _shelf,
    "board": _board,
}
