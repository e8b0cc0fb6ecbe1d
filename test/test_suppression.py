"""Non-maximum suppression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mobinet.suppression import MAX_CANDIDATES, suppress


@pytest.mark.parametrize(
    ("boxes", "scores", "classes", "iou", "kept"),
    [
        # nothing in, nothing out
        ([], [], [], 0.5, []),
        # the better of two equal boxes stays
        ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.5, 0.9], [0, 0], 0.5, [1]),
        # equal boxes of two classes do not compete
        ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.5, 0.9], [0, 1], 0.5, [1, 0]),
        # an overlap of exactly the threshold (1/3) stays
        ([[0, 0, 10, 10], [5, 0, 15, 10]], [0.9, 0.5], [0, 0], 1 / 3, [0, 1]),
        # and just above it goes
        ([[0, 0, 10, 10], [5, 0, 15, 10]], [0.9, 0.5], [0, 0], 0.33, [0]),
        # a box that only a suppressed box overlaps stays
        ([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], [0.9, 0.8, 0.7], [0, 0, 0], 0.3, [0, 2]),
        # touching boxes do not overlap
        ([[0, 0, 10, 10], [10, 0, 20, 10]], [0.9, 0.8], [0, 0], 0.0, [0, 1]),
    ],
)
def test_keeps_the_best_of_each_group(boxes, scores, classes, iou, kept):
    result = suppress(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.array(classes, np.int64), iou
    )
    assert result.tolist() == kept


@given(data=st.data(), count=st.integers(0, 30), iou=st.floats(0, 1))
def test_survivors_do_not_overlap_and_the_rest_does(data, count, iou):
    # every box that went has a better one of its class, above the threshold, among those that stayed
    corners = data.draw(hnp.arrays(np.float32, (count, 2), elements=st.integers(0, 40).map(float)))
    sides = data.draw(hnp.arrays(np.float32, (count, 2), elements=st.integers(1, 20).map(float)))
    scores = data.draw(hnp.arrays(np.float32, count, elements=st.integers(0, 8).map(lambda n: n / 8)))
    classes = data.draw(hnp.arrays(np.int64, count, elements=st.integers(0, 1)))
    boxes = np.hstack([corners, corners + sides])
    kept = suppress(boxes, scores, classes, iou).tolist()
    assert sorted(scores[kept], reverse=True) == scores[kept].tolist()
    for index in range(count):
        beaten = [
            k for k in kept if k != index and classes[k] == classes[index] and overlap(boxes[k], boxes[index]) > iou
        ]
        if index in kept:
            assert not beaten
        else:
            assert max(scores[beaten]) >= scores[index]


def test_takes_no_more_than_the_best_candidates():
    # a network gone mad must not stop the frame: only the best boxes are looked at
    count = MAX_CANDIDATES + 100
    left = np.arange(count, dtype=np.float32) * 10
    boxes = np.stack([left, left * 0, left + 5, left * 0 + 5], axis=1)
    kept = suppress(boxes, np.linspace(0, 1, count, dtype=np.float32), np.zeros(count, np.int64), 0.5)
    assert len(kept) == MAX_CANDIDATES
    assert kept[0] == count - 1


def overlap(a, b) -> float:
    """Intersection over union, one pair at a time."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = float(width * height)
    return both / (float((a[2] - a[0]) * (a[3] - a[1])) + float((b[2] - b[0]) * (b[3] - b[1])) - both)
