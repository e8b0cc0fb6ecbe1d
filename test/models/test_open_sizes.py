"""Height and width of images are opened, and nothing else of a file changes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobinet.errors import ModelError
from mobinet.models.open_sizes import open_sizes
from mobinet.models.session import load_session


@pytest.fixture
def model() -> onnx.ModelProto:
    """Doubles an image of 8 x 8, beside a vector that it leaves as it is."""
    inputs = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8]),
        helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 300]),
    ]
    outputs = [
        helper.make_tensor_value_info("double", TensorProto.FLOAT, [1, 3, 8, 8]),
        helper.make_tensor_value_info("same", TensorProto.FLOAT, [1, 300]),
    ]
    nodes = [
        helper.make_node("Mul", ["image", "two"], ["product"]),
        helper.make_node("Identity", ["product"], ["double"]),
        helper.make_node("Identity", ["vector"], ["same"]),
    ]
    inferred = [helper.make_tensor_value_info("product", TensorProto.FLOAT, [1, 3, 8, 8])]
    constants = [numpy_helper.from_array(np.float32(2), "two")]
    graph = helper.make_graph(nodes, "doubler", inputs, outputs, constants, value_info=inferred)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    # a number of more than one byte and a text, in fields that are not looked into
    made.model_version = 123456789
    helper.set_model_props(made, {"classes": "x" * 300})
    return made


def test_only_heights_and_widths_change(model):
    opened = onnx.load_from_string(open_sizes(model.SerializeToString()))
    onnx.checker.check_model(opened)
    for value in (opened.graph.input[0], opened.graph.output[0]):
        sizes = value.type.tensor_type.shape.dim
        assert [size.dim_value or size.dim_param for size in sizes] == [1, 3, "height", "width"]
    del model.graph.value_info[:]
    for values in (model.graph.input, model.graph.output):
        sizes = values[0].type.tensor_type.shape.dim
        sizes[2].dim_param, sizes[3].dim_param = "height", "width"
    assert opened == model


def test_the_network_runs_at_another_size(model, tmp_path):
    onnx.save(model, tmp_path / "net.onnx")
    feeds = {"image": np.ones((1, 3, 5, 6), np.float32), "vector": np.zeros((1, 300), np.float32)}
    with pytest.raises(ModelError, match="expected image float32"):
        load_session(tmp_path / "net.onnx").run(feeds)
    opened = load_session(tmp_path / "net.onnx", any_size=True)
    assert opened.inputs[0].shape == (1, 3, None, None)
    np.testing.assert_array_equal(opened.run(feeds)[0], np.full((1, 3, 5, 6), 2))


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"\x3a\x7f", b"\x3b", b"not a network at all"])
def test_other_files(content, tmp_path):
    with pytest.raises(ModelError):
        open_sizes(content)
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.onnx .*cannot be loaded"):
        load_session(tmp_path / "net.onnx", any_size=True)


def test_a_file_that_was_cut_off(model):
    whole = model.SerializeToString()
    with pytest.raises(ModelError, match="ends in the middle"):
        open_sizes(whole[: len(whole) // 2])
