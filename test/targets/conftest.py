"""Tiny siamese networks for tests, which know their target by its colour, and images for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

STRIDE = 16
"""Of the networks; a crop of 255 gives 16 cells a side, one of 127 gives 8."""


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _constant(name: str, values: object, dtype: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype), name)


def _pooling(image: str, result: str) -> onnx.NodeProto:
    """Mean colour of 16 x 16 pixels about every 16th."""
    sides = {"kernel_shape": [STRIDE, STRIDE], "strides": [STRIDE, STRIDE], "pads": [8, 8, 7, 7]}
    return helper.make_node("AveragePool", [image], [result], **sides)


def _comparison(template: str, seen: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """``alike (1, 1, H, W)``: from 5 where the colour is that in the template's middle, down to far below 0."""
    nodes = [
        helper.make_node("Slice", [template, "from", "to", "axes"], ["middle"]),
        helper.make_node("GlobalAveragePool", ["middle"], ["colour"]),
        helper.make_node("Sub", [seen, "colour"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("ReduceSum", ["distance", "channel"], ["distances"], keepdims=1),
        helper.make_node("Mul", ["distances", "steepness"], ["scaled"]),
        helper.make_node("Add", ["scaled", "best"], ["alike"]),
    ]
    constants = [
        _constant("from", [4, 4], np.int64),
        _constant("to", [5, 5], np.int64),
        _constant("axes", [2, 3], np.int64),
        _constant("channel", [1], np.int64),
        _constant("steepness", -0.02),
        _constant("best", 5.0),
    ]
    return nodes, constants


def _outputs(anchors: int, two: bool, boxes: float | None) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """``score`` of so many anchors, of one or two channels each, and ``box`` of four numbers each, all ``boxes``."""
    nodes = [helper.make_node("Mul", ["alike", "zero"], ["nothing"])]
    background = ["nothing"] * anchors if two else []
    nodes.append(helper.make_node("Concat", [*background, *["alike"] * anchors], ["score"], axis=1))
    if boxes is not None:
        nodes.append(helper.make_node("Add", ["nothing", "side"], ["sides"]))
        nodes.append(helper.make_node("Concat", ["sides"] * 4 * anchors, ["box"], axis=1))
    return nodes, [_constant("zero", 0.0), _constant("side", boxes or 0.0)]


def _save(path: Path, inputs: dict, outputs: dict, nodes: list, constants: list) -> Path:
    graph = helper.make_graph(
        nodes,
        "test",
        [_value(name, shape) for name, shape in inputs.items()],
        [_value(name, shape) for name, shape in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def colour_network(tmp_path: Path) -> Callable[..., Path]:
    """``colour_network(layout="pair", anchors=1, two=True, boxes=32.0, **sidecar)`` writes one, and gives its path.

    Layouts: ``pair`` (backbone and head), ``single`` (one file that takes both crops), ``describer`` (a network of the
    template, and one that takes what it makes and the searched crop).
    """

    def write(
        layout: str = "pair", anchors: int = 1, two: bool = True, boxes: float | None = 32.0, **sidecar: object
    ) -> Path:
        first, second = {"pair": ("z", "x"), "single": ("z_pool", "x_pool"), "describer": ("z", "x_pool")}[layout]
        nodes, constants = _comparison(first, second)
        ends, more = _outputs(anchors, two, boxes)
        outputs = {"score": [1, "c", "h", "w"]} | ({"box": [1, "b", "h", "w"]} if boxes is not None else {})
        pooled = {"z": [_pooling("z", "z_pool")], "x": [_pooling("x", "x_pool")]}
        maps, crops = {"z": [1, 3, 8, 8], "x": [1, 3, 16, 16]}, {"z": [1, 3, 127, 127], "x": [1, 3, 255, 255]}
        inputs = {
            "pair": maps,
            "single": crops,
            "describer": {"x": crops["x"], "z": ["n", 3, 8, 8]},
        }[layout]
        starts = [*pooled["z"], *pooled["x"]] if layout == "single" else pooled["x"] if layout == "describer" else []
        head = "net.onnx" if layout == "single" else "head.onnx"
        _save(tmp_path / head, inputs, outputs, [*starts, *nodes, *ends], [*constants, *more])
        if layout != "single":
            # with the size of the searched crop written into the file, as networks are published
            _save(
                tmp_path / "net.onnx", {"image": [1, 3, 255, 255]}, {"map": [1, 3, 16, 16]},
                [_pooling("image", "map")], [],
            )  # fmt: skip
            sidecar = {"head": "head.onnx", **sidecar}
        (tmp_path / "net.yaml").write_text(yaml.safe_dump(sidecar), encoding="utf-8")
        return tmp_path / "net.onnx"

    return write


@pytest.fixture
def scene() -> Callable[..., np.ndarray]:
    """``scene(x, y, size=12, shape=(240, 320))``: a red square about a place on noisy green ground."""

    def draw(x: float, y: float, size: int = 12, shape: tuple[int, int] = (240, 320)) -> np.ndarray:
        image = np.random.default_rng(0).integers(0, 40, (*shape, 3), np.uint8)
        image[..., 1] += 120
        left, top = round(x - size / 2), round(y - size / 2)
        image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = (20, 20, 230)
        return image

    return draw
