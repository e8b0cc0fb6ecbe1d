"""Tracks to groups: which of them are one object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mobinet.types import Float64


def group(weights: Float64, excluded: NDArray[np.bool_]) -> list[list[int]]:
    """Greedy additive edge contraction (Keuper et al., Efficient decomposition of image and mesh graphs by lifted
    multicuts, 2015) under exclusions: the two groups with the greatest sum of pairwise weights become one, as long as
    that sum is positive and no pair between them is excluded.

    Deterministic: of equal sums the pair with the lowest indices is taken.

    Args:
        weights: ``(N, N)`` symmetric; positive speaks for one object.
        excluded: ``(N, N)`` symmetric; pairs that must never share a group.

    Returns:
        Groups of ascending indices, ordered by their first.
    """
    count = len(weights)
    if count == 0:
        return []
    rows, columns = np.nonzero((weights > 0) & ~excluded)
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), (count, count))
    _, labels = connected_components(graph, directed=False)
    groups: list[list[int]] = []
    for label in range(labels.max() + 1):
        members = np.flatnonzero(labels == label)
        groups.extend(_contract(members, weights[np.ix_(members, members)], excluded[np.ix_(members, members)]))
    return sorted(groups)


def _contract(members: NDArray[np.intp], weights: Float64, excluded: NDArray[np.bool_]) -> list[list[int]]:
    groups = [[int(member)] for member in members]
    sums, apart = weights.copy(), excluded.copy()
    while len(groups) > 1:
        open_sums = np.where(np.triu(~apart, 1), sums, -np.inf)
        first, second = np.unravel_index(int(np.argmax(open_sums)), open_sums.shape)
        if open_sums[first, second] <= 0:
            break
        sums[first] += sums[second]
        sums[:, first] = sums[first]
        apart[first] |= apart[second]
        apart[:, first] = apart[first]
        keep = np.arange(len(groups)) != second
        sums, apart = sums[np.ix_(keep, keep)], apart[np.ix_(keep, keep)]
        groups[first] = sorted(groups[first] + groups.pop(int(second)))
    return groups
