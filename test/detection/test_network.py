"""Networks as detectors, on tiny ONNX files whose outputs are fixed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from onnx import TensorProto, helper

from mobinet.detection.base import DetectorSettings
from mobinet.detection.network import NetworkDetector
from mobinet.detection.sidecar import Sidecar
from mobinet.errors import InputError, ModelError, SettingsError
from mobinet.types import Frame

SETTINGS = DetectorSettings(model="net.onnx")


def yolo8_output(size=128, classes=80) -> np.ndarray:
    """One person in the middle half of the input."""
    output = np.zeros((1, 4 + classes, sum((size // s) ** 2 for s in (8, 16, 32))), np.float32)
    output[0, :5, 3] = [size / 2, size / 2, size / 2, size / 2, 0.9]
    return output


def frame(height=64, width=64, camera="front") -> Frame:
    return Frame(0, camera, np.zeros((height, width, 3), np.uint8))


@pytest.mark.parametrize("batch", ["n", 1, 2])
def test_frames_of_several_cameras_and_sizes(make_network, batch):
    # dynamic batch, one by one, and pairs of which the last is filled up; boxes are in each image's own pixels
    detector = NetworkDetector(make_network({"output0": yolo8_output()}, batch=batch), SETTINGS)
    frames = [frame(64, 64, "a"), frame(100, 200, "b"), frame(300, 150, "a"), Frame(0, "c", np.zeros((9, 9), np.uint8))]
    found = detector.detect(frames[:3])
    assert [one.class_names for one in found] == [("person",)] * 3
    np.testing.assert_allclose(found[0].boxes, [[16, 16, 48, 48]])
    # letterboxed: the square in the middle of the wide image is as wide as half of its long side, and clipped to it
    np.testing.assert_allclose(found[1].boxes, [[50, 0, 150, 100]])
    np.testing.assert_allclose(found[2].boxes, [[0, 75, 150, 225]])
    # tiny and grey
    np.testing.assert_allclose(detector.detect(frames[3:])[0].boxes, [[2.25, 2.25, 6.75, 6.75]])
    assert detector.detect([]) == []


def test_an_open_batch_that_is_none(make_network):
    # the exporter left the batch of the input open, but the outputs are of one image: run one by one
    path = make_network({"output0": yolo8_output()}, batch="n", repeat=False)
    found = NetworkDetector(path, SETTINGS).detect([frame(), frame(200, 200), frame()])
    assert [len(one) for one in found] == [1, 1, 1]
    np.testing.assert_allclose(found[1].boxes, [[50, 50, 150, 150]])


def test_more_frames_than_one_run_takes(make_network):
    detector = NetworkDetector(make_network({"output0": yolo8_output()}, batch="n"), SETTINGS)
    assert [len(one) for one in detector.detect([frame()] * 40)] == [1] * 40


def test_open_sizes_come_from_the_yaml_file(make_network):
    path = make_network({"output0": yolo8_output(32)}, size=("h", "w"), batch="n")
    path.with_suffix(".yaml").write_text("input_size: [32, 32]\n")
    assert NetworkDetector(path, SETTINGS).head_name == "yolov8"
    # without it 640 x 640, to which these outputs do not belong
    path.with_suffix(".yaml").unlink()
    with pytest.raises(ModelError, match="640 x 640"):
        NetworkDetector(path, SETTINGS)


def test_a_fixed_size_wins_over_the_yaml_file(make_network):
    path = make_network({"output0": yolo8_output()})
    with pytest.raises(ModelError, match=r"input_size \[32, 32\].*128 x 128.*remove input_size"):
        NetworkDetector(path, SETTINGS, Sidecar(input_size=(32, 32)))


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT16, TensorProto.UINT8])
def test_other_input_types(make_network, dtype):
    # half precision, and pixels as they are
    path = make_network({"output0": yolo8_output()}, dtype=dtype)
    detector = NetworkDetector(path, SETTINGS, Sidecar(scale=1.0))
    assert len(detector.detect([frame()])[0]) == 1


def test_class_names_from_metadata(make_network):
    path = make_network({"output0": yolo8_output(classes=2)}, metadata={"names": "{0: 'robot', 1: 'door'}"})
    detector = NetworkDetector(path, SETTINGS)
    assert detector.class_names == ("robot", "door")
    assert detector.detect([frame()])[0].class_names == ("robot",)


def test_rtdetr_is_asked_for_pixels_of_its_input(make_network):
    # labels, boxes and scores of one chair; the second input says the size, and boxes come back in the image's pixels
    sizes = helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2])
    outputs = {
        "labels": np.array([[56]], np.int64),
        "boxes": np.array([[[32, 32, 64, 128]]], np.float32),
        "scores": np.array([[0.8]], np.float32),
    }
    detector = NetworkDetector(make_network(outputs, others=[sizes]), SETTINGS)
    found = detector.detect([frame(640, 320)])[0]
    assert (detector.head_name, found.class_names) == ("rtdetr", ("chair",))
    np.testing.assert_allclose(found.boxes, [[80, 160, 160, 640]])


def test_detr_with_a_pixel_mask(make_network):
    # 92 logits: person is number 1 of COCO's own numbering
    mask = helper.make_tensor_value_info("pixel_mask", TensorProto.INT64, [1, 128, 128])
    logits = np.full((1, 2, 92), -9, np.float32)
    logits[0, 0, 1] = logits[0, 1, 91] = 9
    boxes = np.array([[[0.5, 0.5, 0.5, 0.5]] * 2], np.float32)
    path = make_network({"logits": logits, "pred_boxes": boxes}, others=[mask], image_name="pixel_values")
    found = NetworkDetector(path, SETTINGS).detect([frame(100, 200)])[0]
    assert found.class_names == ("person",)
    np.testing.assert_allclose(found.boxes, [[50, 25, 150, 75]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        # grey input
        ({"channels": 1}, r"expected an image input \(batch, 3, height, width\).*found images.*\(1, 1, 128, 128\)"),
        # double precision
        ({"dtype": TensorProto.DOUBLE}, "float64"),
        # an input that nobody explains
        ({"others": [helper.make_tensor_value_info("prompt", TensorProto.FLOAT, [1, 8])]}, "what is input prompt"),
    ],
)
def test_inputs_that_do_not_fit(make_network, options, message):
    with pytest.raises(ModelError, match=message):
        NetworkDetector(make_network({"output0": yolo8_output()}, **options), SETTINGS)


def test_outputs_that_do_not_fit(make_network):
    with pytest.raises(ModelError, match=r"features \(1, 512\)"):
        NetworkDetector(make_network({"features": np.zeros((1, 512), np.float32)}), SETTINGS)


def test_a_network_that_answers_nonsense(make_network):
    # not a number everywhere: no detections, no warning
    path = make_network({"output0": np.full_like(yolo8_output(), np.nan)})
    assert len(NetworkDetector(path, SETTINGS).detect([frame()])[0]) == 0


def test_settings_change_while_it_runs(make_network):
    detector = NetworkDetector(make_network({"output0": yolo8_output()}), SETTINGS)
    detector.configure(dataclasses.replace(SETTINGS, score_threshold=0.95))
    assert len(detector.detect([frame()])[0]) == 0
    detector.configure(dataclasses.replace(SETTINGS, class_thresholds=("person=0.1",)))
    assert len(detector.detect([frame()])[0]) == 1
    # what is wrong changes nothing
    before = detector.settings
    for wrong in ({"classes": ("persn",)}, {"threads": 2}):
        with pytest.raises(SettingsError):
            detector.configure(dataclasses.replace(before, **wrong))
    assert detector.settings == before
    assert len(detector.detect([frame()])[0]) == 1


@pytest.mark.parametrize("image", [None, np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)])
def test_bad_images(make_network, image):
    with pytest.raises(InputError, match="front"):
        NetworkDetector(make_network({"output0": yolo8_output()}), SETTINGS).detect([Frame(0, "front", image)])
