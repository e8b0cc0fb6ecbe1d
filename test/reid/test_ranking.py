"""The chain as a whole: each part does what the function of its own does, and nothing where it is off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mobinet.errors import InputError, SettingsError
from mobinet.reid.bias import BiasVectors, explained_by_bias
from mobinet.reid.distances import (
    DistanceSettings,
    by_track,
    cosine_distances,
    with_camera_penalty,
    without_bias,
)  # fmt: skip
from mobinet.reid.pooling import enhance, expand_queries, pool_tracks
from mobinet.reid.ranking import RankingSettings, Views, rank, rank_distances
from mobinet.reid.reciprocal import k_reciprocal
from mobinet.reid.whitening import without_camera_bias
from mobinet.types import Float32

from .reciprocal_reference import rerank_slowly

NOTHING = RankingSettings(whitening=False, camera_penalty=0.0, pooling=False, enhancement=0, reciprocal=False)


def unit(vectors: np.ndarray) -> Float32:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def some_views(count: int, seed: int) -> Views:
    rng = np.random.default_rng(seed)
    return Views(
        unit(rng.normal(size=(count, 12))), unit(rng.normal(size=(count, 3))), unit(rng.normal(size=(count, 5))),
        rng.integers(0, 3, count), rng.integers(-1, 6, count), rng.uniform(0.1, 1, count),
    )  # fmt: skip


QUERIES, GALLERY = some_views(9, 0), some_views(40, 1)


def half(distances: Float32) -> Float32:
    return distances / 2


def test_nothing_is_the_cosine_distance() -> None:
    found = rank_distances(QUERIES, GALLERY, NOTHING)
    np.testing.assert_allclose(half(found), cosine_distances(QUERIES.vectors, GALLERY.vectors), atol=1e-5)
    np.testing.assert_array_equal(rank(QUERIES, GALLERY, NOTHING), np.argsort(found, axis=1, kind="stable"))


def test_bias_is_taken_off_as_in_the_equation() -> None:
    settings = replace(NOTHING, fitted=False, orientation_weight=0.3, background_weight=0.2, camera_penalty=0.1)
    pairs = [
        cosine_distances(getattr(QUERIES, name), getattr(GALLERY, name))
        for name in ("vectors", "orientations", "backgrounds")
    ]
    expected = without_bias(*pairs, DistanceSettings(0.3, 0.2))
    expected = with_camera_penalty(expected, QUERIES.cameras, GALLERY.cameras, 0.1)
    found = half(rank_distances(QUERIES, GALLERY, settings))
    # the penalty is written with the opposite constant, which no order depends on
    np.testing.assert_allclose(found + 0.1, expected, atol=1e-5)


def test_each_part_is_its_function() -> None:
    queries, gallery = QUERIES.vectors, GALLERY.vectors
    tracks = np.where(GALLERY.tracks < 0, 100 + np.arange(40), GALLERY.tracks)
    both = without_camera_bias(
        np.concatenate([queries, gallery]), np.concatenate([QUERIES.cameras, GALLERY.cameras]), 5.0,
        tracks=np.concatenate([200 + np.arange(9), tracks]),
    )  # fmt: skip
    names, pooled = pool_tracks(gallery, tracks, GALLERY.qualities)
    plain = cosine_distances(queries, gallery)
    expected = {
        "whitening": (replace(NOTHING, whitening=True, ridge=5.0), cosine_distances(both[:9], both[9:])),
        "pooling": (
            replace(NOTHING, pooling=True),
            cosine_distances(queries, pooled)[:, np.searchsorted(names, tracks)],
        ),
        "enhancement": (replace(NOTHING, enhancement=3), cosine_distances(queries, enhance(gallery, 3))),
        "expansion": (replace(NOTHING, expansion=2), cosine_distances(expand_queries(queries, gallery, 2), gallery)),
        "by_track": (replace(NOTHING, by_track=True), by_track(plain, tracks)),
    }
    for name, (settings, distances) in expected.items():
        np.testing.assert_allclose(half(rank_distances(QUERIES, GALLERY, settings)), distances, atol=1e-5, err_msg=name)
    reranked = rank_distances(QUERIES, GALLERY, replace(NOTHING, reciprocal=True, k1=6, k2=3))
    np.testing.assert_allclose(reranked, rerank_slowly(np.concatenate([queries, gallery]), 9, 6, 3, 0.3), atol=1e-5)


def test_reranking_by_corrected_distances_is_the_formula_on_them() -> None:
    # positive signs, so that nobody is nearer than oneself, which the slow formula does not know
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(60, 6)).astype(np.float32)
    signs = np.array([1, 1, 1, 1, 0.5, 0.25], np.float32)
    scaled = (vectors * np.sqrt(signs)).astype(np.float32)
    found = k_reciprocal(vectors[:7], vectors[7:], None, signs)
    np.testing.assert_allclose(found, rerank_slowly(scaled, 7, 20, 6, 0.3), atol=1e-5)


def test_bias_is_found_where_there_is_some() -> None:
    rng = np.random.default_rng(5)
    tracks = np.repeat(np.arange(200), 3)
    sides, cameras = rng.integers(0, 8, 600), rng.integers(0, 5, 200)[tracks]
    objects, cast, noise = (
        rng.normal(size=(200, 32))[tracks],
        rng.normal(size=(8, 32))[sides],
        rng.normal(size=(600, 32)),
    )
    orientations = np.eye(8, dtype=np.float32)[sides]
    bias = BiasVectors(orientations, None, cameras)
    found = explained_by_bias(unit(objects + cast + noise), bias, tracks)
    # a third of the vector is the side's: so much nearer are two of one side
    assert found.orientation == pytest.approx(1 / 3, abs=0.08)
    assert found.background == 0
    assert found.camera < 0.05
    assert explained_by_bias(unit(objects + noise), bias, tracks).orientation < 0.02
    assert explained_by_bias(unit(objects[:4]), BiasVectors(orientations[:4]), None).orientation == 0


def test_negative_distances_leave_everybody_his_own_nearest() -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(50, 8)).astype(np.float32)
    signs = np.array([1] * 6 + [-1] * 2, np.float32)
    found = k_reciprocal(vectors[:5], vectors[5:], None, signs)
    assert np.isfinite(found).all()
    with pytest.raises(InputError, match="signs: expected one for each of 8 numbers"):
        k_reciprocal(vectors[:5], vectors[5:], None, signs[:3])


def test_what_is_unknown_is_passed_over() -> None:
    bare = Views(QUERIES.vectors), Views(GALLERY.vectors)
    settings = RankingSettings(
        orientation_weight=1.0, background_weight=1.0, camera_penalty=1.0, by_track=True, enhancement=0, k1=20, k2=6
    )
    expected = k_reciprocal(QUERIES.vectors, GALLERY.vectors)
    np.testing.assert_allclose(rank_distances(*bare, settings), expected, atol=1e-6)


def test_views_of_a_pooled_track_come_together() -> None:
    order = rank(QUERIES, GALLERY, RankingSettings())
    for row in order:
        tracks = GALLERY.tracks[row]
        for track in range(6):
            places = np.flatnonzero(tracks == track)
            assert places[-1] - places[0] == len(places) - 1


def test_nobody_asks_or_nobody_is_there() -> None:
    none = Views(np.zeros((0, 12), np.float32))
    assert rank(none, Views(GALLERY.vectors)).shape == (0, 40)
    assert rank(Views(QUERIES.vectors), none).shape == (9, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vectors": np.zeros((40, 12), np.float32)}, "vector 0 is zero"),
        ({"vectors": np.full((40, 12), np.nan, np.float32)}, "vector 0 is not finite"),
        ({"vectors": np.ones((40, 12))}, "expected float32 of shape"),
        ({"orientations": np.zeros((40, 2), np.float32)}, "orientations: vector 0 is zero"),
        ({"cameras": np.zeros(3)}, "cameras: expected one for each of 40 vectors, got 3"),
    ],
)
def test_views_that_are_no_views(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(GALLERY, **change)


def test_what_does_not_fit_together() -> None:
    with pytest.raises(InputError, match="queries have 12 numbers and the gallery 3; use one network"):
        rank(QUERIES, Views(np.ones((2, 3), np.float32)))
    with pytest.raises(InputError, match="orientations: queries have 3 numbers and the gallery 2"):
        rank(
            QUERIES, replace(GALLERY, orientations=np.ones((40, 2), np.float32)), RankingSettings(orientation_weight=1)
        )
    with pytest.raises(SettingsError, match="camera_penalty"):
        RankingSettings(camera_penalty=-1.0)
