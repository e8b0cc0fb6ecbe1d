"""What heads give, as scores and boxes in pixels of the crop from its middle."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.targets.heads import decode, decode_heatmaps, places, probabilities
from mobinet.targets.sidecar import SiameseSidecar


def test_places_of_cells():
    # an even number has its middle at the cell after the half, as networks are trained
    np.testing.assert_array_equal(places(4, 16), [-32, -16, 0, 16])
    np.testing.assert_array_equal(places(3, 8), [-8, 0, 8])
    # each in two: their mean stays
    np.testing.assert_array_equal(places(3, 8, 2), [-10, -6, -2, 2, 6, 10])


def test_distances_of_the_sides():
    distances = np.zeros((1, 4, 2, 2), np.float32)
    # left, top, right, bottom of the cell in the middle
    distances[0, :, 1, 1] = (10, 20, 30, 60)
    cells = decode("distances", SiameseSidecar(), [np.zeros((1, 2, 2, 2), np.float32), distances])
    np.testing.assert_allclose(cells.boxes[:, 0, 1, 1], (10, 20, 40, 80))
    np.testing.assert_allclose(cells.boxes[:, 0, 0, 0], (-16, -16, 0, 0))


def test_offsets_from_anchors():
    sidecar = SiameseSidecar(stride=8, anchor_ratios=(0.33, 0.5, 1.0, 2.0, 3.0), anchor_scales=(8.0,))
    offsets = np.zeros((1, 20, 3, 3), np.float32)
    # channels are dx of all anchors, then dy, dw, dh: the second anchor of the cell right of the middle
    offsets[0, [1, 6, 11, 16], 1, 2] = (0.5, -0.5, np.log(2), 0)
    cells = decode("anchors", sidecar, [offsets, np.zeros((1, 10, 3, 3), np.float32)])
    assert cells.scores.shape == (5, 3, 3)
    # its size as PySOT makes it: width int(sqrt(8 * 8 / .5)) = 11, height int(11 * .5) = 5, times 8
    np.testing.assert_allclose(cells.boxes[:, 1, 1, 2], (8 + 44, -20, 176, 40), rtol=1e-5)
    # (13, 4), (11, 5), (8, 8), (5, 10), (4, 12): the anchors of SiamRPN
    np.testing.assert_allclose(cells.boxes[2:, :, 0, 0].T, np.array([(13, 4), (11, 5), (8, 8), (5, 10), (4, 12)]) * 8)


@pytest.mark.parametrize(
    ("sidecar", "raw", "expected"),
    [
        # two channels: softmax, the second is the target
        ({}, [0.0, np.log(3)], 0.75),
        ({"foreground": 0}, [0.0, np.log(3)], 0.25),
        # one: the logistic function
        ({}, [np.log(3)], 0.75),
        # one that is a probability already, or nearly
        ({"score": "probability"}, [0.4], 0.4),
        ({"score": "probability"}, [1.2], 1.0),
        # two anchors of one channel each
        ({"score": "sigmoid"}, [0.0, np.log(3)], 0.5),
        # far out, without overflow
        ({}, [-1e4, 1e4], 1.0),
    ],
)
def test_scores_are_probabilities(sidecar, raw, expected):
    scores = probabilities(SiameseSidecar(**sidecar), np.array(raw, np.float32).reshape(-1, 1, 1))
    assert scores[0, 0, 0] == pytest.approx(expected, rel=1e-5)


def test_heatmaps_of_several_sizes():
    sidecar = SiameseSidecar(stride=8, scales=(0.5, 1.0, 2.0), enlarge=1)
    maps = [np.full((1, 1, 3, 3), value, np.float32) for value in (0.0, 1.0, 2.0)]
    cells = decode_heatmaps(sidecar, maps, (40, 20))
    assert cells.scores.shape == (3, 3, 3)
    # what is seen in a crop of half the size is half as far away and as large
    np.testing.assert_allclose(cells.boxes[:, :, 0, 2], [(4, 8, 16), (-4, -8, -16), (20, 40, 80), (10, 20, 40)])
    assert (np.diff(cells.scores[:, 0, 0]) > 0).all()
