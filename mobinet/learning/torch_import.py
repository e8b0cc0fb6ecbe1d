"""PyTorch is large and only needed for training: who trains installs it."""

from __future__ import annotations

import importlib.util

from mobinet.errors import MissingDependencyError

CURE = (
    "pip install './mobinet[train]' in the checkout; without a GPU, PyTorch's CPU build (docs/training.md) is smaller"
)


def require_torch() -> None:
    """Raises MissingDependencyError where there is no PyTorch; call it before importing what trains."""
    if importlib.util.find_spec("torch") is None:
        raise MissingDependencyError("torch", "training a network", CURE)
