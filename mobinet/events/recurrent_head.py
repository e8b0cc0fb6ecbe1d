"""From the boxes' output of a recurrent network to candidates, in pixels of its input."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from mobinet.models.yolox_grid import YoloxGrid
from mobinet.types import Float32, Int64


class Rows(NamedTuple):
    """Candidates: ``(N, 4)`` centre and size in pixels of the input, ``(N,)`` scores and classes."""

    boxes: Float32
    scores: Float32
    class_ids: Int64


class RecurrentHead(Protocol):
    """Reads one layout of outputs; ``expects`` describes it."""

    expects: str

    def __init__(self, height: int, width: int) -> None: ...

    def class_count(self, shape: tuple[int, ...]) -> int | None:
        """How many classes an output of that shape has; ``None`` if it is no such output."""
        ...

    def read(self, output: Float32) -> Rows: ...


class ScoresHead:
    """``(1, 4 + C, cells)``: centre and size in pixels, scores of the classes; what ``mobinet train`` writes."""

    expects = "(1, 4 + classes, cells): centre and size in pixels, scores"

    def __init__(self, height: int, width: int) -> None: ...

    def class_count(self, shape: tuple[int, ...]) -> int | None:
        return shape[1] - 4 if len(shape) == 3 and shape[0] == 1 and shape[1] > 4 else None

    def read(self, output: Float32) -> Rows:
        rows = output[0].T
        return _best(rows[:, :4], rows[:, 4:])


class YoloxPixelsHead:
    """``(1, cells, 5 + C)``: centre and size in pixels, objectness, classes; as YOLOX decodes them by itself."""

    expects = "(1, cells, 5 + classes): centre and size in pixels, objectness, classes"

    def __init__(self, height: int, width: int) -> None: ...

    def class_count(self, shape: tuple[int, ...]) -> int | None:
        return shape[2] - 5 if len(shape) == 3 and shape[0] == 1 and shape[2] > 5 else None

    def read(self, output: Float32) -> Rows:
        rows = output[0]
        return _best(rows[:, :4], rows[:, 4:5] * rows[:, 5:])


class YoloxHead:
    """``(1, cells, 5 + C)``: as before, but boxes are relative to their cells of strides 8, 16 and 32."""

    expects = "(1, cells of strides 8, 16 and 32, 5 + classes): boxes relative to their cells, objectness, classes"

    def __init__(self, height: int, width: int) -> None:
        self._grid = YoloxGrid(height, width)

    def class_count(self, shape: tuple[int, ...]) -> int | None:
        return shape[2] - 5 if len(shape) == 3 and shape[:2] == (1, len(self._grid)) and shape[2] > 5 else None

    def read(self, output: Float32) -> Rows:
        rows = output[0]
        return _best(self._grid.boxes(rows), rows[:, 4:5] * rows[:, 5:])


HEADS: dict[str, type[RecurrentHead]] = {"scores": ScoresHead, "yolox": YoloxHead, "yolox_pixels": YoloxPixelsHead}


def _best(boxes: Float32, scores: Float32) -> Rows:
    """Each box with its best class."""
    class_ids = scores.argmax(axis=1)
    return Rows(boxes, scores[np.arange(len(boxes)), class_ids], class_ids)
