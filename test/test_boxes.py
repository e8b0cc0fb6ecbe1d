from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.boxes import cxcywh_to_xyxy, iou_matrix, xyxy_to_cxcywh


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # the same box
        ([0, 0, 10, 10], [0, 0, 10, 10], 1.0),
        # half of each
        ([0, 0, 10, 10], [5, 0, 15, 10], 50 / 150),
        # one inside the other
        ([0, 0, 10, 10], [2, 2, 7, 7], 0.25),
        # edges touch
        ([0, 0, 10, 10], [10, 0, 20, 10], 0.0),
        # apart in both directions: the negative sides must not multiply to an overlap
        ([0, 0, 10, 10], [20, 20, 30, 30], 0.0),
    ],
)
def test_iou(first, second, expected):
    assert iou_matrix(np.array([first]), np.array([second]))[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (3, 0)])
def test_iou_of_nothing(shape):
    first, second = (np.tile([0.0, 0.0, 1.0, 1.0], (count, 1)) for count in shape)
    assert iou_matrix(first, second).shape == shape


@given(x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4), w=st.floats(1, 1e4), h=st.floats(1, 1e4))
def test_formats_convert_back(x, y, w, h):
    box = np.array([[x, y, x + w, y + h]])
    np.testing.assert_allclose(cxcywh_to_xyxy(xyxy_to_cxcywh(box)), box, atol=1e-9)


def test_centre_and_size():
    np.testing.assert_array_equal(xyxy_to_cxcywh(np.array([[10, 20, 30, 80]])), [[20, 50, 20, 60]])
