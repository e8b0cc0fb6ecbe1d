"""How alike tracks and detections look, and how much that says."""

from __future__ import annotations

import numpy as np

from mobinet.errors import InputError
from mobinet.tracking.settings import TrackerSettings
from mobinet.types import Float32, Float64, Int64

# A look is as old as this when it is a mean over that many sure detections.
_MEMORY = 0.9
# A pair that looks alike must not cost more than one whose looks are not known.
_NEUTRAL = 0.5


def check_embeddings(embeddings: Float32 | None, count: int, known: Float32) -> Float32:
    """``(M, D)`` float32 unit vectors; a row of zeros where nothing is known of a detection.

    Args:
        embeddings: of the caller; ``None`` for none at all.
        count: M, number of detections.
        known: ``(N, D)`` those of the tracks, of no width as long as none was given.

    Raises:
        InputError: the shape is not ``(M, D)``, D changed, or a value is not finite.
    """
    if embeddings is None:
        return np.zeros((count, known.shape[1]), np.float32)
    try:
        with np.errstate(over="ignore"):  # what float32 does not hold is told below
            vectors = np.asarray(embeddings, np.float32)
    except (TypeError, ValueError):
        raise InputError(f"embeddings: expected numbers of shape ({count}, D), got {embeddings!r}") from None
    if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
        raise InputError(f"embeddings: expected shape ({count}, D), one row for each detection, got {vectors.shape}")
    if known.shape[1] and vectors.shape[1] != known.shape[1]:
        raise InputError(
            f"embeddings: expected {known.shape[1]} numbers as before, got {vectors.shape[1]}; call reset() when the "
            "embedder changes"
        )
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
        raise InputError(f"embeddings: row {row} is not finite; give zeros where there is no embedding")
    # in float64, where squares of very large and very small numbers fit
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: Float32 = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    return unit


def unlikeness(tracks: Int64, detections: Int64, looks: Float32, found: Float32, settings: TrackerSettings) -> Float64:
    """``(K,)`` what the looks of each pair add to its cost: more than nothing below a cosine of 0.5, less above it.

    It counts more where the best and the second best of a track's or a detection's candidates differ much, and less
    where all look alike (adaptive weighting, Maggiolino et al., Deep OC-SORT, ICIP 2023, eq. 4).

    Args:
        tracks, detections: ``(K,)`` which track and which detection a pair is of.
        looks: ``(K, D)`` of the pairs' tracks, zeros where none is known.
        found: ``(K, D)`` of their detections, likewise.
    """
    likeness = np.einsum("kd,kd->k", looks, found).astype(np.float64)
    known = looks.any(axis=1) & found.any(axis=1)
    distinct = 0.5 * (_lead(tracks, likeness) + _lead(detections, likeness))
    weight = settings.appearance_weight * (0.5 + np.minimum(distinct, 0.5))
    return np.where(known, weight * (_NEUTRAL - likeness), 0.0)


def remember(looks: Float32, rows: Int64, found: Float32, scores: Float64, settings: TrackerSettings) -> None:
    """Mixes the detections' looks into those of ``rows``, the surer the detection the more (Maggiolino, eq. 2).

    Args:
        looks: ``(N, D)``, changed in place.
        rows: ``(K,)`` of ``looks``.
        found: ``(K, D)``; zeros change nothing.
        scores: ``(K,)``.
    """
    sureness = np.clip((scores - settings.low_score) / max(1 - settings.low_score, 1e-6), 0, 1)
    share = (1 - (_MEMORY + (1 - _MEMORY) * (1 - sureness)))[:, None].astype(np.float32)
    old = looks[rows]
    share = np.where(old.any(axis=1, keepdims=True), share, 1.0)
    mixed = (1 - share) * old + share * found
    mixed = np.where(found.any(axis=1, keepdims=True), mixed, old)
    looks[rows] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)


def _lead(owners: Int64, likeness: Float64) -> Float64:
    """``(K,)`` how far the best pair of each one's owner is ahead of the second best; 0 where it is the only one."""
    if not len(owners):
        return likeness
    order = np.lexsort((-likeness, owners))
    owner, value = owners[order], likeness[order]
    (first,) = np.concatenate(([True], owner[1:] != owner[:-1])).nonzero()
    first = first[owner[np.minimum(first + 1, len(owner) - 1)] == owner[first]]
    first = first[first + 1 < len(owner)]
    lead = np.zeros(int(owners.max()) + 1)
    lead[owner[first]] = value[first] - value[first + 1]
    return lead[owners]
