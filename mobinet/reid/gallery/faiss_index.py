"""Vectors searched by FAISS: exactly, or through a graph of neighbours (HNSW). The only module that imports faiss.

Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small World
graphs" (2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import GalleryError, MissingDependencyError
from mobinet.reid.gallery.vector_index import NOBODY, SlotRows, grown
from mobinet.types import Float32, Int64

_LINKS = 32
_BUILD_BEAM = 40
# a wider beam finds more and takes longer: 128 finds the nearest of a million in over 99 of 100 cases
_SEARCH_BEAM = 128


def import_faiss() -> Any:
    """Raises MissingDependencyError."""
    try:
        import faiss
    except ImportError as error:
        raise MissingDependencyError("faiss-cpu", "searching a large gallery") from error
    return faiss


class ExactIndex:
    """See VectorIndex. FAISS's IndexFlatIP, with its vectors replaced in place.

    Args:
        dimension: length of the vectors.

    Raises:
        MissingDependencyError: no FAISS.
    """

    def __init__(self, dimension: int) -> None:
        self._faiss = import_faiss()
        self._dimension = dimension
        self._index = self._faiss.IndexFlatIP(dimension)
        self._rows = SlotRows()

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, slots: Int64, vectors: Float32) -> None:
        """See VectorIndex."""
        rows = self._rows.rows_of(slots)
        there = rows >= 0
        if there.any():
            self.vectors()[rows[there]] = vectors[there]
        if not there.all():
            self._index.add(np.ascontiguousarray(vectors[~there]))
            self._rows.append(slots[~there])

    def remove(self, slots: Int64) -> None:
        """See VectorIndex."""
        for slot in slots:
            row = int(self._rows.rows_of(np.array([slot]))[0])
            last = self._rows.drop_last_into(row)
            vectors = self.vectors()
            vectors[row] = vectors[last]
            vectors[last] = 0
            self._index.remove_ids(self._faiss.IDSelectorRange(last, last + 1))

    def search(self, queries: Float32, count: int) -> tuple[Float32, Int64]:
        """See VectorIndex."""
        scores, rows = self._index.search(queries, count)
        return _with_slots(scores, rows, self._rows.slots)

    def vectors(self) -> Float32:
        """``(N, D)``: a view on FAISS's memory, until the next vector is added."""
        size = self._index.ntotal * self._dimension
        raw = self._faiss.rev_swig_ptr(self._index.get_xb(), size) if size else np.zeros(0, np.float32)
        vectors: Float32 = raw.reshape(-1, self._dimension)
        return vectors

    def slots(self) -> Int64:
        """``(N,)`` of the vectors, in their order."""
        return self._rows.slots[: len(self)]


class GraphIndex:
    """See VectorIndex. FAISS's HNSW over half precision; what is removed stays as an empty knot of the graph.

    Args:
        dimension: length of the vectors.
        graph: bytes of ``graph()``, to begin with a graph that was built before.
        slots: ``(N,)`` of the graph's knots.
        vectors: ``(N, D)`` of the knots; rows of knots that are gone are zero, and their slots -1.

    Raises:
        MissingDependencyError: no FAISS.
        GalleryError: the graph does not fit.
    """

    def __init__(
        self, dimension: int, graph: bytes | None = None, slots: Int64 | None = None, vectors: Float32 | None = None
    ) -> None:
        self._faiss = import_faiss()
        self._dimension = dimension
        half = self._faiss.ScalarQuantizer.QT_fp16
        product = self._faiss.METRIC_INNER_PRODUCT
        if graph is None:
            self._index = self._faiss.IndexHNSWSQ(dimension, half, _LINKS, product)
            # half precision has nothing to learn
            self._index.is_trained = True
        else:
            self._index = self._faiss.deserialize_index(np.frombuffer(graph, np.uint8))
            storage = self._faiss.IndexScalarQuantizer(dimension, half, product)
            storage.is_trained = True
            if vectors is None or self._index.ntotal != len(vectors) or self._index.d != dimension:
                raise GalleryError(f"the stored graph has {self._index.ntotal} knots; build it again ('compact')")
            storage.add(vectors)
            self._index.storage = storage
            self._index.own_fields = True
            storage.this.disown()
        self._index.hnsw.efConstruction = _BUILD_BEAM
        self._slots: Int64 = np.zeros(0, np.int64) if slots is None else slots.copy()
        self._row_of: dict[int, int] = {int(slot): row for row, slot in enumerate(self._slots) if slot != NOBODY}

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def empty_knots(self) -> int:
        return int(self._index.ntotal) - len(self)

    def put(self, slots: Int64, vectors: Float32) -> None:
        """See VectorIndex. A vector that is replaced keeps its links: prototypes move little at a time."""
        rows = np.array([self._row_of.get(int(slot), NOBODY) for slot in slots], np.int64)
        there = rows >= 0
        if there.any():
            self._codes()[rows[there]] = vectors[there]
        if there.all():
            return
        fresh, start = slots[~there], self._index.ntotal
        self._index.add(np.ascontiguousarray(vectors[~there]))
        self._slots = grown(self._slots, self._index.ntotal)
        self._slots[start : self._index.ntotal] = fresh
        self._row_of.update((int(slot), start + place) for place, slot in enumerate(fresh))

    def remove(self, slots: Int64) -> None:
        """See VectorIndex."""
        rows = [self._row_of.pop(int(slot)) for slot in slots]
        self._codes()[rows] = 0
        self._slots[rows] = NOBODY

    def search(self, queries: Float32, count: int) -> tuple[Float32, Int64]:
        """See VectorIndex."""
        beam = max(_SEARCH_BEAM, 2 * count)
        slots = self._slots[: self._index.ntotal]
        if not self.empty_knots:
            self._index.hnsw.efSearch = beam
            scores, rows = self._index.search(queries, count)
            return _with_slots(scores, rows, slots)
        chosen = self._faiss.IDSelectorBitmap(np.packbits(slots != NOBODY, bitorder="little"))
        parameters = self._faiss.SearchParametersHNSW(sel=chosen, efSearch=beam)
        scores, rows = self._index.search(queries, count, params=parameters)
        return _with_slots(scores, rows, slots)

    def graph(self) -> tuple[bytes, Int64]:
        """The graph without the vectors, and the slots of its knots (-1: empty)."""
        raw = self._faiss.serialize_index(self._index, self._faiss.IO_FLAG_SKIP_STORAGE)
        return raw.tobytes(), self._slots[: self._index.ntotal].copy()

    def _codes(self) -> NDArray[np.float16]:
        storage = self._faiss.downcast_index(self._index.storage)
        raw = self._faiss.rev_swig_ptr(storage.codes.data(), self._index.ntotal * self._dimension * 2)
        codes: NDArray[np.float16] = raw.view(np.float16).reshape(-1, self._dimension)
        return codes


def _with_slots(scores: Float32, rows: Int64, slots: Int64) -> tuple[Float32, Int64]:
    """FAISS marks what it has not found by row -1 and the lowest number."""
    found = rows >= 0
    if found.all():
        return scores, slots[rows]
    return np.where(found, scores, np.float32(-1)), np.where(found, slots[np.maximum(rows, 0)], NOBODY)
