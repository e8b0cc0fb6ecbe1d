"""The parts after the embedder: each moves what it should, and nothing where there is nothing to correct."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation.reid import Pictures, ReidSettings, evaluate_reid
from mobinet.reid.distances import DistanceSettings, by_track, cosine_distances, with_camera_penalty, without_bias
from mobinet.reid.pooling import enhance, expand_queries, pool_tracks
from mobinet.reid.whitening import without_camera_bias
from mobinet.types import Float32


def unit(vectors: np.ndarray) -> Float32:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def test_cosine_distances() -> None:
    found = cosine_distances(np.eye(2, dtype=np.float32), np.array([[1, 0], [0, -1]], np.float32))
    assert found.tolist() == [[0, 1], [1, 2]]
    with pytest.raises(InputError, match="queries have 2 numbers and the gallery 3"):
        cosine_distances(np.ones((1, 2), np.float32), np.ones((1, 3), np.float32))


def test_bias_is_taken_off() -> None:
    identity, one = np.full((2, 3), 1.0, np.float32), np.ones((2, 3), np.float32)
    settings = DistanceSettings(orientation_weight=0.25, background_weight=0.5)
    assert without_bias(identity, one, one, settings).tolist() == np.full((2, 3), 0.25).tolist()
    assert without_bias(identity, None, one, settings).tolist() == np.full((2, 3), 0.5).tolist()
    assert without_bias(identity).tolist() == identity.tolist()
    with pytest.raises(InputError, match=r"orientation: expected distances of shape \(2, 3\), got \(3, 2\)"):
        without_bias(identity, one.T)


def test_penalty_on_one_camera() -> None:
    found = with_camera_penalty(np.zeros((2, 2), np.float32), np.array(["a", "b"]), np.array(["b", "c"]), 0.5)
    assert found.tolist() == [[0, 0], [0.5, 0]]
    with pytest.raises(InputError, match="got 1 and 2"):
        with_camera_penalty(np.zeros((2, 2), np.float32), np.array(["a"]), np.array(["b", "c"]), 0.5)


def test_views_of_a_track_share_its_distance() -> None:
    distances = np.array([[1, 5, 3, 2]], np.float32)
    assert by_track(distances, np.array([7, 4, 7, 4])).tolist() == [[2, 3.5, 2, 3.5]]
    with pytest.raises(InputError, match="each of 4 views"):
        by_track(distances, np.array([1]))


def test_pooling_by_quality() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    tracks, pooled = pool_tracks(vectors, np.array([9, 9, 3]), np.array([3.0, 4.0, 0.0]))
    assert tracks.tolist() == [3, 9]
    np.testing.assert_allclose(pooled, [[0, 1], [0.6, 0.8]], atol=1e-6)
    with pytest.raises(InputError, match="not negative"):
        pool_tracks(vectors, np.array([1, 1, 1]), np.array([1.0, -1.0, 1.0]))


def test_expansion_by_definition() -> None:
    query = np.array([[1, 0]], np.float32)
    gallery = unit(np.array([[0.8, 0.6], [0.6, -0.8], [-1, 0]]))
    expected = unit(query[0] + 0.8**2 * gallery[0] + 0.6**2 * gallery[1])
    np.testing.assert_allclose(expand_queries(query, gallery, 2, 2.0)[0], expected, atol=1e-6)
    # more than there are, one of them opposite
    np.testing.assert_allclose(expand_queries(query, gallery, 9, 2.0)[0], expected, atol=1e-6)
    np.testing.assert_allclose(expand_queries(query, gallery[:0]), query)


def scene(seed: int, camera_bias: float) -> tuple[Float32, Pictures]:
    """Views of objects by six cameras that each add a vector of their own."""
    rng = np.random.default_rng(seed)
    ids, cameras = np.repeat(np.arange(60), 6), np.tile(np.arange(6), 60)
    objects, cast = rng.normal(size=(60, 48)), rng.normal(size=(6, 48))
    vectors = objects[ids] + 1.3 * rng.normal(size=(360, 48)) + camera_bias * cast[cameras]
    return unit(vectors), Pictures(ids, cameras)


def mean_ap(vectors: Float32, pictures: Pictures) -> float:
    ranking = np.argsort(cosine_distances(vectors, vectors), axis=1)
    return evaluate_reid(ranking, pictures, pictures, ReidSettings()).mean_ap


@pytest.mark.parametrize("seed", range(3))
def test_camera_bias_goes(seed: int) -> None:
    vectors, pictures = scene(seed, 2.0)
    assert mean_ap(without_camera_bias(vectors, pictures.cameras), pictures) > mean_ap(vectors, pictures) + 0.1
    # and where there is none, little is lost
    vectors, pictures = scene(seed, 0.0)
    assert mean_ap(without_camera_bias(vectors, pictures.cameras), pictures) > mean_ap(vectors, pictures) - 0.02


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_make_vectors_better(seed: int) -> None:
    vectors, pictures = scene(seed, 0.0)
    assert mean_ap(enhance(vectors, 4), pictures) > mean_ap(vectors, pictures) + 0.02


def test_few_views_are_left_alone() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(5, 4)))
    np.testing.assert_allclose(without_camera_bias(vectors, np.zeros(5)), vectors, atol=1e-6)
    same = np.ones((20, 4), np.float32) / 2
    np.testing.assert_allclose(without_camera_bias(same, np.zeros(20)), same, atol=1e-6)
    with pytest.raises(InputError, match="ridge: expected above 0"):
        without_camera_bias(vectors, np.zeros(5), ridge=0.0)
