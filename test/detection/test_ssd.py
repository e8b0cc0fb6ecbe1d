"""The head of single-shot detectors, by hand and with a real network on a face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.detection.base import DetectorSettings
from mobinet.detection.head import Signature
from mobinet.detection.network import NetworkDetector
from mobinet.detection.sidecar import Sidecar
from mobinet.detection.ssd import SsdHead
from mobinet.types import Frame


def test_leaves_out_the_background():
    signature = Signature(100, 200, ("input",), ("scores", "boxes"), ((1, 2, 3), (1, 2, 4)))
    assert SsdHead.recognises(signature)
    scores = np.array([[[0.9, 0.05, 0.05], [0.1, 0.2, 0.7]]], np.float32)
    boxes = np.array([[[0, 0, 1, 1], [0.1, 0.2, 0.5, 0.6]]], np.float32)
    found = SsdHead(signature).decode([scores, boxes])[0]
    np.testing.assert_allclose(found.scores, [0.05, 0.7])
    assert found.class_ids[1] == 1
    np.testing.assert_allclose(found.boxes[1], [20, 20, 100, 60], rtol=1e-5)


def test_does_not_recognise_detr():
    assert not SsdHead.recognises(Signature(64, 64, ("x",), ("logits", "pred_boxes"), ((1, 3, 2), (1, 3, 4))))


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["version-RFB-320", "version-slim-320"])
def test_finds_a_face(data_dir, name):
    # the first frame of the recording is a portrait, 128 x 96; the ground truth is the head
    path = data_dir / "models" / "ulfg_face" / f"{name}.onnx"
    detector = NetworkDetector(path, DetectorSettings(model=str(path)), Sidecar(class_names=("face",)))
    image = cv2.imread(str(data_dir / "sot" / "otb_Girl" / "img" / "0001.jpg"))
    found = detector.detect([Frame(0, "c", image)])[0]
    assert found.class_names == ("face",)
    left, top, width, height = np.loadtxt(
        data_dir / "sot" / "otb_Girl" / "groundtruth_rect.txt", delimiter="\t", max_rows=1
    )
    x1, y1, x2, y2 = found.boxes[0]
    assert left < (x1 + x2) / 2 < left + width
    assert top < (y1 + y2) / 2 < top + height
