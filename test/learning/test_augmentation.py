"""What is done to training images."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.learning.augmentation import cover, disturb, place_randomly


@pytest.mark.parametrize("seed", range(20))
def test_boxes_follow_their_objects(seed: int):
    image = np.zeros((120, 160, 3), np.uint8)
    image[40:80, 60:90] = 255
    box = np.array([[60, 40, 90, 80]], np.float32)
    placed, moved = place_randomly(image, box, 100, 140, np.random.default_rng(seed))
    assert placed.shape == (100, 140, 3)
    # the frame around the image is grey, up to 200
    rows, columns = np.nonzero((placed > 215).all(axis=2))
    inside = np.clip(moved[0], 0, [140, 100, 140, 100])
    if (inside[2:] - inside[:2] < 4).any():
        return
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(seen, inside, atol=2)


@pytest.mark.parametrize("seed", range(20))
def test_disturbed_images_keep_their_shape(seed: int):
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    before = image.copy()
    disturbed = disturb(image, np.random.default_rng(seed))
    assert disturbed.shape == image.shape
    assert disturbed.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(disturbed, disturb(image, np.random.default_rng(seed)))


def test_covering_hides_a_part():
    image = np.full((100, 100, 3), 255, np.uint8)
    box = np.array([[20, 20, 60, 80]], np.float32)
    for seed in range(20):
        covered = cover(image, box, np.random.default_rng(seed), share=1.0)
        hidden = (covered[20:80, 20:60] < 250).any(axis=2).mean()
        assert 0.05 < hidden < 0.5
    assert (image == 255).all()
    # none is chosen, or it is too small to hide a part of
    assert (cover(image, box, np.random.default_rng(0), share=0.0) == 255).all()
    assert (cover(image, box[:, :] * 0.05, np.random.default_rng(0), share=1.0) == 255).all()
