from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.recordings.cropped import crop_boxes, crop_table
from mobinet.recordings.mot import MotTable

WINDOW = (100, 50, 200, 100)


@pytest.mark.parametrize(
    ("box", "cropped", "fraction"),
    [
        # inside: only moved
        ((120, 60, 140, 100), (20, 10, 40, 50), 1.0),
        # half over the left edge
        ((90, 60, 110, 100), (0, 10, 10, 50), 0.5),
        # over a corner
        ((290, 140, 310, 160), (190, 90, 200, 100), 0.25),
        # larger than the window
        ((0, 0, 400, 200), (0, 0, 200, 100), 0.25),
    ],
)
def test_boxes_are_moved_and_clipped(box, cropped, fraction):
    boxes, fractions = crop_boxes(np.array([box]), WINDOW)
    np.testing.assert_allclose(boxes, [cropped])
    np.testing.assert_allclose(fractions, [fraction])


def test_a_box_outside_has_nothing_visible():
    boxes, fractions = crop_boxes(np.array([[0, 0, 50, 40]]), WINDOW)
    assert fractions[0] == 0
    assert (boxes[0, 2:] - boxes[0, :2]).prod() == 0


def test_boxes_are_scaled_with_the_window():
    boxes, fractions = crop_boxes(np.array([[120, 60, 140, 100]]), WINDOW, size=(400, 300))
    np.testing.assert_allclose(boxes, [[40, 30, 80, 150]])
    np.testing.assert_allclose(fractions, [1.0])


@given(x=st.integers(-100, 500), y=st.integers(-100, 300), w=st.integers(1, 300), h=st.integers(1, 300))
def test_cropped_boxes_lie_in_the_image(x, y, w, h):
    boxes, fractions = crop_boxes(np.array([[x, y, x + w, y + h]]), WINDOW, size=(100, 50))
    assert (boxes >= 0).all()
    assert (boxes <= [100, 50, 100, 50]).all()
    assert 0 <= fractions[0] <= 1 + 1e-6


@pytest.mark.parametrize("window", [(0, 0, 0, 10), (0, 0, 10, -1), (np.nan, 0, 10, 10)])
def test_a_window_without_area_is_refused(window):
    with pytest.raises(InputError, match="a width and height above 0"):
        crop_boxes(np.array([[0, 0, 10, 10]]), window)


def table() -> MotTable:
    """One person who stands still, half hidden in the second frame."""
    boxes = np.tile([40, 10, 60, 50], (2, 1))
    return MotTable(np.array([1, 2]), np.array([7, 7]), boxes, np.ones(2), np.full(2, -1), np.array([1.0, 0.5]))


def test_each_frame_has_its_window():
    cropped = crop_table(table(), [(0, 0, 100, 100), (50, 0, 100, 100)])
    np.testing.assert_allclose(cropped.boxes, [[40, 10, 60, 50], [0, 10, 10, 50]])
    # half hidden and half outside
    np.testing.assert_allclose(cropped.visibility, [1.0, 0.25])
    assert cropped.ids.tolist() == [7, 7]


def test_hardly_visible_boxes_are_left_out():
    windows = [(0, 0, 100, 100), (50, 0, 100, 100)]
    assert crop_table(table(), windows, min_visibility=0.26).frames.tolist() == [1]


def test_boxes_outside_are_left_out_whatever_the_limit():
    windows = [(0, 0, 100, 100), (200, 0, 100, 100)]
    assert crop_table(table(), windows, min_visibility=0.0).frames.tolist() == [1]


def test_a_frame_without_window_is_refused():
    with pytest.raises(InputError, match="one for each of 2 frames, got 1"):
        crop_table(table(), [(0, 0, 100, 100)])
