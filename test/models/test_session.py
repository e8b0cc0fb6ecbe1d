"""ONNX Runtime behind one typed wrapper."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mobinet.errors import MissingDependencyError, ModelError, SettingsError
from mobinet.models import session as session_module
from mobinet.models.session import available_providers, default_threads, fingerprint, load_session


@pytest.fixture
def doubler(tmp_path: Path) -> Path:
    """A network that adds its input to itself: x (n, 2) float32 to y."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubler", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"names": "['a']"})
    onnx.save(model, tmp_path / "doubler.onnx")
    return tmp_path / "doubler.onnx"


def test_runs_and_describes_itself(doubler):
    session = load_session(doubler)
    assert str(session.inputs[0]) == "x float32 (?, 2)"
    assert session.outputs[0].shape == (None, 2)
    assert session.metadata == {"names": "['a']"}
    np.testing.assert_array_equal(session.run({"x": np.ones((3, 2), np.float32)})[0], np.full((3, 2), 2))


@pytest.mark.parametrize(
    "feeds",
    [
        # another width
        {"x": np.ones((3, 5), np.float32)},
        # another type
        {"x": np.ones((3, 2), np.float64)},
        # another name
        {"z": np.ones((3, 2), np.float32)},
        # nothing
        {},
    ],
)
def test_feeds_that_do_not_fit(doubler, feeds):
    with pytest.raises(ModelError, match=r"doubler\.onnx: expected x float32 \(\?, 2\); got"):
        load_session(doubler).run(feeds)


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.onnx' does not exist.*mobinet models list"):
        load_session(tmp_path / "absent.onnx")


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_damaged_file(doubler, keep):
    # empty, and cut off: what an interrupted copy leaves
    doubler.write_bytes(doubler.read_bytes()[:keep])
    with pytest.raises(ModelError, match=rf"doubler\.onnx \({keep} bytes\) cannot be loaded.*fetch the file again"):
        load_session(doubler)


def test_a_file_of_something_else(tmp_path):
    (tmp_path / "page.onnx").write_text("<html>404 Not Found</html>")
    with pytest.raises(ModelError, match="expected a network in ONNX format"):
        load_session(tmp_path / "page.onnx")


def test_a_folder(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_session(tmp_path)


def test_an_unknown_provider(doubler):
    with pytest.raises(SettingsError, match="'npu' is not one of cpu, cuda"):
        load_session(doubler, provider="npu")


class FakeRuntime:
    """An ONNX Runtime with CUDA in its build, which falls back to the CPU as the real one does."""

    def __init__(self, built: list[str]) -> None:
        self._built = built

    def get_available_providers(self) -> list[str]:
        return self._built

    def __getattr__(self, name: str) -> object:
        return getattr(session_module.__dict__["_real_runtime"], name)


def test_a_provider_that_is_not_built_in(doubler, monkeypatch):
    monkeypatch.setattr(session_module, "_import_runtime", lambda: FakeRuntime(["CPUExecutionProvider"]))
    assert available_providers() == ("cpu",)
    for name, package in (("cuda", "onnxruntime-gpu"), ("openvino", "onnxruntime-openvino")):
        with pytest.raises(MissingDependencyError, match=f"'{name}' .*has: cpu.*pip install '{package}'"):
            load_session(doubler, provider=name)


def test_a_provider_that_does_not_start(doubler, monkeypatch):
    # built in, but its libraries are absent: ONNX Runtime goes on with the CPU and only warns
    import onnxruntime

    runtime = FakeRuntime(["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setitem(session_module.__dict__, "_real_runtime", onnxruntime)
    monkeypatch.setattr(session_module, "_import_runtime", lambda: runtime)
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(ModelError, match=r"'cuda'.*did not start.*or use 'cpu'"),
    ):
        load_session(doubler, provider="cuda")


def test_no_runtime_at_all(doubler, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match="pip install 'onnxruntime'"):
        load_session(doubler)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 4), (None, 1)])
def test_half_of_the_cores(monkeypatch, cores, threads):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert default_threads() == threads


def test_fingerprint(doubler):
    digest = hashlib.sha256(doubler.read_bytes()).hexdigest()
    assert fingerprint(doubler) == f"doubler:{digest[:12]}"
    with pytest.raises(ModelError, match="cannot be read"):
        fingerprint(doubler.with_name("absent.onnx"))
