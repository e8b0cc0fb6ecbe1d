"""Rankings against published figures and tables worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation.reid import Pictures, ReidSettings, evaluate_reid, rank_gallery

EVERY_CAMERA = ReidSettings(same_camera_is_junk=False)


def score(found: list[list[int]], ids: list[int], settings: ReidSettings = EVERY_CAMERA, query_id: int = 1):
    """A ranking of pictures that are all of camera 2, asked by camera 1."""
    queries = Pictures(np.full(len(found), query_id), np.ones(len(found)))
    return evaluate_reid(np.array(found), queries, Pictures(np.array(ids), np.full(len(ids), 2)), settings)


@pytest.mark.parametrize(
    ("ids", "mean_ap", "minp"),
    [
        ([1, 1, 2, 2], 1.0, 1.0),
        # the example of scikit-learn's average_precision_score: labels 0 0 1 1, scores .1 .4 .35 .8
        ([1, 2, 1, 2], 0.8333333, 2 / 3),
        # right pictures at ranks 2 and 4: (1/2 + 2/4) / 2, and 2 of them by rank 4
        ([2, 1, 2, 1], 0.5, 0.5),
        # the only one is last
        ([2, 2, 2, 1], 0.25, 0.25),
    ],
)
def test_average_precision_and_minp(ids, mean_ap, minp):
    scores = score([[0, 1, 2, 3]], ids)
    assert scores.mean_ap == pytest.approx(mean_ap)
    assert scores.minp == pytest.approx(minp)


def test_cmc_counts_queries_with_a_right_picture_so_far():
    scores = score([[0, 1, 2, 3], [2, 3, 0, 1]], [1, 2, 2, 2])
    assert scores.cmc[:4].tolist() == [0.5, 0.5, 1.0, 1.0]
    assert (scores.rank(1), scores.rank(50)) == (0.5, 1.0)


def test_junk_is_passed_over_and_distractors_are_not():
    queries = Pictures(np.array([1]), np.array([1]))
    # the same camera's view of the query, a picture nobody can name, somebody whom no query asks for, a right one
    gallery = Pictures(np.array([1, -1, 0, 1]), np.array([1, 2, 2, 2]))
    ranking = np.array([[0, 1, 2, 3]])
    assert evaluate_reid(ranking, queries, gallery).mean_ap == pytest.approx(1 / 2)
    # CityFlow: the same camera counts: right at 1 and 3
    assert evaluate_reid(ranking, queries, gallery, EVERY_CAMERA).mean_ap == pytest.approx((1 + 2 / 3) / 2)


def test_a_short_ranking_misses_what_it_leaves_out():
    # one of two right pictures is in it, at rank 1
    scores = score([[0, 1, -1]], [1, 2, 1, 2])
    assert scores.mean_ap == pytest.approx(0.5)
    assert scores.minp == 0


def test_queries_without_a_right_picture_do_not_count():
    queries = Pictures(np.array([1, 7]), np.array([1, 1]))
    scores = evaluate_reid(np.array([[0], [0]]), queries, Pictures(np.array([1]), np.array([2])))
    assert (scores.queries, scores.queries_without_match, scores.mean_ap) == (1, 1, 1.0)
    nobody = evaluate_reid(np.array([[0]]), queries_of(7), Pictures(np.array([1]), np.array([2])))
    assert np.isnan(nobody.mean_ap)
    assert np.isnan(nobody.rank(1))


def queries_of(identity: int) -> Pictures:
    return Pictures(np.array([identity]), np.array([1]))


def test_the_gallery_is_ranked_by_similarity_and_equals_by_row():
    gallery = np.array([[0, 1], [1, 0], [0.6, 0.8], [1, 0]], np.float32)
    assert rank_gallery(np.array([[1, 0]], np.float32), gallery).tolist() == [[1, 3, 2, 0]]
    assert rank_gallery(np.array([[1, 0]], np.float32), gallery, count=2).tolist() == [[1, 3]]


@pytest.mark.parametrize(
    ("ranking", "message"),
    [
        (np.array([[0, 1], [0, 1]]), "a row for each of 1 queries"),
        (np.array([[0.0, 1.0]]), "whole numbers"),
        (np.array([[1, 2]]), "count from 1"),
        (np.array([[1, 1]]), "query 0 has a gallery picture more than once"),
    ],
)
def test_a_ranking_that_does_not_fit_is_refused(ranking, message):
    with pytest.raises(InputError, match=message):
        evaluate_reid(ranking, queries_of(1), Pictures(np.array([1, 2]), np.array([1, 1])))


def test_vectors_of_different_models_are_refused():
    with pytest.raises(InputError, match="one model"):
        rank_gallery(np.zeros((1, 3), np.float32), np.zeros((2, 4), np.float32))
    with pytest.raises(InputError, match="finite"):
        rank_gallery(np.full((1, 3), np.nan, np.float32), np.zeros((2, 3), np.float32))


@pytest.mark.recordings
def test_the_published_ranking_of_cityflow_has_its_published_scores(data_dir):
    folder = data_dir / "reid" / "cityflow_ranking"
    query, gallery = (np.load(folder / f"{part}_annotation.npy") for part in ("query", "gallery"))
    ranking = np.loadtxt(folder / "track2.txt", dtype=np.int64) - 1
    queries, pictures = Pictures(query[:, 1], query[:, 0]), Pictures(gallery[:, 1], gallery[:, 0])
    scores = evaluate_reid(ranking, queries, pictures, EVERY_CAMERA)
    assert (round(100 * scores.mean_ap, 1), round(100 * scores.rank(1), 1)) == (36.2, 55.0)
    own_camera = pictures.cameras[ranking] == queries.cameras[:, None]
    moved = np.take_along_axis(ranking, np.argsort(own_camera, axis=1, kind="stable"), axis=1)
    scores = evaluate_reid(moved, queries, pictures, EVERY_CAMERA)
    assert (round(100 * scores.mean_ap, 1), round(100 * scores.rank(1), 1)) == (37.6, 57.4)
