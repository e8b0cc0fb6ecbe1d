"""Clusters that several known objects make together are cut between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float64

# A known object that has so much of its box's width and height in a cluster, and is so tall beside it, is part of it.
_COVERED, _TALL = 0.5, 0.55


def split(labels: NDArray[np.int32], count: int, known: Float64) -> tuple[int, NDArray[np.int32]]:
    """Gives each cell of a cluster that holds several known objects to the nearest of them.

    Args:
        labels: ``(rows, columns)`` cluster of each cell, from 1 on; 0 for none.
        count: one more than there are clusters.
        known: ``(K, 4)`` xyxy boxes of objects where they should be by now, in cells.

    Returns:
        The new count and labels; the given array is not changed.
    """
    owners: dict[int, list[int]] = {}
    heights = {}
    for index, (x1, y1, x2, y2) in enumerate(_whole(known, labels.shape).tolist()):
        inside = labels[y1:y2, x1:x2]
        for label in np.unique(inside[inside > 0]).tolist():
            if label not in heights:
                heights[label] = int(np.ptp(np.flatnonzero((labels == label).any(axis=1)))) + 1
            mine = inside == label
            covered = min(mine.any(axis=0).mean(), mine.any(axis=1).mean())
            if covered >= _COVERED and y2 - y1 >= _TALL * heights[label]:
                owners.setdefault(label, []).append(index)
    result = labels
    for label, indices in owners.items():
        if len(indices) < 2:
            continue
        result = result.copy() if result is labels else result
        rows, columns = np.nonzero(labels == label)
        nearest = _distances(rows, columns, known[indices]).argmin(axis=1)
        result[rows, columns] = np.where(nearest == 0, label, count - 1 + nearest)
        count += len(indices) - 1
    return count, result


def _whole(boxes: Float64, shape: tuple[int, ...]) -> NDArray[np.int64]:
    limits = np.array([shape[1], shape[0]] * 2)
    corners = np.concatenate((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])), axis=1)
    whole: NDArray[np.int64] = np.clip(corners, 0, limits).astype(np.int64)
    return whole


def _distances(rows: NDArray[np.int64], columns: NDArray[np.int64], boxes: Float64) -> Float64:
    """``(N, K)`` distances of cells from the middles of boxes, in half sizes of these."""
    centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum(boxes[:, 2:] - boxes[:, :2], 1) / 2
    x = (columns[:, None] + 0.5 - centres[:, 0]) / halves[:, 0]
    y = (rows[:, None] + 0.5 - centres[:, 1]) / halves[:, 1]
    distances: Float64 = np.maximum(np.abs(x), np.abs(y))
    return distances
