"""The nearest neighbours of every vector among all, without the whole matrix of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.reid.vectors import check_vectors
from mobinet.types import Float32

_BLOCK = 1024


@dataclass(frozen=True)
class Neighbours:
    """Of N vectors the nearest K, themselves included.

    Args:
        indices: ``(N, K)`` int32, the nearest first; of equal ones the lower index.
        distances: ``(N, K)`` float32, squared Euclidean.
        furthest: ``(N,)`` float32, squared distance of the furthest vector of all.
    """

    indices: NDArray[np.int32]
    distances: Float32
    furthest: Float32


def nearest_neighbours(vectors: Float32, count: int, signs: Float32 | None = None) -> Neighbours:
    """Searches block by block; each block of distances serves its rows and its columns.

    Args:
        vectors: ``(N, D)`` float32, finite.
        count: K, limited to N.
        signs: ``(D,)`` factors of the squared differences; 1 by default. Where one is negative a distance can be too,
            and every vector is still its own nearest.

    Raises:
        InputError: ``vectors`` is not of that shape or type, or not finite, or ``count`` is below one.
    """
    check_vectors("vectors", vectors)
    if count < 1:
        raise InputError(f"neighbours: expected to search for at least one, got {count}")
    total, count = len(vectors), min(count, len(vectors))
    indices = np.full((total, count), -1, np.int32)
    distances = np.full((total, count), np.inf, np.float32)
    furthest = np.zeros(total, np.float32)
    others = vectors if signs is None else vectors * signs
    lengths = np.einsum("ij,ij->i", vectors, others)
    for top in range(0, total, _BLOCK):
        rows = slice(top, top + _BLOCK)
        for left in range(top, total, _BLOCK):
            columns = slice(left, left + _BLOCK)
            block = _block_distances(vectors[rows], others[columns], lengths[rows], lengths[columns])
            if signs is None:
                np.maximum(block, 0, out=block)
            elif left == top:
                np.fill_diagonal(block, -np.inf)
            np.maximum(furthest[rows], block.max(axis=1), out=furthest[rows])
            _keep_nearest(block, left, indices[rows], distances[rows])
            if left > top:
                block = np.ascontiguousarray(block.T)
                np.maximum(furthest[columns], block.max(axis=1), out=furthest[columns])
                _keep_nearest(block, top, indices[columns], distances[columns])
    return Neighbours(indices, distances, furthest)


def weighted_squared_distances(first: Float32, second: Float32, signs: Float32 | None = None) -> Float32:
    """``(N, M)`` sums of squared differences of ``(N, D)`` and ``(M, D)`` vectors, each times its sign ``(D,)``."""
    signed = (first, second) if signs is None else (first * signs, second * signs)
    lengths = (np.einsum("ij,ij->i", one, other) for one, other in zip((first, second), signed, strict=True))
    distances = _block_distances(first, signed[1], *lengths)
    return np.maximum(distances, 0, out=distances) if signs is None else distances


def _block_distances(first: Float32, second: Float32, first_lengths: Float32, second_lengths: Float32) -> Float32:
    distances: Float32 = first @ second.T
    distances *= -2
    distances += first_lengths[:, None]
    distances += second_lengths
    return distances


@compiled
def _keep_nearest(block: Float32, first_column: int, indices: NDArray[np.int32], distances: Float32) -> None:
    """Takes a block of distances into the sorted lists of its rows."""
    columns, last = block.shape[1], indices.shape[1] - 1
    for row in range(block.shape[0]):
        limit, limit_index = distances[row, last], indices[row, last]
        for column in range(columns):
            distance = block[row, column]
            if distance > limit:
                continue
            index = first_column + column
            # blocks come in no order of their columns: of equal distances the lower index is nearer
            if distance == limit and limit_index >= 0 and index > limit_index:
                continue
            place = last
            while place > 0 and (
                distances[row, place - 1] > distance
                or (distances[row, place - 1] == distance and indices[row, place - 1] > index)
            ):
                distances[row, place], indices[row, place] = distances[row, place - 1], indices[row, place - 1]
                place -= 1
            distances[row, place], indices[row, place] = distance, index
            limit, limit_index = distances[row, last], indices[row, last]
