"""FastestDet: one grid, one box a cell (github.com/dog-qiuqiu/FastestDet)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.head import Signature, best_class, centre_to_corners
from mobinet.detection.preprocessing import InputFormat

_STRIDE = 16


class FastestDetHead:
    """Output ``(B, 5 + C, H / 16, W / 16)``: objectness, then offset and size of the box, then the classes.

    The centre is at ``column + tanh(tx), row + tanh(ty)`` cells, the size is ``sigmoid(tw), sigmoid(th)`` of the
    input; the score is ``objectness ** 0.6 * class ** 0.4``.
    """

    name = "fastestdet"
    expects = "one output (batch, 5 + classes, height / 16, width / 16)"
    overlapping = True

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = signature.output_shapes[0][1] - 5
        self.input_format = InputFormat(signature.height, signature.width, resize="stretch", colour="bgr")

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        if len(signature.output_shapes) != 1 or len(signature.output_shapes[0]) != 4:
            return False
        _, channels, rows, columns = signature.output_shapes[0]
        return channels > 5 and (rows, columns) == (signature.height // _STRIDE, signature.width // _STRIDE)

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        return [self._decode_one(grid.astype(np.float32, copy=False)) for grid in outputs[0]]

    def _decode_one(self, grid: NDArray[np.float32]) -> Candidates:
        channels, rows, columns = grid.shape
        cells = grid.reshape(channels, -1).T
        row, column = np.divmod(np.arange(rows * columns, dtype=np.int64), columns)
        centre = (np.tanh(cells[:, 1:3]) + np.stack([column, row], axis=1)) / (columns, rows)
        size = 1 / (1 + np.exp(-cells[:, 3:5]))
        whole = np.array([self.input_format.width, self.input_format.height] * 2, np.float32)
        boxes = centre_to_corners(np.hstack([centre, size]).astype(np.float32)) * whole
        best = best_class(boxes, cells[:, 5:])
        scores = np.clip(cells[:, 0], 0, None) ** 0.6 * np.clip(best.scores, 0, None) ** 0.4
        return Candidates(boxes, scores, best.class_ids)
