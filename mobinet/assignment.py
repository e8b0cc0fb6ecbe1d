"""Which row belongs to which column: the linear assignment problem with pairs that are not allowed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from mobinet.errors import InputError
from mobinet.types import Float64, Int64


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


def _with_unmatched(rows: Int64, columns: Int64, shape: tuple[int, ...]) -> Assignment:
    free_rows, free_columns = np.ones(shape[0], bool), np.ones(shape[1], bool)
    free_rows[rows] = False
    free_columns[columns] = False
    return Assignment(rows, columns, np.flatnonzero(free_rows), np.flatnonzero(free_columns))
