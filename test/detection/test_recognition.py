"""Which family a network belongs to, and the names of its classes."""

from __future__ import annotations

import pytest

from mobinet.detection.coco import COCO_80, COCO_91
from mobinet.detection.head import Signature
from mobinet.detection.recognition import HEADS, class_names_of, head_of
from mobinet.detection.sidecar import Sidecar
from mobinet.errors import ModelError, SettingsError


def signature(outputs: dict[str, tuple[int, ...]], size=(640, 640), metadata=None) -> Signature:
    return Signature(*size, ("images",), tuple(outputs), tuple(outputs.values()), metadata or {})


@pytest.mark.parametrize(
    ("name", "outputs", "size"),
    [
        # what the projects' own exporters write for COCO
        ("fastestdet", {"758": (1, 85, 22, 22)}, (352, 352)),
        ("yolox", {"output": (1, 3549, 85)}, (416, 416)),
        ("yolox", {"output": (1, 8400, 85)}, (640, 640)),
        ("yolov5", {"output0": (1, 25200, 85)}, (640, 640)),
        ("yolov5", {"output0": (1, 15120, 6)}, (384, 640)),
        ("yolov8", {"output0": (1, 84, 8400)}, (640, 640)),
        ("yolov8", {"output0": (1, 5, 8400)}, (640, 640)),
        ("yolo-finished", {"output0": (1, 300, 6)}, (640, 640)),
        ("rtdetr", {"labels": (1, 300), "boxes": (1, 300, 4), "scores": (1, 300)}, (640, 640)),
        ("detr", {"logits": (1, 300, 80), "pred_boxes": (1, 300, 4)}, (640, 640)),
        ("detr", {"logits": (1, 100, 92), "pred_boxes": (1, 100, 4)}, (800, 1066)),
        ("detr", {"dets": (1, 300, 4), "labels": (1, 300, 91)}, (560, 560)),
        ("ssd", {"scores": (1, 4420, 2), "boxes": (1, 4420, 4)}, (240, 320)),
        # one class, one row a cell: YOLOX, though a finished row has six numbers as well
        ("yolox", {"output": (1, 525, 6)}, (160, 160)),
    ],
)
def test_recognises_the_families(tmp_path, name, outputs, size):
    assert head_of(tmp_path / "net.onnx", signature(outputs, size), "").name == name


def test_no_shape_belongs_to_two_families():
    # the order of HEADS matters only where a shape is ambiguous, which is the case above
    for outputs in ({"o": (1, 8400, 85)}, {"o": (1, 25200, 85)}, {"o": (1, 84, 8400)}, {"o": (1, 300, 6)}):
        assert sum(head.recognises(signature(outputs)) for head in HEADS) == 1


def test_the_yaml_file_decides(tmp_path):
    # a YOLOX exported with its decoding has the rows of one without
    head = head_of(tmp_path / "net.onnx", signature({"output": (1, 8400, 85)}), "yolov5")
    assert head.name == "yolov5"


@pytest.mark.parametrize(
    ("outputs", "head", "error", "message"),
    [
        # a classifier
        ({"probabilities": (1, 1000)}, "", ModelError, r"net\.onnx.*probabilities \(1, 1000\).*yolox: one output"),
        # the family that the YAML file names has other outputs
        ({"output": (1, 84, 8400)}, "fastestdet", ModelError, "expects one output.*found.*8400"),
        ({"output": (1, 84, 8400)}, "yolo9000", SettingsError, r"net\.yaml.*'yolo9000'.*yolov8"),
    ],
)
def test_errors(tmp_path, outputs, head, error, message):
    with pytest.raises(error, match=message):
        head_of(tmp_path / "net.onnx", signature(outputs), head)


def test_class_names_by_precedence(tmp_path):
    # YAML file, then metadata, then the file of names, then COCO
    path = tmp_path / "net.onnx"
    silent, speaking = signature({}), signature({}, metadata={"names": "{1: 'b', 0: 'a'}"})
    assert class_names_of(path, Sidecar(), silent, 80) == COCO_80
    assert class_names_of(path, Sidecar(), silent, None) == COCO_80
    assert class_names_of(path, Sidecar(), silent, 91) == COCO_91
    (tmp_path / "net.names").write_text("x\ny \n\n")
    assert class_names_of(path, Sidecar(), silent, 2) == ("x", "y")
    assert class_names_of(path, Sidecar(), speaking, 2) == ("a", "b")
    assert class_names_of(path, Sidecar(class_names=("p", "q")), speaking, 2) == ("p", "q")
    assert class_names_of(path, Sidecar(), signature({}, metadata={"names": "['a', 'b']"}), 2) == ("a", "b")


@pytest.mark.parametrize(
    ("sidecar", "metadata", "count", "message"),
    [
        # nobody says what they are
        (Sidecar(), {}, 3, "3 classes without names.*class_names"),
        # another number
        (Sidecar(class_names=("a",)), {}, 3, "3 classes.*1 names"),
        (Sidecar(), {"names": "{0: 'a', 2: 'b'}"}, 2, "metadata 'names'"),
        (Sidecar(), {"names": "__import__('os')"}, 2, "metadata 'names'"),
    ],
)
def test_class_name_errors(tmp_path, sidecar, metadata, count, message):
    with pytest.raises(ModelError, match=message):
        class_names_of(tmp_path / "net.onnx", sidecar, signature({}, metadata=metadata), count)


def test_coco_numbers():
    # spot checks against the data set's own numbering
    assert (len(COCO_80), len(set(COCO_80)), len(COCO_91)) == (80, 80, 91)
    assert [COCO_91[i] for i in (0, 1, 11, 13, 90)] == ["", "person", "fire hydrant", "stop sign", "toothbrush"]
    assert [COCO_91[i] for i in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)] == [""] * 10
