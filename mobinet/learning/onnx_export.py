"""A trained network as an ONNX file that gives what the network gave."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mobinet.errors import ModelError, RecordingError
from mobinet.models.session import load_session

_OPSET = 17
_TOLERANCE = 1e-4


def export_onnx(
    network: nn.Module,
    examples: Mapping[str, Tensor],
    path: Path,
    *,
    outputs: Sequence[str],
    any_size: bool = False,
    axes: Mapping[str, Mapping[int, str]] | None = None,
) -> float:
    """Writes a network whose inputs and outputs all have the batch first, of any length.

    Args:
        network: on the CPU, in evaluation mode.
        examples: inputs ``(N, ...)`` by name, which the file is compared on.
        path: of the file; it is whole or not there.
        outputs: names.
        any_size: height and width, the last two, are open too.
        axes: names of the open axes of those inputs and outputs that have others.

    Returns:
        The largest difference between an output of the file and the network's, as a share of its largest value.

    Raises:
        ModelError: the difference is above 1e-4.
        RecordingError: the file cannot be written.
    """
    partial = path.with_suffix(".partial.onnx")
    open_axes = {0: "batch"} | ({2: "height", 3: "width"} if any_size else {})
    try:
        with warnings.catch_warnings():
            # the exporter that succeeds this one needs two more packages
            warnings.simplefilter("ignore", DeprecationWarning)
            # sizes that PyTorch's layers check are the same for every input
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            torch.onnx.export(
                network,
                tuple(examples.values()),
                str(partial),
                input_names=list(examples),
                output_names=list(outputs),
                dynamic_axes=dict.fromkeys((*examples, *outputs), open_axes) | dict(axes or {}),
                opset_version=_OPSET,
                dynamo=False,
            )
        difference = _difference(network, examples, partial)
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


def _difference(network: nn.Module, examples: Mapping[str, Tensor], path: Path) -> float:
    with torch.no_grad():
        given = network(*examples.values())
    expected = [output.numpy() for output in (given if isinstance(given, tuple) else (given,))]
    found = load_session(path, threads=1).run({name: example.numpy() for name, example in examples.items()})
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-12)) for one, other in pairs)


def write_text(path: Path, text: str) -> None:
    """Writes what stands beside a network; raises RecordingError when it cannot."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be written: {error.strerror}; check the free space") from error
