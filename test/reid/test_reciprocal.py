"""Against the formula in dense matrices, as the paper and its authors' code have it."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.reid.neighbours import nearest_neighbours
from mobinet.reid.reciprocal import ReciprocalSettings, k_reciprocal
from mobinet.types import Float32, Float64

from .reciprocal_reference import distances, rerank_slowly


def some_vectors(count: int, dimension: int, seed: int, noise: float = 0.3) -> Float32:
    """Unit vectors of a few objects, so that neighbourhoods are reciprocal."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(count // 6, 1), dimension))
    vectors = centres[rng.integers(0, len(centres), count)] + noise * rng.normal(size=(count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("queries", "gallery", "settings"),
    [
        (7, 60, ReciprocalSettings()),
        (30, 200, ReciprocalSettings(k1=9, k2=3, weight=0.5)),
        # an odd half, no averaging, the original distance alone, and fewer vectors than neighbours
        (5, 90, ReciprocalSettings(k1=15, k2=1)),
        (5, 40, ReciprocalSettings(weight=1.0)),
        (2, 8, ReciprocalSettings(k1=20, k2=6)),
        (1, 1, ReciprocalSettings()),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_as_the_formula(queries: int, gallery: int, settings: ReciprocalSettings, seed: int) -> None:
    vectors = some_vectors(queries + gallery, 24, seed)
    found = k_reciprocal(vectors[:queries], vectors[queries:], settings)
    expected = rerank_slowly(vectors, queries, settings.k1, settings.k2, settings.weight)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_more_than_one_block() -> None:
    vectors = some_vectors(2300, 8, 4)
    found = k_reciprocal(vectors[:20], vectors[20:])
    np.testing.assert_allclose(found, rerank_slowly(vectors, 20, 20, 6, 0.3), atol=1e-5)


@pytest.mark.parametrize("total", [1, 5, 1030, 2100])
def test_neighbours_as_sorted(total: int) -> None:
    vectors = some_vectors(total, 6, 1, noise=1.0)
    # some that are equal
    vectors[total // 2 :: 7] = vectors[0]
    exact: Float64 = distances(vectors)
    found = nearest_neighbours(vectors, 9)
    best = np.sort(exact, axis=1)[:, :9]
    assert found.indices.shape == (total, min(9, total))
    np.testing.assert_allclose(np.take_along_axis(exact, found.indices.astype(int), 1), best, atol=1e-5)
    np.testing.assert_allclose(found.distances, best, atol=1e-5)
    np.testing.assert_allclose(found.furthest, exact.max(axis=1), atol=1e-5)
    assert all(len(set(row)) == len(row) for row in found.indices.tolist())


def test_all_the_same_vector() -> None:
    vectors = np.ones((30, 4), np.float32) / 2
    assert np.isfinite(k_reciprocal(vectors[:5], vectors[5:])).all()


def test_nothing_to_rank() -> None:
    none, some = np.zeros((0, 4), np.float32), np.ones((3, 4), np.float32)
    assert k_reciprocal(none, some).shape == (0, 3)
    assert k_reciprocal(some, none).shape == (3, 0)


@pytest.mark.parametrize(
    ("queries", "gallery", "message"),
    [
        (np.ones((2, 3), np.float32), np.ones((2, 4), np.float32), "queries have 3 numbers and the gallery 4"),
        (np.ones((2, 3)), np.ones((2, 3), np.float32), "queries: expected float32 of shape"),
        (np.ones((2, 3), np.float32), np.full((2, 3), np.nan, np.float32), "gallery: vector 0 is not finite"),
    ],
)
def test_wrong_vectors_are_named(queries: Float32, gallery: Float32, message: str) -> None:
    with pytest.raises(InputError, match=message):
        k_reciprocal(queries, gallery)
