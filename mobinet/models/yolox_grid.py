"""Where the cells of a YOLOX network are, and what their outputs say of boxes.

Ge et al., "YOLOX: Exceeding YOLO series in 2021" (arXiv:2107.08430).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mobinet.types import Float32

STRIDES = (8, 16, 32)


class YoloxGrid:
    """The cells of all strides, one after the other, row by row.

    Args:
        height, width: of the network's input, pixels.
        strides: of the grids.
    """

    def __init__(self, height: int, width: int, strides: Sequence[int] = STRIDES) -> None:
        cells, sizes = [], []
        for stride in strides:
            row, column = np.mgrid[: height // stride, : width // stride]
            cells.append(np.stack([column.ravel(), row.ravel()], axis=1))
            sizes.append(np.full((row.size, 1), stride))
        self._cells, self._strides = np.concatenate(cells).astype(np.float32), np.concatenate(sizes).astype(np.float32)

    def __len__(self) -> int:
        return len(self._cells)

    def boxes(self, rows: Float32) -> Float32:
        """``(cells, 4)`` centre and size in pixels, of rows as the network gives them.

        The centre is ``(offset + cell) * stride``, the size ``exp(size) * stride``.
        """
        centre = (rows[:, :2] + self._cells) * self._strides
        with np.errstate(over="ignore"):  # an absurd size becomes infinite, and such boxes are dropped later
            size = np.exp(rows[:, 2:4]) * self._strides
        return np.hstack([centre, size]).astype(np.float32)
