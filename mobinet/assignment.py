"""Which row belongs to which column: the linear assignment problem with pairs that are not allowed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mobinet.errors import InputError
from mobinet.types import Float64, Int64

_SMALL_MATRIX = 10_000


class Assignment(NamedTuple):
    """Answer of :func:`assign`.

    ``rows`` and ``columns`` are ``(K,)`` int64, the matched pairs by rising row; ``unmatched_rows`` and
    ``unmatched_columns`` are the others, rising.
    """

    rows: Int64
    columns: Int64
    unmatched_rows: Int64
    unmatched_columns: Int64


def assign(cost: Float64, limit: float) -> Assignment:
    """The pairing of rows and columns, at most one of each, with the least total cost.

    A pair that costs more than ``limit`` is never made. To leave a row and a column alone costs ``limit`` too, so that
    a good pair is not given up to make two bad ones (Jonker and Volgenant 1987, solved by SciPy's
    ``linear_sum_assignment``). Of several pairings with the same cost the answer is always the same one, but which
    one depends on the order of rows and columns: who needs independence of the order sorts them first.

    Args:
        cost: ``(N, M)`` floats; infinity forbids a pair.
        limit: highest cost of a pair.

    Raises:
        InputError: ``cost`` is not a matrix or has a NaN, or ``limit`` is not finite.
    """
    cost = np.asarray(cost, np.float64)
    if cost.ndim != 2:
        raise InputError(f"cost: expected a matrix (N, M), got shape {cost.shape}")
    if np.isnan(cost).any() or not np.isfinite(limit):
        raise InputError(
            f"cost and limit: expected no NaN and a finite limit (is {limit}); use infinity to forbid a pair"
        )
    allowed = cost <= limit
    if not allowed.any():
        return _with_unmatched(np.zeros(0, np.int64), np.zeros(0, np.int64), cost.shape)
    rows, columns = linear_sum_assignment(np.where(allowed, cost, limit))
    kept = allowed[rows, columns]
    return _with_unmatched(rows[kept].astype(np.int64), columns[kept].astype(np.int64), cost.shape)


def assign_pairs(rows: Int64, columns: Int64, cost: Float64, limit: float) -> Int64:
    """As :func:`assign`, for K pairs that are allowed instead of a matrix: the work grows with K.

    Args:
        rows, columns: ``(K,)`` int64, at least 0; no pair twice.
        cost: ``(K,)`` floats, none of them NaN.
        limit: highest cost of a pair.

    Returns:
        ``(L,)`` int64: indices of the pairs that are made, rising.
    """
    (cheap,) = (cost <= limit).nonzero()
    if len(cheap) <= 1:
        return cheap
    if len(cheap) < len(cost):
        rows, columns, cost = rows[cheap], columns[cheap], cost[cheap]
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    if height * width <= _SMALL_MATRIX:
        return cheap[_assign_matrix(rows, columns, cost, limit, (height, width))]
    contested = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    made = ~contested
    for group in _independent(rows, columns, np.flatnonzero(contested)):
        row = np.unique(rows[group], return_inverse=True)[1]
        column = np.unique(columns[group], return_inverse=True)[1]
        shape = (int(row.max()) + 1, int(column.max()) + 1)
        made[group[_assign_matrix(row, column, cost[group], limit, shape)]] = True
    return cheap[made]


def _assign_matrix(
    rows: Int64, columns: Int64, cost: Float64, limit: float, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """``(K,)`` which pairs of a matrix of this shape are made."""
    matrix = np.full(shape, limit)
    matrix[rows, columns] = cost
    row, column = linear_sum_assignment(matrix)
    partner = np.full(shape[0], -1)
    partner[row] = column
    made: NDArray[np.bool_] = partner[rows] == columns
    return made


def _independent(rows: Int64, columns: Int64, pairs: Int64) -> list[Int64]:
    """``pairs`` in groups that share no row and no column with another group."""
    if not len(pairs):
        return []
    height = int(rows.max()) + 1
    size = height + int(columns.max()) + 1
    links = (rows[pairs], height + columns[pairs])
    label = connected_components(coo_matrix((np.ones(len(pairs), bool), links), shape=(size, size)), directed=False)[1]
    label = label[rows[pairs]]
    order = np.argsort(label, kind="stable")
    return np.split(pairs[order], np.flatnonzero(np.diff(label[order])) + 1)


def _with_unmatched(rows: Int64, columns: Int64, shape: tuple[int, ...]) -> Assignment:
    free_rows, free_columns = np.ones(shape[0], bool), np.ones(shape[1], bool)
    free_rows[rows] = False
    free_columns[columns] = False
    return Assignment(rows, columns, np.flatnonzero(free_rows), np.flatnonzero(free_columns))
