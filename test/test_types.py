"""Records check what they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.types import Detections, Frame

GOOD = [0.0, 0.0, 10.0, 10.0]


def make(boxes, scores=None, names=None):
    boxes = np.array(boxes, np.float32)
    scores = np.full(len(boxes), 0.5, np.float32) if scores is None else np.array(scores, np.float32)
    return Detections(boxes, scores, names if names is not None else ("person",) * len(boxes))


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ([0, 0, 0, 10], "box 1"),  # no width
        ([0, 10, 10, 5], "box 1"),  # inverted
        ([0, 0, float("nan"), 5], "box 1"),
        ([0, 0, float("inf"), 5], "box 1"),
    ],
)
def test_unsound_box_is_named(bad, named):
    with pytest.raises(InputError, match=named):
        make([GOOD, bad])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([[0, 0, 1]],), r"shape \(N, 4\)"),
        (([GOOD], [0.5, 0.5]), "disagree in length"),
        (([GOOD], [1.5]), "scores"),
        (([GOOD], [float("nan")]), "scores"),
        (([GOOD], None, ()), "disagree in length"),
    ],
)
def test_detections_that_disagree(arguments, named):
    with pytest.raises(InputError, match=named):
        make(*arguments)


@pytest.mark.parametrize("index", [np.array([True, False, True]), [0, 2], slice(0, 3, 2)])
def test_selection(index):
    chosen = make([GOOD, [1, 1, 5, 5], [2, 2, 9, 9]], [0.1, 0.2, 0.3], ("a", "b", "c"))[index]
    assert chosen.class_names == ("a", "c")
    np.testing.assert_allclose(chosen.scores, [0.1, 0.3])


@pytest.mark.parametrize(
    ("image", "named"),
    [
        (None, "has none"),
        (np.zeros((4, 4), np.float32), "float32"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), "empty"),
    ],
)
def test_frame_without_usable_pixels(image, named):
    with pytest.raises(InputError, match=named) as caught:
        Frame(0, "front", image).require_image()
    assert "front" in str(caught.value)
