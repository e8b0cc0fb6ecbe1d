"""Tiny networks for tests: an image input, and outputs that are fixed numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def write_network(
    path: Path,
    outputs: Mapping[str, NDArray],
    *,
    size: tuple[int | str, int | str] = (128, 128),
    batch: int | str = 1,
    channels: int = 3,
    dtype: int = TensorProto.FLOAT,
    metadata: Mapping[str, str] | None = None,
    others: Sequence[onnx.ValueInfoProto] = (),
    image_name: str = "images",
    repeat: bool = True,
) -> Path:
    """Saves a network whose outputs are the given arrays, each (1, ...), repeated over the batch unless told not to."""
    image = helper.make_tensor_value_info(image_name, dtype, [batch, channels, *size])
    nodes = [
        helper.make_node("Shape", [image_name], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["count"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([value], np.int64), name) for name, value in (("zero", 0), ("one", 1))
    ]
    infos = []
    for name, value in outputs.items():
        constants += [
            numpy_helper.from_array(value, f"{name}_value"),
            numpy_helper.from_array(np.ones(value.ndim - 1, np.int64), f"{name}_ones"),
        ]
        count = "count" if repeat else "one"
        nodes += [
            helper.make_node("Concat", [count, f"{name}_ones"], [f"{name}_repeats"], axis=0),
            helper.make_node("Tile", [f"{name}_value", f"{name}_repeats"], [name]),
        ]
        element = helper.np_dtype_to_tensor_dtype(value.dtype)
        infos.append(helper.make_tensor_value_info(name, element, [batch, *value.shape[1:]]))
    graph = helper.make_graph(nodes, "test", [image, *others], infos, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def make_network(tmp_path: Path) -> Callable[..., Path]:
    """``write_network`` into the test's folder: ``make_network(outputs, name="net", ...)``."""

    def make(outputs: Mapping[str, NDArray], name: str = "net", **options: object) -> Path:
        return write_network(tmp_path / f"{name}.onnx", outputs, **options)

    return make
