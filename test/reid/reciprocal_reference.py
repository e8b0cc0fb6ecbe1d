"""Re-ranking in dense matrices of float64, set by set: slow and obvious, to compare with."""

from __future__ import annotations

import numpy as np

from mobinet.types import Float32, Float64, Int64


def distances(vectors: Float32) -> Float64:
    """``(N, N)`` squared Euclidean."""
    exact = vectors.astype(np.float64)
    return np.asarray(((exact[:, None] - exact) ** 2).sum(axis=2))


def rerank_slowly(vectors: Float32, queries: int, k1: int, k2: int, weight: float) -> Float64:
    original = distances(vectors)
    original /= original.max(axis=1, keepdims=True)
    rank = np.argsort(original, axis=1, kind="stable")
    encodings = np.zeros_like(original)
    for index in range(len(vectors)):
        mine = _reciprocal(rank, index, k1)
        everyone = set(mine)
        for candidate in mine:
            theirs = _reciprocal(rank, candidate, round(k1 / 2))
            if len(set(theirs) & set(mine)) > 2 / 3 * len(theirs):
                everyone |= set(theirs)
        members = sorted(everyone)
        weights = np.exp(-original[index, members])
        encodings[index, members] = weights / weights.sum()
    encodings = np.stack([encodings[rank[index, :k2]].mean(axis=0) for index in range(len(vectors))])
    shared = np.minimum(encodings[:queries, None], encodings[None, queries:]).sum(axis=2)
    jaccard = 1 - shared / (2 - shared)
    return np.asarray((1 - weight) * jaccard + weight * original[:queries, queries:])


def _reciprocal(rank: Int64, index: int, count: int) -> list[int]:
    near = rank[index, : count + 1].tolist()
    return [other for other in near if index in rank[other, : count + 1]]
