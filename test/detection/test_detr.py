"""The heads of the DETR families, on numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.detection.detr import DetrHead, DetrSoftmaxHead, RtDetrHead
from mobinet.detection.head import Signature


def pair(classes: int, names=("logits", "pred_boxes"), queries=3) -> Signature:
    return Signature(100, 200, ("pixel_values",), names, ((1, queries, classes), (1, queries, 4)))


BOXES = np.array([[[0.5, 0.5, 0.2, 0.4]] * 3], np.float32)
BOX_PX = [80, 30, 120, 70]


def test_sigmoid():
    # the second query says class 1 with a probability of 0.8
    logits = np.full((1, 3, 80), -20, np.float32)
    logits[0, 1, 1] = np.log(0.8 / 0.2)
    head = DetrHead(pair(80))
    found = head.decode([logits, BOXES])[0]
    np.testing.assert_allclose(found.boxes[1], BOX_PX, rtol=1e-5)
    assert found.scores[1] == pytest.approx(0.8)
    assert (found.class_ids[1], head.class_count) == (1, 80)
    assert found.scores[0] < 1e-6
    assert head.input_format.mean == (0, 0, 0)


def test_softmax_leaves_out_no_object():
    # 92 logits: 91 classes and "no object", which the first query says
    logits = np.zeros((1, 3, 92), np.float32)
    logits[0, 0, 91] = 20
    logits[0, 2, 1] = 20
    head = DetrHead(pair(92))
    found = head.decode([logits, BOXES])[0]
    assert head.class_count == 91
    assert found.scores[0] < 1e-6
    assert (found.scores[2], found.class_ids[2]) == (pytest.approx(1), 1)
    assert head.input_format.mean != (0, 0, 0)


def test_softmax_on_request():
    # one class of its own and "no object"
    head = DetrSoftmaxHead(pair(2))
    found = head.decode([np.array([[[2, 0], [0, 2], [0, 0]]], np.float32), BOXES])[0]
    np.testing.assert_allclose(found.scores, [0.8808, 0.1192, 0.5], atol=1e-4)
    assert head.class_count == 1
    assert not DetrSoftmaxHead.recognises(pair(2))


def test_huge_logits_raise_no_warning():
    logits = np.full((1, 3, 80), 1e30, np.float32)
    assert DetrHead(pair(80)).decode([logits, BOXES])[0].scores.max() == 1


def test_outputs_in_any_order():
    signature = Signature(100, 200, ("input",), ("dets", "labels"), ((1, 3, 4), (1, 3, 91)))
    found = DetrHead(signature).decode([BOXES, np.zeros((1, 3, 91), np.float32)])[0]
    np.testing.assert_allclose(found.boxes[0], BOX_PX, rtol=1e-5)


def test_rtdetr_rows_are_taken_as_they_are():
    shapes = ((1, 2), (1, 2, 4), (1, 2))
    signature = Signature(64, 64, ("images", "orig_target_sizes"), ("labels", "boxes", "scores"), shapes)
    assert RtDetrHead.recognises(signature)
    outputs = [np.array([[7, 0]]), np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]], np.float32), np.array([[0.9, 0.1]])]
    found = RtDetrHead(signature).decode(outputs)[0]
    assert found.class_ids.tolist() == [7, 0]
    assert found.boxes[1].tolist() == [5, 6, 7, 8]
    assert found.scores.dtype == np.float32


@pytest.mark.parametrize(
    ("names", "shapes"),
    [
        # other names could be anything
        (("a", "b"), ((1, 3, 80), (1, 3, 4))),
        # another number of queries
        (("logits", "pred_boxes"), ((1, 3, 80), (1, 4, 4))),
        # no boxes
        (("logits",), ((1, 3, 80),)),
        # boxes with angles
        (("logits", "pred_boxes"), ((1, 3, 80), (1, 3, 5))),
    ],
)
def test_does_not_recognise_other_outputs(names, shapes):
    assert not DetrHead.recognises(Signature(64, 64, ("x",), names, shapes))
    assert not RtDetrHead.recognises(Signature(64, 64, ("x",), names, shapes))
