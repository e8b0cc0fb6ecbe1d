"""Which proposal wins, against the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mobinet.targets.choice import Weights, best_of_each_cell, choose, cosine_window, size_factors
from mobinet.targets.heads import Cells
from mobinet.targets.settings import TargetSettings
from mobinet.targets.sidecar import SiameseSidecar


def cells_of(scores, sizes=(40.0, 40.0), proposals=1):
    scores = np.asarray(scores, np.float32).reshape(proposals, *np.shape(scores)[-2:])
    boxes = np.zeros((4, *scores.shape), np.float32)
    boxes[2], boxes[3] = sizes
    return Cells(scores, boxes)


@pytest.mark.parametrize(
    ("size", "r", "s"),
    [
        # nothing changes
        ((40, 40), 1, 1),
        # twice as large
        ((80, 80), 1, 2),
        # half
        ((20, 20), 1, 2),
        # twice as wide: s of Li et al. is the root of (w + p)(h + p) with p = (w + h) / 2
        ((80, 40), 2, math.sqrt((80 + 60) * (40 + 60)) / 80),
        # of no size: as if of a pixel
        ((0, 0), 1, 40),
        ((-5, -5), 1, 40),
    ],
)
def test_a_change_of_size_or_shape_costs(size, r, s):
    boxes = np.array((0, 0, *size), np.float32).reshape(4, 1, 1, 1)
    factor = size_factors(boxes, (40.0, 40.0), 0.15)
    assert factor.shape == (1, 1, 1)
    assert factor[0, 0, 0] == pytest.approx(math.exp(-0.15 * (r * s - 1)), rel=1e-4)


def test_the_window_prefers_the_middle():
    scores = np.full((5, 5), 0.9)
    scores[0, 0] = 1.0
    assert choose(cells_of(scores), (40, 40), Weights(0.0, 0.0, 0.3))[0] == (0, 0, 0)
    assert choose(cells_of(scores), (40, 40), Weights(0.0, 0.4, 0.3))[0] == (0, 2, 2)


def test_the_penalty_prefers_the_usual_size():
    cells = cells_of(np.array([[0.9, 0.8]]))
    cells.boxes[2:, 0, 0, 0] = 120
    assert choose(cells, (40, 40), Weights(0.0, 0.0, 0.3))[0] == (0, 0, 0)
    assert choose(cells, (40, 40), Weights(0.15, 0.0, 0.3))[0] == (0, 0, 1)


def test_the_window_is_one_in_the_middle_and_kept():
    window = cosine_window(5, 7)
    assert window.shape == (5, 7)
    assert window[2, 3] == 1
    assert (window[0] == 0).all()
    assert cosine_window(5, 7) is window


def test_of_several_proposals_a_cell_shows_the_best():
    cells = cells_of(np.array([[[0.1, 0.9]], [[0.8, 0.2]]]), proposals=2)
    cells.boxes[0, 1] = 7
    scores, boxes = best_of_each_cell(cells)
    np.testing.assert_allclose(scores, [[0.8, 0.9]])
    np.testing.assert_allclose(boxes[0], [[7, 0]])


def test_settings_come_before_the_sidecar():
    sidecar = SiameseSidecar(penalty=0.1, window=0.2, smoothing=0.3)
    assert Weights.of(sidecar, TargetSettings()) == Weights(0.1, 0.2, 0.3)
    assert Weights.of(sidecar, TargetSettings(penalty=0.0, smoothing=0.5)) == Weights(0.0, 0.2, 0.5)
