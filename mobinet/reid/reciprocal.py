"""Re-ranking by k-reciprocal neighbours: who has me among his nearest is more like me than a distance says.

Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding" (2017), equations 3 to 12.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.reid.neighbours import Neighbours, nearest_neighbours, weighted_squared_distances
from mobinet.reid.vectors import check_pair
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Int64

_BLOCK = 1024


@dataclass(frozen=True)
class ReciprocalSettings:
    """Sizes of the neighbourhoods, as in the paper.

    Raises:
        SettingsError: a value is out of range.
    """

    k1: int = setting(20, "neighbours that may be reciprocal", minimum=1, maximum=1000)
    k2: int = setting(6, "neighbours over which a vector's encoding is averaged; 1 for none", minimum=1, maximum=1000)
    weight: float = setting(
        0.3, "of the original distance in the sum; the rest is the Jaccard distance", minimum=0.0, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


def k_reciprocal(
    queries: Float32, gallery: Float32, settings: ReciprocalSettings | None = None, signs: Float32 | None = None
) -> Float32:
    """``(Q, G)`` distances after re-ranking, smaller is more alike.

    The original distance is the squared Euclidean one, divided for each query by the largest that it has to any vector,
    as in the authors' code. Encodings are kept sparse, and distances in blocks: the memory is that of the answer and of
    some hundred numbers a vector.

    Args:
        queries, gallery: ``(Q, D)`` and ``(G, D)`` float32.
        signs: ``(D,)`` factors of the squared differences, see ``mobinet.reid.bias``; all 1 by default.

    Raises:
        InputError: a shape, type or value that is not so.
    """
    settings = settings or ReciprocalSettings()
    check_pair(queries, gallery)
    if signs is not None and signs.shape != (queries.shape[1],):
        raise InputError(f"signs: expected one for each of {queries.shape[1]} numbers, got shape {signs.shape}")
    if not len(queries) or not len(gallery):
        return np.zeros((len(queries), len(gallery)), np.float32)
    vectors = np.concatenate([queries, gallery])
    neighbours = nearest_neighbours(vectors, max(settings.k1 + 1, settings.k2), signs)
    encodings = _encode(vectors, neighbours, settings, signs)
    answer = _original(queries, gallery, neighbours.furthest[: len(queries)], signs)
    of_gallery = encodings[len(queries) :].tocsc()
    of_queries = encodings[: len(queries)]
    _blend(
        *(of_queries.indptr, of_queries.indices, of_queries.data),
        *(of_gallery.indptr, of_gallery.indices, of_gallery.data),
        answer,
        settings.weight,
    )
    return answer


def _original(queries: Float32, gallery: Float32, furthest: Float32, signs: Float32 | None) -> Float32:
    distances = np.empty((len(queries), len(gallery)), np.float32)
    for top in range(0, len(queries), _BLOCK):
        rows = slice(top, top + _BLOCK)
        block = weighted_squared_distances(queries[rows], gallery, signs)
        block /= _positive(furthest[rows])[:, None]
        distances[rows] = block
    return distances


def _encode(
    vectors: Float32, neighbours: Neighbours, settings: ReciprocalSettings, signs: Float32 | None
) -> csr_matrix:
    """``(N, N)`` sparse, rows sum to 1: Gaussian weights of the reciprocal neighbours (equation 7), averaged (11)."""
    half = round(settings.k1 / 2)
    near = neighbours.indices[:, : settings.k1 + 1]
    row_ends, columns = _reciprocal_sets(near, half)
    rows = np.repeat(np.arange(len(vectors)), np.diff(row_ends))
    distances = np.empty(len(rows), np.float32)
    factors = np.ones(vectors.shape[1], np.float32) if signs is None else signs
    _pair_distances(vectors, factors, rows, columns, distances)
    weights = np.exp(-distances / _positive(neighbours.furthest)[rows])
    weights /= np.bincount(rows, weights, len(vectors))[rows]
    shape = len(vectors), len(vectors)
    encodings = csr_matrix((weights.astype(np.float32), columns, row_ends), shape)
    if settings.k2 == 1:
        return encodings
    around = neighbours.indices[:, : settings.k2]
    share = np.full(around.size, 1 / around.shape[1], np.float32)
    averages = csr_matrix((share, around.ravel(), np.arange(0, around.size + 1, around.shape[1])), shape)
    return averages @ encodings


@compiled
def _pair_distances(vectors: Float32, signs: Float32, rows: Int64, columns: Int64, distances: Float32) -> None:
    """Squared differences of single pairs, times signs, in four sums, as one would wait for each addition."""
    dimension = vectors.shape[1]
    for pair in range(len(rows)):
        one, other = vectors[rows[pair]], vectors[columns[pair]]
        sums = np.zeros(4, np.float32)
        for first in range(0, dimension - dimension % 4, 4):
            for lane in range(4):
                difference = one[first + lane] - other[first + lane]
                sums[lane] += signs[first + lane] * difference * difference
        for last in range(dimension - dimension % 4, dimension):
            difference = one[last] - other[last]
            sums[0] += signs[last] * difference * difference
        distances[pair] = sums.sum()


def _positive(furthest: Float32) -> Float32:
    """Divisors: all vectors may be one and the same."""
    return np.where(furthest > 0, furthest, np.float32(1))


def _reciprocal_sets(near: NDArray[np.int32], half: int) -> tuple[Int64, Int64]:
    """The sets R* (equations 3 and 5) of all vectors, one after the other, each sorted: where each begins, and all."""
    room = near.shape[1] * (half + 2)
    found = np.empty((min(_BLOCK, len(near)), room), np.int64)
    ends, parts = np.zeros(len(near) + 1, np.int64), []
    for top in range(0, len(near), _BLOCK):
        size = min(_BLOCK, len(near) - top)
        counts = np.empty(size, np.int64)
        _expand(near, half, top, found, counts)
        ends[top + 1 : top + 1 + size] = counts
        parts += [found[row, : counts[row]].copy() for row in range(size)]
    return np.cumsum(ends), np.concatenate(parts)


@compiled
def _expand(near: NDArray[np.int32], half: int, first: int, found: Int64, counts: Int64) -> None:
    """Writes the sets R* of some vectors to rows of ``found``, sorted, and their sizes to ``counts``."""
    width = near.shape[1]
    narrow = min(half + 1, width)
    own, other = np.empty(width, np.int64), np.empty(narrow, np.int64)
    for row in range(len(counts)):
        vector = first + row
        size = 0
        for candidate in near[vector]:
            for back in near[candidate]:
                if back == vector:
                    own[size] = candidate
                    size += 1
                    break
        total = size
        found[row, :size] = own[:size]
        for candidate in own[:size]:
            members, shared = 0, 0
            for step in range(narrow):
                member = near[candidate, step]
                for back in range(narrow):
                    if near[member, back] == candidate:
                        other[members] = member
                        members += 1
                        for mine in own[:size]:
                            shared += mine == member
                        break
            if 3 * shared > 2 * members:
                found[row, total : total + members] = other[:members]
                total += members
        found[row, :total].sort()
        counts[row] = 0
        for place in range(total):
            if place == 0 or found[row, place] != found[row, place - 1]:
                found[row, counts[row]] = found[row, place]
                counts[row] += 1


@compiled
def _blend(
    query_ends: Int64,
    query_columns: Int64,
    query_weights: Float32,
    gallery_ends: Int64,
    gallery_rows: Int64,
    gallery_weights: Float32,
    answer: Float32,
    weight: float,
) -> None:
    """Adds the Jaccard distance (equation 10) to the original one (12), in place.

    Encodings of queries by rows, those of the gallery by columns: only pairs that share a neighbour are looked at.
    """
    shared = np.zeros(answer.shape[1], np.float32)
    for query in range(answer.shape[0]):
        shared[:] = 0
        for at in range(query_ends[query], query_ends[query + 1]):
            column, mine = query_columns[at], query_weights[at]
            for other in range(gallery_ends[column], gallery_ends[column + 1]):
                shared[gallery_rows[other]] += min(mine, gallery_weights[other])
        for other in range(answer.shape[1]):
            jaccard = 1 - shared[other] / (2 - shared[other])
            answer[query, other] = jaccard * (1 - weight) + answer[query, other] * weight
