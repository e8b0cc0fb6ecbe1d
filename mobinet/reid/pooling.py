"""Many vectors into better ones: the views of a track into one, a vector with its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.reid.neighbours import nearest_neighbours
from mobinet.reid.vectors import check_pair, check_vectors, unit_vectors
from mobinet.types import Float32, Int64


def pool_tracks(
    vectors: Float32, tracks: Int64, qualities: NDArray[np.floating] | None = None
) -> tuple[Int64, Float32]:
    """The tracks in rising order, and ``(T, D)`` unit vectors: the mean of each track's views, weighted by quality.

    Args:
        vectors: ``(N, D)`` float32.
        tracks: ``(N,)`` which track each is from.
        qualities: ``(N,)`` not negative; all alike by default, and where a track's are all zero.

    Raises:
        InputError: lengths disagree, or a quality is negative or not finite.
    """
    check_vectors("vectors", vectors)
    weights = np.ones(len(vectors)) if qualities is None else np.asarray(qualities, np.float64)
    if tracks.shape != (len(vectors),) or weights.shape != (len(vectors),):
        raise InputError(
            f"expected a track and a quality for each of {len(vectors)} vectors, got shapes {tracks.shape} and "
            f"{weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError("qualities: expected finite numbers that are not negative")
    names, places = np.unique(tracks, return_inverse=True)
    places = places.ravel()
    useless = np.bincount(places, weights, len(names)) == 0
    weights = np.where(useless[places], 1.0, weights)
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, places, vectors * weights[:, None])
    return names, unit_vectors(sums)


def expand_queries(queries: Float32, gallery: Float32, count: int = 5, alpha: float = 3.0) -> Float32:
    """``(Q, D)`` unit vectors: each query with its nearest of the gallery, weighted by similarity ** ``alpha``.

    Radenovic et al., "Fine-tuning CNN Image Retrieval with No Human Annotation" (2018); ``alpha`` 0 is the mean,
    average query expansion.

    Raises:
        InputError: a shape, type or value that is not so.
    """
    check_pair(queries, gallery)
    similarities = queries @ gallery.T
    count = min(count, len(gallery))
    nearest = (
        np.argpartition(-similarities, count - 1, axis=1)[:, :count] if count else np.zeros((len(queries), 0), int)
    )
    weights = np.maximum(np.take_along_axis(similarities, nearest, axis=1), 0).astype(np.float64) ** alpha
    return unit_vectors(queries + np.einsum("ik,ikj->ij", weights, gallery[nearest]))


def enhance(vectors: Float32, count: int = 5, alpha: float = 3.0) -> Float32:
    """``(N, D)`` unit vectors: each with its nearest of all, weighted by similarity: the gallery's side of expansion.

    Raises:
        InputError: a shape, type or value that is not so.
    """
    check_vectors("vectors", vectors)
    if not len(vectors):
        return vectors.copy()
    near = nearest_neighbours(vectors, count + 1).indices
    similarities = np.einsum("ij,ikj->ik", vectors, vectors[near])
    weights = np.maximum(similarities, 0).astype(np.float64) ** alpha
    return unit_vectors(np.einsum("ik,ikj->ij", weights, vectors[near]))
