"""Tiles cover a region without a gap, and their joined map is that of one large crop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.targets.heads import Cells, places
from mobinet.targets.tiles import Tiling, search_tiles


def look_of(cells: int, cell_px: float):
    """Proposals that tell where they are: the score is a function of the place."""

    def look(offset):
        line = places(cells, cell_px)
        x, y = np.broadcast_arrays(line[None, None, :], line[None, :, None])
        boxes = np.stack((x, y, np.full_like(x, 10), np.full_like(x, 10)))
        scores = np.sin((x + offset[0]) / 50) + np.cos((y + offset[1]) / 70)
        return Cells(scores.astype(np.float32), boxes.astype(np.float32))

    return look


@given(
    widen=st.floats(0.1, 6),
    cells=st.sampled_from([15, 16, 17, 19, 25, 272]),
    crop=st.sampled_from([255, 271, 303]),
)
def test_the_joined_map_is_regular(widen, cells, crop):
    cell_px = 0.5 if cells == 272 else 8 if cells > 16 else 16
    tiling = Tiling.of(widen, crop, cell_px, cells)
    if cells == 272 and tiling.count > 2:
        return
    joined = search_tiles(look_of(cells, cell_px), tiling)
    side = cells + (tiling.count - 1) * tiling.cells
    assert joined.scores.shape == (1, side, side)
    x, y = joined.boxes[0, 0], joined.boxes[1, 0]
    np.testing.assert_allclose(np.diff(x, axis=1), cell_px, atol=1e-3)
    np.testing.assert_allclose(np.diff(y, axis=0), cell_px, atol=1e-3)
    np.testing.assert_allclose(joined.scores[0], np.sin(x / 50) + np.cos(y / 70), atol=1e-4)
    # as wide as asked for, to half a cell a tile
    reached = crop + (tiling.count - 1) * tiling.pixels
    assert reached == pytest.approx(max(widen, 1) * crop, abs=cell_px * tiling.count)
