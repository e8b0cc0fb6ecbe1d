"""Vectors in memory, searched for the nearest: what every index is, and the one that NumPy alone makes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float32, Int64

_BLOCK = 8192
NOBODY = -1


class VectorIndex(Protocol):
    """Unit vectors by slot, a number above 0 that is never used twice."""

    def __len__(self) -> int: ...

    def put(self, slots: Int64, vectors: Float32) -> None:
        """Adds vectors ``(N, D)``, or replaces those of slots that are there."""
        ...

    def remove(self, slots: Int64) -> None:
        """Overwrites and drops them; all are there."""
        ...

    def search(self, queries: Float32, count: int) -> tuple[Float32, Int64]:
        """``(Q, K)`` cosines, the highest first, and their slots: K is ``count``; cosine -1 and slot -1 where there
        are fewer."""
        ...


class SlotRows:
    """In which row of a dense table each slot is, and back; the last row fills a hole."""

    def __init__(self) -> None:
        self.slots: Int64 = np.zeros(0, np.int64)
        self._rows = np.full(1024, NOBODY, np.int64)

    def __len__(self) -> int:
        return self._count

    _count = 0

    def rows_of(self, slots: Int64) -> Int64:
        """Rows, -1 for those not there."""
        known = np.where(slots < len(self._rows), slots, 0)
        rows: Int64 = self._rows[known]
        return rows

    def append(self, slots: Int64) -> None:
        end = self._count + len(slots)
        self.slots = grown(self.slots, end)
        self.slots[self._count : end] = slots
        if len(slots) and slots.max() >= len(self._rows):
            longer = np.full(max(int(slots.max()) + 1, 2 * len(self._rows)), NOBODY, np.int64)
            longer[: len(self._rows)] = self._rows
            self._rows = longer
        self._rows[slots] = np.arange(self._count, end)
        self._count = end

    def drop_last_into(self, row: int) -> int:
        """Forgets the slot in ``row`` and gives its row to the last one, whose former row is returned."""
        last = self._count - 1
        self._rows[self.slots[row]] = NOBODY
        if row != last:
            self.slots[row] = self.slots[last]
            self._rows[self.slots[row]] = row
        self.slots[last] = NOBODY
        self._count = last
        return last


class NumpyIndex:
    """See VectorIndex. Compares with every vector.

    Args:
        dimension: length of the vectors.
    """

    def __init__(self, dimension: int) -> None:
        self._vectors: Float32 = np.zeros((0, dimension), np.float32)
        self._rows = SlotRows()

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, slots: Int64, vectors: Float32) -> None:
        """See VectorIndex."""
        rows = self._rows.rows_of(slots)
        there = rows >= 0
        self._vectors[rows[there]] = vectors[there]
        start = len(self)
        self._rows.append(slots[~there])
        self._vectors = grown(self._vectors, len(self))
        self._vectors[start : len(self)] = vectors[~there]

    def remove(self, slots: Int64) -> None:
        """See VectorIndex."""
        for slot in slots:
            row = int(self._rows.rows_of(np.array([slot]))[0])
            last = self._rows.drop_last_into(row)
            self._vectors[row] = self._vectors[last]
            self._vectors[last] = 0

    def search(self, queries: Float32, count: int) -> tuple[Float32, Int64]:
        """See VectorIndex."""
        scores: Float32 = np.full((len(queries), count), -1, np.float32)
        slots: Int64 = np.full((len(queries), count), NOBODY, np.int64)
        for left in range(0, len(self), _BLOCK):
            block = queries @ self._vectors[left : min(left + _BLOCK, len(self))].T
            numbers = np.broadcast_to(self._rows.slots[left : left + block.shape[1]], block.shape)
            block, numbers = np.concatenate([scores, block], axis=1), np.concatenate([slots, numbers], axis=1)
            best = np.argpartition(-block, count - 1, axis=1)[:, :count]
            scores, slots = np.take_along_axis(block, best, axis=1), np.take_along_axis(numbers, best, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(slots, order, axis=1)


def grown(table: NDArray[Any], rows: int) -> NDArray[Any]:
    """The table, or a larger one that begins with it, with room for so many rows."""
    if rows <= len(table):
        return table
    larger = np.zeros((max(rows, 2 * len(table), 64), *table.shape[1:]), table.dtype)
    larger[: len(table)] = table
    return larger
