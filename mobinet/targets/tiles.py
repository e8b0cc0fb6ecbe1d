"""Searching a region that is larger than what the network was made for.

The same crop at a lower scale would cost no more than one run, but a network knows its target at one size: at half of
it, it sees something else. So the region is searched in tiles at the usual scale. They overlap by half, as a network
is trained on targets near the middle of its crop, and each cell of the joined map is taken from the tile whose middle
is nearest.
"""

from __future__ import annotations

import math

import numpy as np

from mobinet.targets.crops import cut, square
from mobinet.targets.heads import Cells, decode
from mobinet.targets.network import Features, SiameseNetwork
from mobinet.types import Float32, Image

_LARGEST_STEP = 0.5


def search_tiles(
    network: SiameseNetwork,
    image: Image,
    template: Features,
    fill: tuple[float, float, float],
    centre: tuple[float, float],
    zoom: float,
    widen: float,
) -> tuple[Cells, float]:
    """Proposals of a region ``widen`` times as wide and high as a crop, and its side in pixels of the crop.

    Args:
        network: what searches.
        image, template, fill: see SiameseMatcher.
        centre: of the region, pixels of the image.
        zoom: pixels of the crop a pixel of the image.
        widen: from 1; the region grows in steps of whole cells.
    """
    size, stride = network.sidecar.search_size, network.sidecar.stride
    count, step = tiling(size, stride, widen)
    rows: list[list[Cells]] = []
    for row in range(count):
        rows.append([])
        for column in range(count):
            offset = (np.array((column, row)) - (count - 1) / 2) * step * stride
            x, y = np.asarray(centre) + offset / zoom
            crop = cut(image, square(x, y, size / zoom), size, fill)
            found = decode(network.kind, network.sidecar, network.search(crop, template))
            if count > 1:
                found.boxes[:2] += offset.astype(np.float32)[:, None, None, None]
            rows[-1].append(found)
    return _joined(rows, step), size + (count - 1) * step * stride


def tiling(size: int, stride: int, widen: float) -> tuple[int, int]:
    """Tiles a side, and cells from tile to tile."""
    extra = (max(widen, 1.0) - 1) * size
    count = 1 + math.ceil(round(extra / (_LARGEST_STEP * size), 6))
    return count, round(extra / (count - 1) / stride) if count > 1 else 0


def _joined(rows: list[list[Cells]], step: int) -> Cells:
    if len(rows) == 1:
        return rows[0][0]
    lines = [
        Cells(_join([tile.scores for tile in row], step, 2), _join([tile.boxes for tile in row], step, 3))
        for row in rows
    ]
    return Cells(_join([line.scores for line in lines], step, 1), _join([line.boxes for line in lines], step, 2))


def _join(maps: list[Float32], step: int, axis: int) -> Float32:
    """Maps that begin ``step`` cells apart along an axis as one; where two overlap, each gives its half."""
    length, last = maps[0].shape[axis], len(maps) - 1
    before = (length - step) // 2
    parts = []
    for index, values in enumerate(maps):
        begin, end = before if index else 0, before + step if index < last else length
        parts.append(values[(slice(None),) * axis + (slice(begin, end),)])
    return np.concatenate(parts, axis=axis)
