"""A trained network as an ONNX file that gives what the network gave."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mobinet.errors import ModelError, RecordingError
from mobinet.models.session import load_session

_OPSET = 17
_TOLERANCE = 1e-4


def export_onnx(network: nn.Module, example: Tensor, path: Path, *, input_name: str, output_name: str) -> float:
    """Writes a network of one input and one output, both with the batch first and of any length.

    Args:
        network: on the CPU, in evaluation mode.
        example: an input ``(N, ...)``, which the file is compared on.
        path: of the file; it is whole or not there.

    Returns:
        The largest difference between the file's output and the network's, as a share of the largest output.

    Raises:
        ModelError: the difference is above 1e-4.
        RecordingError: the file cannot be written.
    """
    partial = path.with_suffix(".partial.onnx")
    try:
        with warnings.catch_warnings():
            # the exporter that succeeds this one needs two more packages
            warnings.simplefilter("ignore", DeprecationWarning)
            # sizes that PyTorch's layers check are the same for every input
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            torch.onnx.export(
                network,
                (example,),
                str(partial),
                input_names=[input_name],
                output_names=[output_name],
                dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}},
                opset_version=_OPSET,
                dynamo=False,
            )
        difference = _difference(network, example, partial)
        if difference > _TOLERANCE:
            raise ModelError(
                f"'{path}': ONNX Runtime gives other values than PyTorch, by a share of {difference:.2g}; report this"
            )
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # PyTorch reports a full disk as RuntimeError
        raise RecordingError(f"'{path}' cannot be written ({error}); check the folder and the free space") from error
    finally:
        partial.unlink(missing_ok=True)
    return difference


def _difference(network: nn.Module, example: Tensor, path: Path) -> float:
    with torch.no_grad():
        expected = network(example).numpy()
    session = load_session(path, threads=1)
    found = session.run({session.inputs[0].name: example.numpy()})[0]
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))


def write_text(path: Path, text: str) -> None:
    """Writes what stands beside a network; raises RecordingError when it cannot."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be written: {error.strerror}; check the free space") from error
