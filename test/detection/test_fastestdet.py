"""FastestDet's head, and the real network on real recordings."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.detection import DetectorSettings, make_detector
from mobinet.detection.fastestdet import FastestDetHead
from mobinet.detection.head import Signature
from mobinet.types import Frame


def head(height=32, width=64, classes=2) -> FastestDetHead:
    return FastestDetHead(
        Signature(height, width, ("image",), ("out",), ((1, 5 + classes, height // 16, width // 16),))
    )


def test_decodes_a_cell():
    # objectness .8 and class .5 in cell (row 1, column 2), centre half a cell off, a quarter of the input large
    grid = np.zeros((1, 7, 2, 4), np.float32)
    grid[0, :, 1, 2] = [0.8, np.arctanh(0.5), np.arctanh(-0.5), np.log(1 / 3), np.log(1 / 3), 0.1, 0.5]
    found = head().decode([grid])[0]
    best = int(found.scores.argmax())
    assert best == 1 * 4 + 2
    np.testing.assert_allclose(found.boxes[best], [40 - 8, 8 - 4, 40 + 8, 8 + 4], atol=1e-4)
    assert found.scores[best] == pytest.approx(0.8**0.6 * 0.5**0.4)
    assert found.class_ids[best] == 1


@pytest.mark.parametrize(
    "shape",
    [
        # another stride
        (1, 7, 4, 8),
        # no classes
        (1, 5, 2, 4),
        # flat rows
        (1, 8, 7),
    ],
)
def test_does_not_fit_other_shapes(shape):
    assert not FastestDetHead.recognises(Signature(32, 64, ("image",), ("out",), (shape,)))


@pytest.mark.recordings
def test_finds_the_people_on_campus(data_dir):
    # measured: recall .72, precision .84 at IoU .5 and threshold .65 on every second frame
    model = str(data_dir / "models" / "fastestdet" / "FastestDet.onnx")
    detector = make_detector(DetectorSettings(model=model, score_threshold=0.65, classes=("person",)))
    truth = np.loadtxt(data_dir / "mot" / "TUD-Campus" / "gt.txt", delimiter=",")
    video = cv2.VideoCapture(str(data_dir / "mot" / "TUD-Campus" / "TUD-Campus.mp4"))
    hits = reported = people = 0
    for number in range(1, 72):
        image = video.read()[1]
        if number % 5 != 1:
            continue
        found = detector.detect([Frame(0, "campus", image)])[0]
        rows = truth[truth[:, 0] == number]
        people_boxes = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
        hits += sum(covered(box, found.boxes) for box in people_boxes)
        reported += len(found)
        people += len(rows)
    assert hits / people > 0.65
    assert hits / reported > 0.75


def covered(box, candidates) -> bool:
    """Whether a candidate overlaps the box by half or more."""
    low, high = np.maximum(box[:2], candidates[:, :2]), np.minimum(box[2:], candidates[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(candidates[:, 2:] - candidates[:, :2], axis=1) - both
    return bool((both >= 0.5 * union).any())
