"""YOLOX (Ge et al., "YOLOX: Exceeding YOLO series in 2021", arXiv:2107.08430), as its own exporter writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.head import Signature, best_class, centre_to_corners
from mobinet.detection.preprocessing import InputFormat
from mobinet.models.yolox_grid import STRIDES, YoloxGrid
from mobinet.types import Float32


class YoloxHead:
    """Output ``(B, cells, 5 + C)``: offset and size of the box in its grid, objectness, classes.

    The centre is ``(offset + cell) * stride``, the size ``exp(size) * stride``, the score objectness times class; both
    are already probabilities. One row a cell of the grids of stride 8, 16 and 32.
    """

    name = "yolox"
    expects = "one output (batch, cells of strides 8, 16 and 32, 5 + classes), boxes relative to their cells"
    overlapping = True

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = signature.output_shapes[0][2] - 5
        self.input_format = InputFormat(signature.height, signature.width, resize="corner", colour="bgr", scale=1.0)
        self._grid = YoloxGrid(signature.height, signature.width)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        if len(signature.output_shapes) != 1 or len(signature.output_shapes[0]) != 3:
            return False
        _, rows, channels = signature.output_shapes[0]
        return channels > 5 and rows == signature.cells(STRIDES)

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        return [self._decode_one(rows.astype(np.float32, copy=False)) for rows in outputs[0]]

    def _decode_one(self, rows: Float32) -> Candidates:
        return best_class(centre_to_corners(self._grid.boxes(rows)), rows[:, 4:5] * rows[:, 5:])
