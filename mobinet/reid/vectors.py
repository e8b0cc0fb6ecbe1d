"""What appearance vectors have to be, and how they are made so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.types import Float32


def check_vectors(name: str, vectors: NDArray[Any]) -> None:
    """Raises InputError for what is not ``(N, D)`` float32 and finite."""
    if vectors.ndim != 2 or vectors.dtype != np.float32:
        raise InputError(f"{name}: expected float32 of shape (N, D), got {vectors.dtype} {vectors.shape}")
    if not np.isfinite(vectors).all():
        row = int(np.argmax(~np.isfinite(vectors).all(axis=1)))
        raise InputError(f"{name}: vector {row} is not finite; drop it")


def check_pair(queries: NDArray[Any], gallery: NDArray[Any]) -> None:
    """Raises InputError for vectors that are not sound, or not of one length."""
    check_vectors("queries", queries)
    check_vectors("gallery", gallery)
    if queries.shape[1] != gallery.shape[1]:
        raise InputError(f"queries have {queries.shape[1]} numbers and the gallery {gallery.shape[1]}; use one network")


def unit_vectors(vectors: NDArray[Any]) -> Float32:
    """``(N, D)`` float32 of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
