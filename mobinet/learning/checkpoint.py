"""Checkpoints: written beside and renamed, so that a file of that name is whole."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, TypedDict

import torch

from mobinet.errors import RecordingError


class Checkpoint(TypedDict):
    """State of a training: ``step`` steps are done; state dicts of the network, its average and the optimizer."""

    step: int
    network: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Raises RecordingError when it cannot be written; the one before it is kept then."""
    partial = path.with_suffix(".partial")
    try:
        torch.save(checkpoint, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # PyTorch's own writer reports a full disk as RuntimeError
        partial.unlink(missing_ok=True)
        raise RecordingError(
            f"'{path}' cannot be written ({error}); free the disk and go on with --resume, the last checkpoint is whole"
        ) from error


def load_checkpoint(path: Path, device: torch.device) -> Checkpoint:
    """Raises RecordingError for a file that is no checkpoint."""
    try:
        loaded: Checkpoint = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise RecordingError(f"'{path}' is damaged ({error}); remove it and begin again") from error
    if not isinstance(loaded, dict) or set(loaded) != set(Checkpoint.__annotations__):
        raise RecordingError(f"'{path}' is no checkpoint of a training here; remove it and begin again")
    return loaded
