"""Searching a region that is larger than what the network was made for.

The same crop at a lower scale would cost no more than one run, but a network knows its target at one size: at half of
it, it sees something else. So the region is searched in tiles at the usual scale (crops, or parts of what a backbone
makes of one large crop). They overlap by half, as a network is trained on targets near the middle of its crop, and each
cell of the joined map is taken from the tile whose middle is nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mobinet.targets.heads import Cells
from mobinet.types import Float32, Float64

Look: TypeAlias = Callable[[Float64], Cells]
"""Proposals of the crop whose middle is this far, ``(2,)`` x and y in pixels of the crop, from the region's."""

_LARGEST_STEP = 0.5


@dataclass(frozen=True)
class Tiling:
    """How a region is covered.

    Args:
        count: tiles a side.
        cells: from tile to tile.
        pixels: likewise, of the crop.
    """

    count: int
    cells: int
    pixels: float

    @classmethod
    def of(cls, widen: float, crop_px: int, cell_px: float, cells: int) -> Tiling:
        """Tiles for a region ``widen`` times a crop, from 1; it grows in steps of whole cells.

        Args:
            widen: width of the region in crops.
            crop_px: side of a crop.
            cell_px: from cell to cell of the network's map.
            cells: a side of that map.
        """
        extra = (max(widen, 1.0) - 1) * crop_px
        largest = min(_LARGEST_STEP * crop_px, cells * cell_px)
        count = 1 + math.ceil(round(extra / largest, 6))
        step = min(round(extra / (count - 1) / cell_px), cells) if count > 1 else 0
        return cls(count, step, step * cell_px)


def search_tiles(look: Look, tiling: Tiling) -> Cells:
    """Proposals of a whole region, in pixels of the crop from its middle."""
    if tiling.count == 1:
        return look(np.zeros(2))
    offsets = (np.arange(tiling.count) - (tiling.count - 1) / 2) * tiling.pixels
    lines = []
    for y in offsets:
        tiles = [_moved(look(np.array((x, y))), x, y) for x in offsets]
        lines.append(_joined(tiles, tiling.cells, 1))
    return _joined(lines, tiling.cells, 0)


def _moved(cells: Cells, x: float, y: float) -> Cells:
    return Cells(cells.scores, cells.boxes + np.array((x, y, 0, 0), np.float32)[:, None, None, None])


def _joined(parts: list[Cells], step: int, axis: int) -> Cells:
    """Maps side by side (axis 1) or one above the other (0)."""
    scores = _join([part.scores for part in parts], step, 1 + axis)
    return Cells(scores, _join([part.boxes for part in parts], step, 2 + axis))


def _join(maps: list[Float32], step: int, axis: int) -> Float32:
    """Maps that begin ``step`` cells apart along an axis as one; where two overlap, each gives its half."""
    length, last = maps[0].shape[axis], len(maps) - 1
    before = (length - step) // 2
    parts = []
    for index, values in enumerate(maps):
        begin, end = before if index else 0, before + step if index < last else length
        parts.append(values[(slice(None),) * axis + (slice(begin, end),)])
    return np.concatenate(parts, axis=axis)
