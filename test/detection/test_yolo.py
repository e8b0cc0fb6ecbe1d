"""The heads of the YOLO v5, v8 and v10 layouts, on numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.detection.head import Signature
from mobinet.detection.yolo import Yolo5Head, Yolo8Head, YoloFinishedHead

# 64 x 64: grids of 8 x 8, 4 x 4 and 2 x 2 cells
CELLS = 64 + 16 + 4


def signature(*shape: int) -> Signature:
    return Signature(64, 64, ("images",), ("output0",), (shape,))


def test_v5_multiplies_objectness_and_class():
    output = np.zeros((2, 3 * CELLS, 7), np.float32)
    output[1, 10] = [30, 20, 10, 8, 0.5, 0.2, 0.8]
    found = Yolo5Head(signature(2, 3 * CELLS, 7)).decode([output])
    assert [len(one.scores) for one in found] == [3 * CELLS] * 2
    np.testing.assert_allclose(found[1].boxes[10], [25, 16, 35, 24])
    assert found[1].scores[10] == pytest.approx(0.4)
    assert found[1].class_ids[10] == 1
    assert found[0].scores.max() == 0


def test_v8_has_channels_first():
    output = np.zeros((1, 7, CELLS), np.float32)
    output[0, :, 10] = [30, 20, 10, 8, 0.2, 0.1, 0.7]
    head = Yolo8Head(signature(1, 7, CELLS))
    found = head.decode([output])[0]
    np.testing.assert_allclose(found.boxes[10], [25, 16, 35, 24])
    assert found.scores[10] == pytest.approx(0.7)
    assert (found.class_ids[10], head.class_count) == (2, 3)


def test_finished_rows_are_taken_as_they_are():
    output = np.array([[[1, 2, 3, 4, 0.9, 2], [0, 0, 0, 0, 0, np.nan]]], np.float32)
    found = YoloFinishedHead(signature(1, 2, 6)).decode([output])[0]
    assert found.boxes[0].tolist() == [1, 2, 3, 4]
    assert found.class_ids.tolist() == [2, 0]


def test_half_precision_outputs():
    # summed and compared in single precision
    output = np.zeros((1, 7, CELLS), np.float16)
    assert Yolo8Head(signature(1, 7, CELLS)).decode([output])[0].boxes.dtype == np.float32


@pytest.mark.parametrize(
    ("head", "shape", "recognised"),
    [
        # three anchors a cell
        (Yolo5Head, (1, 3 * CELLS, 85), True),
        # with a fourth grid of one cell
        (Yolo5Head, (1, 3 * (CELLS + 1), 85), True),
        # one box a cell is YOLOX's layout
        (Yolo5Head, (1, CELLS, 85), False),
        (Yolo8Head, (1, 84, CELLS), True),
        (Yolo8Head, (1, 84, CELLS + 1), True),
        (Yolo8Head, (1, CELLS, 60), False),
        # four numbers and no class
        (Yolo8Head, (1, 4, CELLS), False),
        (YoloFinishedHead, (1, 300, 6), True),
        (YoloFinishedHead, (1, 300, 7), False),
        # too many to be finished
        (YoloFinishedHead, (1, 8400, 6), False),
    ],
)
def test_recognises_by_shape(head, shape, recognised):
    assert head.recognises(signature(*shape)) is recognised
