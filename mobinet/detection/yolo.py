"""The layouts of the YOLO v5 to v11 families: boxes in pixels of the input, whatever the network inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.head import Signature, best_class, centre_to_corners
from mobinet.detection.preprocessing import InputFormat

_GRIDS = ((8, 16, 32), (8, 16, 32, 64))
_ANCHORS = 3
# Networks that pick their boxes themselves give at most this many.
_MOST_FINISHED = 1000


class Yolo5Head:
    """Output ``(B, N, 5 + C)``: centre, size, objectness, classes; the score is objectness times class.

    Also v7, and with ``head: yolov5`` in the YAML file v6 and a YOLOX that was exported with its decoding, whose N is
    that of a plain YOLOX.
    """

    name = "yolov5"
    expects = "one output (batch, boxes, 5 + classes), boxes as centre and size in pixels of the input"
    overlapping = True

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = signature.output_shapes[0][2] - 5
        self.input_format = InputFormat(signature.height, signature.width)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        shapes = signature.output_shapes
        return len(shapes) > 0 and len(shapes[0]) == 3 and shapes[0][2] > 5

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature) and signature.output_shapes[0][1] in {_ANCHORS * signature.cells(g) for g in _GRIDS}

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        return [
            best_class(centre_to_corners(rows[:, :4]), rows[:, 4:5] * rows[:, 5:])
            for rows in outputs[0].astype(np.float32, copy=False)
        ]


class Yolo8Head:
    """Output ``(B, 4 + C, cells)``: centre, size, classes; no objectness. Also v9 and v11."""

    name = "yolov8"
    expects = "one output (batch, 4 + classes, boxes), boxes as centre and size in pixels of the input"
    overlapping = True

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = signature.output_shapes[0][1] - 4
        self.input_format = InputFormat(signature.height, signature.width)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        shapes = signature.output_shapes
        return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][1] > 4

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature) and signature.output_shapes[0][2] in {signature.cells(grid) for grid in _GRIDS}

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        return [
            best_class(centre_to_corners(columns.T[:, :4]), columns.T[:, 4:])
            for columns in outputs[0].astype(np.float32, copy=False)
        ]


class YoloFinishedHead:
    """Output ``(B, N, 6)``: corners, score, class id, one row an object (v10, and exports with suppression inside)."""

    name = "yolo-finished"
    expects = "one output (batch, at most 1000 objects, 6), rows of x1, y1, x2, y2, score, class id"
    overlapping = False

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = None
        self.input_format = InputFormat(signature.height, signature.width)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        shapes = signature.output_shapes
        return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][1] <= _MOST_FINISHED and shapes[0][2] == 6

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        return [
            Candidates(rows[:, :4], rows[:, 4], np.nan_to_num(rows[:, 5]).astype(np.int64))
            for rows in outputs[0].astype(np.float32, copy=False)
        ]
