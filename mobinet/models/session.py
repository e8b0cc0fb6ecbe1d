"""Networks in ONNX format, run by ONNX Runtime. The only module that imports it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import MissingDependencyError, ModelError, SettingsError
from mobinet.models.open_sizes import open_sizes

Array: TypeAlias = NDArray[Any]

# Name in the settings -> what ONNX Runtime calls it, and the package whose build has it.
PROVIDERS: Mapping[str, tuple[str, str]] = {
    "cpu": ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}

_ERRORS_ONLY = 3


@dataclass(frozen=True)
class TensorInfo:
    """One input or output of a network.

    Args:
        name: as in the file.
        shape: sizes; ``None`` for a size that the file leaves open.
        dtype: NumPy's name, empty for a type that NumPy lacks.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.dtype or 'unknown type'} ({sizes})"


class Session:
    """A loaded network; safe to run from several threads at once.

    Args:
        path: where it came from.
        runtime: the ``onnxruntime.InferenceSession``.
    """

    def __init__(self, path: Path, runtime: Any) -> None:
        self.path = path
        self.inputs = tuple(_tensor_info(node) for node in runtime.get_inputs())
        self.outputs = tuple(_tensor_info(node) for node in runtime.get_outputs())
        self.metadata: Mapping[str, str] = dict(runtime.get_modelmeta().custom_metadata_map)
        self.providers: tuple[str, ...] = tuple(runtime.get_providers())
        self._runtime = runtime

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Outputs in the file's order, for arrays by input name.

        Raises:
            ModelError: an input's name, shape or type does not fit, or the network fails inside.
        """
        try:
            return [np.asarray(value) for value in self._runtime.run(None, dict(feeds))]
        except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
            given = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in feeds.items())
            expected = ", ".join(map(str, self.inputs))
            raise ModelError(
                f"{self.path}: expected {expected}; got {given}; ONNX Runtime says: {_first_line(error)}; "
                "export the network again with these input sizes"
            ) from error


def load_session(path: Path | str, provider: str = "cpu", threads: int = 0, any_size: bool = False) -> Session:
    """Reads an ONNX file.

    Args:
        path: the file.
        provider: a key of ``PROVIDERS``.
        threads: of one run; 0 takes half of the machine's cores, at least one. ONNX Runtime's own default takes all
            of them for every session and spins while it waits, so that two networks on two cores starve each other.
        any_size: whether the height and width that the file fixes for its images are to be left open.

    Raises:
        ModelError: the file is missing, damaged, or uses what this ONNX Runtime lacks.
        SettingsError: an unknown provider.
        MissingDependencyError: this build of ONNX Runtime has no such provider, or none is installed.
    """
    path = Path(path)
    runtime = _import_runtime()
    providers = _provider_chain(runtime, provider)
    if not path.is_file():
        raise ModelError(
            f"model file '{path}' does not exist: give the path of an .onnx file, or a name that "
            "'mobinet models list' shows"
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads if threads > 0 else default_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # planned for one size, memory is taken and given back in every run of another: three times as slow
    options.enable_mem_pattern = not any_size
    options.log_severity_level = _ERRORS_ONLY
    try:
        network = open_sizes(path.read_bytes()) if any_size else str(path)
        session = Session(path, runtime.InferenceSession(network, options, providers=providers))
    except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
        raise ModelError(
            f"{path} ({path.stat().st_size} bytes) cannot be loaded, expected a network in ONNX format: "
            f"{_first_line(error)}; fetch the file again ('mobinet models verify' checks those of the zoo) or export "
            "it for this version of ONNX Runtime"
        ) from error
    if session.providers[0] != providers[0]:
        # ONNX Runtime only warns and goes on with the CPU when e.g. the CUDA libraries cannot be loaded.
        raise ModelError(
            f"{path}: provider '{provider}' is in this build but did not start, ONNX Runtime fell back to "
            f"{session.providers[0]}: install the libraries it needs (driver, CUDA, cuDNN, TensorRT), or use 'cpu'"
        )
    return session


def default_threads() -> int:
    """Half of the machine's cores, at least one: leaves room for the other stages."""
    return max(1, (os.cpu_count() or 1) // 2)


def available_providers() -> tuple[str, ...]:
    """The keys of ``PROVIDERS`` that the installed ONNX Runtime was built with."""
    built = set(_import_runtime().get_available_providers())
    return tuple(name for name, (full_name, _) in PROVIDERS.items() if full_name in built)


def fingerprint(path: Path | str) -> str:
    """``stem:sha256`` with the first 12 hexadecimal digits: equal only for equal bytes under one name.

    Raises:
        ModelError: the file cannot be read.
    """
    path = Path(path)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"model file '{path}' cannot be read ({error.strerror}): check the path") from error
    return f"{path.stem}:{digest[:12]}"


def _provider_chain(runtime: Any, provider: str) -> list[str]:
    if provider not in PROVIDERS:
        raise SettingsError(f"provider: '{provider}' is not one of {', '.join(PROVIDERS)}")
    name, package = PROVIDERS[provider]
    built = runtime.get_available_providers()
    if name not in built:
        have = ", ".join(key for key, (full_name, _) in PROVIDERS.items() if full_name in built)
        raise MissingDependencyError(package, f"provider '{provider}' (this build of ONNX Runtime has: {have})")
    # Whatever an accelerator cannot run is handed down.
    fallbacks = ["CUDAExecutionProvider"] if provider == "tensorrt" and "CUDAExecutionProvider" in built else []
    return list(dict.fromkeys([name, *fallbacks, "CPUExecutionProvider"]))


def _import_runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError("onnxruntime", "running a network") from error
    return onnxruntime


def _tensor_info(node: Any) -> TensorInfo:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape)
    return TensorInfo(node.name, shape, _DTYPES.get(node.type, ""))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
