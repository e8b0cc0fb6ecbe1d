"""Images to network inputs, and boxes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.detection.preprocessing import InputFormat, Placement, prepare

MODES = ("stretch", "letterbox", "corner")


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    target=st.tuples(st.integers(16, 96), st.integers(16, 96)),
    resize=st.sampled_from(MODES),
)
def test_the_image_fills_its_place_exactly(height, width, target, resize):
    # the whole source image comes back from the rectangle that a white image leaves in a black frame
    form = InputFormat(*target, resize=resize, pad=0)
    tensor, placement = prepare(np.full((height, width, 3), 255, np.uint8), form)
    assert tensor.shape == (3, *target)
    rows, columns = np.flatnonzero(tensor[0].any(axis=1)), np.flatnonzero(tensor[0].any(axis=0))
    place = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float32)
    np.testing.assert_allclose(placement.to_source(place), [[0, 0, width, height]], atol=1e-3)


@pytest.mark.parametrize(
    ("resize", "placement"),
    [
        # 200 x 100 into 64 x 64: each side by its own factor
        ("stretch", Placement((0.32, 0.64), (0, 0))),
        # one factor, bars above and below
        ("letterbox", Placement((0.32, 0.32), (0, 16))),
        # one factor, one bar below
        ("corner", Placement((0.32, 0.32), (0, 0))),
    ],
)
def test_places_a_wide_image(resize, placement):
    _, found = prepare(np.zeros((100, 200, 3), np.uint8), InputFormat(64, 64, resize=resize))
    np.testing.assert_allclose(found.scale, placement.scale)
    assert found.offset == placement.offset


def test_values_and_order_of_colours():
    # blue 10, green 20, red 30 of 255; the mean and std are in the network's order
    image = np.empty((32, 32, 3), np.uint8)
    image[:] = (10, 20, 30)
    bgr, _ = prepare(image, InputFormat(32, 32, colour="bgr", scale=1.0))
    np.testing.assert_array_equal(bgr[:, 5, 5], [10, 20, 30])
    rgb, _ = prepare(image, InputFormat(32, 32, colour="rgb", scale=0.1, mean=(1, 2, 3), std=(2, 1, 0.5)))
    np.testing.assert_allclose(rgb[:, 5, 5], [(3 - 1) / 2, 0, (1 - 3) / 0.5], atol=1e-6)
    assert rgb.dtype == np.float32


def test_the_frame_is_grey():
    # the network expects what it was trained with around the image
    tensor, _ = prepare(np.zeros((32, 64, 3), np.uint8), InputFormat(64, 64, scale=1.0))
    assert tensor[0, 0, 0] == 114
    assert tensor[0, 32, 32] == 0


def test_grey_images_and_foreign_memory():
    # grey becomes three equal colours; a strided view is as good as a copy
    grey = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)
    tensor, _ = prepare(grey, InputFormat(64, 64, scale=1.0))
    np.testing.assert_array_equal(tensor, np.repeat(grey[None], 3, axis=0))
    wide = np.random.default_rng(1).integers(0, 255, (64, 128, 3), np.uint8)
    strided, _ = prepare(wide[:, ::2], InputFormat(64, 64))
    copied, _ = prepare(np.ascontiguousarray(wide[:, ::2]), InputFormat(64, 64))
    np.testing.assert_array_equal(strided, copied)


def test_does_not_touch_the_image():
    # the frame goes on to the tracker and the view
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    before = image.copy()
    prepare(image, InputFormat(64, 64, mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2)))
    np.testing.assert_array_equal(image, before)
