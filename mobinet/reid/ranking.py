"""The whole chain from vectors to an order: whom of a gallery each query shows, each part to be switched.

In this order: camera bias out of the vectors, one vector for each track, each vector of the gallery joined with its
like, queries with theirs, then distances without what orientation and background explain and with a penalty on the same
camera, re-ranked by k-reciprocal neighbours, and one distance for all views of a track.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.reid.bias import BiasVectors, BiasWeights, explained_by_bias, join_bias
from mobinet.reid.distances import by_track
from mobinet.reid.neighbours import weighted_squared_distances
from mobinet.reid.pooling import enhance, expand_queries, pool_tracks
from mobinet.reid.reciprocal import ReciprocalSettings, k_reciprocal
from mobinet.reid.vectors import check_pair, check_vectors
from mobinet.reid.whitening import without_camera_bias
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Int64

NO_TRACK = -1


@dataclass(frozen=True)
class RankingSettings:
    """Which parts run, and how strongly; what needs cameras, tracks or bias vectors is passed over without them.

    Raises:
        SettingsError: a value is out of range.
    """

    whitening: bool = setting(True, "each camera's mean and main directions are taken out of its vectors (FIC)")
    ridge: float = setting(100.0, "of the whitening, multiple of the mean variance", minimum=1e-3, maximum=1e6)
    fitted: bool = setting(
        True, "the next two weights are multiples of what orientation and background explain of the distances of this "
        "gallery, 1 takes off just that; else they are absolute",
    )  # fmt: skip
    orientation_weight: float = setting(
        0.0, "of the distance in orientation, which is taken off", minimum=0.0, maximum=10.0
    )
    background_weight: float = setting(
        0.0, "of the distance in background, which is taken off", minimum=0.0, maximum=10.0
    )
    camera_penalty: float = setting(0.05, "added to the distance of two views of one camera", minimum=0.0, maximum=10.0)
    pooling: bool = setting(True, "a track of the gallery has one vector, the mean of its views by quality")
    enhancement: int = setting(2, "nearest that each vector of the gallery is joined with, 0 for none", minimum=0)
    expansion: int = setting(0, "nearest that each query is joined with, 0 for none", minimum=0)
    alpha: float = setting(3.0, "power of the similarity that weights those nearest", minimum=0.0, maximum=100.0)
    reciprocal: bool = setting(True, "re-ranking by k-reciprocal neighbours")
    k1: int = setting(
        8, "neighbours that may be reciprocal; 20 was published for views, tracks are fewer", minimum=1, maximum=1000
    )
    k2: int = setting(
        3, "neighbours over which an encoding is averaged, published: 6; 1 for none", minimum=1, maximum=1000
    )
    original_weight: float = setting(
        0.3, "of the original distance; the rest is the Jaccard distance", minimum=0.0, maximum=1.0
    )
    by_track: bool = setting(False, "all views of a track at their mean distance; pooling does so by itself")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Views:
    """N views to be ranked; what is not known is ``None``.

    Args:
        vectors: ``(N, D)`` float32 appearance, of length 1.
        orientations, backgrounds: ``(N, O)`` and ``(N, B)`` float32 of length 1, see ``mobinet.reid.bias``.
        cameras: ``(N,)`` which camera each is from, integers or strings.
        tracks: ``(N,)`` int64 number of the track, -1 for none.
        qualities: ``(N,)`` weights within a track, not negative.

    Raises:
        InputError: lengths disagree, a vector is zero or not finite.
    """

    vectors: Float32
    orientations: Float32 | None = None
    backgrounds: Float32 | None = None
    cameras: NDArray[Any] | None = None
    tracks: Int64 | None = None
    qualities: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        for name in ("vectors", "orientations", "backgrounds"):
            values = getattr(self, name)
            if values is not None:
                check_vectors(name, values)
                zero = ~values.any(axis=1)
                if zero.any():
                    raise InputError(
                        f"{name}: vector {int(np.argmax(zero))} is zero, expected length 1; drop that view"
                    )
        for name in ("orientations", "backgrounds", "cameras", "tracks", "qualities"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.vectors):
                raise InputError(f"{name}: expected one for each of {len(self.vectors)} vectors, got {len(values)}")

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class _Chain:
    """What the parts hand on: vectors of queries and of the gallery's units (views or tracks)."""

    queries: Float32
    gallery: Float32
    query_bias: BiasVectors
    gallery_bias: BiasVectors
    # of each unit its track, and of each view of the gallery the row of its unit
    tracks: Int64 | None
    units: Int64


def rank(queries: Views, gallery: Views, settings: RankingSettings | None = None) -> Int64:
    """``(Q, G)`` rows of the gallery for each query, the most alike first, equals by rising row.

    Raises:
        InputError: vectors of different lengths.
    """
    return np.argsort(rank_distances(queries, gallery, settings), axis=1, kind="stable").astype(np.int64)


def rank_distances(queries: Views, gallery: Views, settings: RankingSettings | None = None) -> Float32:
    """``(Q, G)`` distances after all parts, smaller is more alike; comparable within a query.

    Raises:
        InputError: vectors of different lengths.
    """
    settings = settings or RankingSettings()
    check_pair(queries.vectors, gallery.vectors)
    if not len(queries) or not len(gallery):
        return np.zeros((len(queries), len(gallery)), np.float32)
    chain = _units(queries, gallery, settings)
    reference, asked = chain.gallery, chain.queries
    if settings.enhancement:
        reference = enhance(reference, settings.enhancement, settings.alpha)
    if settings.expansion:
        asked = expand_queries(asked, chain.gallery, settings.expansion, settings.alpha)
    distances = _distances(asked, reference, chain, settings)[:, chain.units]
    if settings.by_track and gallery.tracks is not None:
        return by_track(distances, _own_tracks(gallery.tracks))
    return np.ascontiguousarray(distances)


def _units(queries: Views, gallery: Views, settings: RankingSettings) -> _Chain:
    asked, reference = queries.vectors, gallery.vectors
    if settings.whitening and queries.cameras is not None and gallery.cameras is not None:
        both = np.concatenate([asked, reference])
        cameras = np.concatenate([np.asarray(queries.cameras), np.asarray(gallery.cameras)])
        both = without_camera_bias(both, cameras, settings.ridge, tracks=_tracks_of_both(queries, gallery))
        asked, reference = both[: len(queries)], both[len(queries) :]
    query_bias = BiasVectors(queries.orientations, queries.backgrounds, queries.cameras)
    bias = BiasVectors(gallery.orientations, gallery.backgrounds, gallery.cameras)
    if not settings.pooling or gallery.tracks is None:
        own = None if gallery.tracks is None else _own_tracks(gallery.tracks)
        return _Chain(asked, reference, query_bias, bias, own, np.arange(len(gallery)))
    tracks = _own_tracks(gallery.tracks)
    names, first, units = np.unique(tracks, return_index=True, return_inverse=True)
    pooled = [
        None if vectors is None else pool_tracks(vectors, tracks, gallery.qualities)[1]
        for vectors in (reference, gallery.orientations, gallery.backgrounds)
    ]
    assert pooled[0] is not None
    cameras_of_tracks = None if gallery.cameras is None else np.asarray(gallery.cameras)[first]
    pooled_bias = BiasVectors(pooled[1], pooled[2], cameras_of_tracks)
    return _Chain(asked, pooled[0], query_bias, pooled_bias, names, units.ravel())


def _tracks_of_both(queries: Views, gallery: Views) -> Int64 | None:
    """Queries are of no track of the gallery."""
    if gallery.tracks is None:
        return None
    tracks = _own_tracks(gallery.tracks)
    both: Int64 = np.concatenate([tracks.max(initial=0) + 1 + np.arange(len(queries)), tracks])
    return both


def _own_tracks(tracks: Int64) -> Int64:
    """Views without a track are tracks of their own."""
    tracks = np.asarray(tracks, np.int64)
    alone = tracks == NO_TRACK
    return np.where(alone, tracks.max(initial=0) + 1 + np.arange(len(tracks)), tracks)


def _distances(queries: Float32, gallery: Float32, chain: _Chain, settings: RankingSettings) -> Float32:
    """``(Q, U)``: half of squared Euclidean distances of unit vectors are cosine distances, and so are the biases'."""
    weights = _bias_weights(gallery, chain, settings)
    asked, reference, signs = join_bias(queries, gallery, chain.query_bias, chain.gallery_bias, weights)
    if settings.reciprocal:
        sizes = ReciprocalSettings(settings.k1, settings.k2, settings.original_weight)
        return k_reciprocal(asked, reference, sizes, signs)
    return weighted_squared_distances(asked, reference, signs)


def _bias_weights(gallery: Float32, chain: _Chain, settings: RankingSettings) -> BiasWeights:
    given = BiasWeights(settings.orientation_weight, settings.background_weight, settings.camera_penalty)
    if not settings.fitted or not (given.orientation or given.background):
        return given
    found = explained_by_bias(gallery, chain.gallery_bias, chain.tracks)
    return replace(
        given, orientation=given.orientation * found.orientation, background=given.background * found.background
    )
