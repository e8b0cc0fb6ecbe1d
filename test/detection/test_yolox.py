"""YOLOX's head, on numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.detection.head import Signature
from mobinet.detection.yolox import YoloxHead

# 64 x 96: grids of 8 x 12, 4 x 6 and 2 x 3 cells
CELLS = 96 + 24 + 6


def signature(rows=CELLS, channels=7) -> Signature:
    return Signature(64, 96, ("images",), ("output",), ((1, rows, channels),))


@pytest.mark.parametrize(
    ("row", "stride", "column", "line"),
    [
        # the first cell of the first grid
        (0, 8, 0, 0),
        # the last one of it
        (95, 8, 11, 7),
        # second row of the second grid
        (96 + 7, 16, 1, 1),
        # the last cell of all
        (CELLS - 1, 32, 2, 1),
    ],
)
def test_decodes_a_cell(row, stride, column, line):
    # centre a quarter and a half cell in, width of one cell, height of two
    output = np.zeros((1, CELLS, 7), np.float32)
    output[0, row] = [0.25, 0.5, 0.0, np.log(2), 0.8, 0.1, 0.5]
    found = YoloxHead(signature()).decode([output])[0]
    assert int(found.scores.argmax()) == row
    x, y = (column + 0.25) * stride, (line + 0.5) * stride
    np.testing.assert_allclose(found.boxes[row], [x - stride / 2, y - stride, x + stride / 2, y + stride], atol=1e-3)
    assert found.scores[row] == pytest.approx(0.4)
    assert found.class_ids[row] == 1


def test_an_absurd_size_raises_no_warning():
    # exp overflows; the box is dropped where candidates are selected
    output = np.full((1, CELLS, 7), 1000, np.float32)
    assert not np.isfinite(YoloxHead(signature()).decode([output])[0].boxes).all()


def test_wants_pixels_as_they_are_at_the_top_left():
    form = YoloxHead(signature()).input_format
    assert (form.resize, form.colour, form.scale, form.height, form.width) == ("corner", "bgr", 1.0, 64, 96)


@pytest.mark.parametrize(("rows", "channels"), [(CELLS * 3, 7), (CELLS + 1, 7), (CELLS, 5)])
def test_does_not_recognise_other_shapes(rows, channels):
    assert not YoloxHead.recognises(signature(rows, channels))
