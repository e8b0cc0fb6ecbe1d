from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mobinet.assignment import assign, assign_pairs
from mobinet.errors import InputError

INF = np.inf
COSTS = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4), elements=st.floats(0, 2))


def least_total(cost: np.ndarray, limit: float) -> float:
    """By trying all pairings; a row or column left alone costs half the limit, a pair of both the limit."""
    rows, columns = cost.shape
    if rows > columns:
        return least_total(cost.T, limit)
    totals = (
        sum(min(cost[row, column], limit) for row, column in enumerate(p)) for p in permutations(range(columns), rows)
    )
    return min(totals)


@pytest.mark.parametrize(
    ("cost", "limit", "pairs", "alone"),
    [
        # the cheapest pair of a row may belong to another
        ([[0.1, 0.2], [0.1, 0.9]], 1.0, [(0, 1), (1, 0)], ([], [])),
        # a good pair is not given up to make two bad ones
        ([[0.1, 0.7], [0.7, INF]], 0.8, [(0, 0)], ([1], [1])),
        # a cost of exactly the limit is allowed
        ([[0.5]], 0.5, [(0, 0)], ([], [])),
        # above it is not
        ([[0.51]], 0.5, [], ([0], [0])),
        # nothing is allowed
        ([[INF, INF]], 1.0, [], ([0], [0, 1])),
        # more rows than columns
        ([[0.3], [0.2], [0.4]], 1.0, [(1, 0)], ([0, 2], [])),
    ],
)
def test_pairs(cost, limit, pairs, alone):
    answer = assign(np.array(cost), limit)
    assert list(zip(answer.rows.tolist(), answer.columns.tolist(), strict=True)) == pairs
    assert (answer.unmatched_rows.tolist(), answer.unmatched_columns.tolist()) == alone


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_empty(shape):
    answer = assign(np.zeros(shape), 1.0)
    assert len(answer.rows) == len(answer.columns) == 0
    assert (len(answer.unmatched_rows), len(answer.unmatched_columns)) == shape


@given(cost=COSTS, limit=st.floats(0.1, 1.9))
def test_total_is_the_least(cost, limit):
    answer = assign(cost, limit)
    pairs = min(cost.shape)
    total = cost[answer.rows, answer.columns].sum() + limit * (pairs - len(answer.rows))
    assert total == pytest.approx(least_total(cost, limit) if cost.size else 0.0)
    assert (cost[answer.rows, answer.columns] <= limit).all()


@given(cost=COSTS, limit=st.floats(0.1, 1.9))
def test_every_row_and_column_is_named_once(cost, limit):
    answer = assign(cost, limit)
    assert sorted([*answer.rows, *answer.unmatched_rows]) == list(range(cost.shape[0]))
    assert sorted([*answer.columns, *answer.unmatched_columns]) == list(range(cost.shape[1]))


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 6), columns=st.integers(1, 6))
def test_order_of_rows_and_columns_does_not_matter(seed, rows, columns):
    random = np.random.default_rng(seed)  # random costs have one best pairing
    cost = random.random((rows, columns))
    row_order, column_order = random.permutation(rows), random.permutation(columns)
    plain, shuffled = assign(cost, 0.6), assign(cost[row_order][:, column_order], 0.6)
    back = zip(row_order[shuffled.rows].tolist(), column_order[shuffled.columns].tolist(), strict=True)
    assert set(back) == set(zip(plain.rows.tolist(), plain.columns.tolist(), strict=True))


@pytest.mark.parametrize(
    ("cost", "limit", "message"),
    [
        (np.zeros(3), 1.0, r"expected a matrix \(N, M\), got shape \(3,\)"),
        (np.array([[np.nan]]), 1.0, "expected no NaN"),
        (np.zeros((1, 1)), INF, "a finite limit"),
    ],
)
def test_refuses(cost, limit, message):
    with pytest.raises(InputError, match=message):
        assign(cost, limit)


@pytest.mark.parametrize("spread", [1, 1000])
@given(cost=COSTS, limit=st.floats(0.1, 1.9))
def test_listed_pairs_are_made_as_those_of_a_matrix(spread, cost, limit):
    # rows and columns far apart are solved in independent groups
    rows, columns = np.nonzero(cost < 1.5)
    made = assign_pairs(spread * rows, spread * columns, cost[rows, columns], limit)
    answer = assign(np.where(cost < 1.5, cost, INF), limit)
    pairs = min(cost.shape)
    totals = [
        cost[r, c].sum() + limit * (pairs - len(r))
        for r, c in ((rows[made], columns[made]), (answer.rows, answer.columns))
    ]
    assert totals[0] == pytest.approx(totals[1])
    assert (cost[rows[made], columns[made]] <= limit).all()
    assert len(set(rows[made])) == len(set(columns[made])) == len(made)
    assert (np.diff(made) > 0).all()


def test_many_independent_groups_are_solved_alike():
    # 200 pairs of rows that want the same of two columns; each second group is out of the others' reach
    random = np.random.default_rng(11)
    rows, columns = (grid.ravel() for grid in np.indices((2, 2)))
    offsets = 2 * np.arange(200)[:, None]
    rows, columns, cost = (rows + offsets).ravel(), (columns + offsets).ravel(), random.random(800)
    matrix = np.full((400, 400), INF)
    matrix[rows, columns] = cost
    answer = assign(matrix, 0.7)
    made = assign_pairs(rows, columns, cost, 0.7)
    np.testing.assert_array_equal(rows[made], answer.rows)
    np.testing.assert_array_equal(columns[made], answer.columns)


def test_no_pairs():
    none = np.zeros(0, np.int64)
    assert len(assign_pairs(none, none, np.zeros(0), 1.0)) == 0
    # and none that is cheap enough
    assert len(assign_pairs(np.array([3]), np.array([4]), np.array([INF]), 1.0)) == 0
