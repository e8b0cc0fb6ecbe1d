from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.tracking import fill_gaps


def box(x: float) -> list[float]:
    return [x, 0.0, x + 10, 20.0]


@pytest.mark.parametrize(
    ("rows", "max_gap", "added"),
    [
        # two missing images between
        ([(1, 7, 0.0), (4, 7, 30.0)], 2, [(2, 7, 10.0), (3, 7, 20.0)]),
        # the gap is too long
        ([(1, 7, 0.0), (4, 7, 30.0)], 1, []),
        # nothing is missing
        ([(1, 7, 0.0), (2, 7, 30.0)], 9, []),
        # two tracks are not one
        ([(1, 7, 0.0), (4, 8, 30.0)], 9, []),
        # in any order, two gaps of two tracks
        ([(5, 1, 4.0), (3, 2, 6.0), (1, 2, 0.0), (3, 1, 0.0)], 9, [(2, 2, 3.0), (4, 1, 2.0)]),
        ([], 9, []),
    ],
)
def test_gaps_are_filled_on_a_line(rows, max_gap, added):
    frames, ids = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    boxes = np.array([box(row[2]) for row in rows], np.float32).reshape(-1, 4)
    got = fill_gaps(frames, ids, boxes, max_gap)
    expected = sorted((*rows, *added))
    assert list(zip(got[0].tolist(), got[1].tolist(), strict=True)) == [row[:2] for row in expected]
    np.testing.assert_allclose(got[2], np.array([box(row[2]) for row in expected]).reshape(-1, 4), rtol=1e-6)


def test_refuses_columns_of_different_length():
    with pytest.raises(InputError, match="as many frames as ids and boxes, got 1, 2, 0"):
        fill_gaps(np.array([1]), np.array([1, 2]), np.zeros((0, 4), np.float32), 3)
