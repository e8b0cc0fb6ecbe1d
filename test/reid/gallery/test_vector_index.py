"""Every index against a table searched by sorting."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import GalleryError
from mobinet.reid.gallery.faiss_index import ExactIndex, GraphIndex
from mobinet.reid.gallery.vector_index import NumpyIndex

DIMENSION = 24


@pytest.fixture(params=[NumpyIndex, ExactIndex, GraphIndex])
def index(request):
    if request.param is not NumpyIndex:
        pytest.importorskip("faiss")
    return request.param(DIMENSION)


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    vectors = rng.normal(size=(count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_agrees_with_a_table_after_any_changes(index):
    rng = np.random.default_rng(0)
    table: dict[int, np.ndarray] = {}
    next_slot = 1
    for _ in range(40):
        fresh = np.arange(next_slot, next_slot + rng.integers(1, 30))
        next_slot = int(fresh[-1]) + int(rng.integers(1, 40))
        known = np.array(list(table), np.int64)
        moved = known[rng.random(len(known)) < 0.1]
        slots = np.concatenate([fresh, moved])
        vectors = unit(rng, len(slots))
        index.put(slots, vectors)
        table.update(zip(slots.tolist(), vectors, strict=True))
        gone = np.array([slot for slot in table if rng.random() < 0.2], np.int64)
        index.remove(gone)
        for slot in gone.tolist():
            del table[slot]
        assert len(index) == len(table)
        queries = unit(rng, 3)
        scores, found = index.search(queries, 5)
        slots, vectors = np.array(list(table)), np.stack(list(table.values()))
        expected = queries @ vectors.T
        for row in range(3):
            order = np.argsort(-expected[row])[:5]
            assert found[row, : len(order)].tolist() == slots[order].tolist()
            np.testing.assert_allclose(scores[row, : len(order)], expected[row, order], atol=2e-3)
            assert (found[row, len(order) :] == -1).all()


def test_finds_nobody_where_there_are_fewer(index):
    vectors = unit(np.random.default_rng(1), 3)
    index.put(np.array([4, 9, 2]), vectors)
    scores, slots = index.search(vectors[:1], 5)
    assert slots[0, 0] == 4
    assert slots[0, 3:].tolist() == [-1, -1]
    assert scores[0, 3:].tolist() == [-1, -1]


def test_a_graph_begins_where_it_was_left():
    pytest.importorskip("faiss")
    rng = np.random.default_rng(2)
    vectors, slots = unit(rng, 500), np.arange(1, 501)
    before = GraphIndex(DIMENSION)
    before.put(slots, vectors)
    before.remove(np.array([7, 8]))
    graph, knots = before.graph()
    # vectors are not in it
    assert vectors[20].astype("<f2").tobytes() not in graph
    assert vectors[20].tobytes() not in graph
    vectors[6:8] = 0
    after = GraphIndex(DIMENSION, graph, knots, vectors)
    queries = unit(rng, 50)
    for one, other in zip(before.search(queries, 3), after.search(queries, 3), strict=True):
        np.testing.assert_allclose(one, other)
    after.put(np.array([900]), queries[:1])
    assert after.search(queries[:1], 1)[1].tolist() == [[900]]
    with pytest.raises(GalleryError, match="500 knots"):
        GraphIndex(DIMENSION, graph, knots, vectors[:-1])
