from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.tracking import Tracker, TrackerSettings
from mobinet.tracking.appearance import check_embeddings, remember, unlikeness
from mobinet.types import Detections, Float32, Frame

SETTINGS = TrackerSettings(appearance_weight=1.0)
RED, BLUE, NOTHING = ([1.0, 0.0], [0.0, 1.0], [0.0, 0.0])


def rows(*vectors: list[float]) -> Float32:
    return np.array(vectors, np.float32)


def costs(tracks: list[int], detections: list[int], looks: list[list[float]], found: list[list[float]]) -> list[float]:
    pair = np.array(tracks), np.array(detections)
    return unlikeness(*pair, rows(*looks)[tracks], rows(*found)[detections], SETTINGS).tolist()


def test_another_look_costs_and_the_same_look_spares():
    # alone with its candidate, so that half of the weight counts
    assert costs([0], [0], [RED], [BLUE]) == pytest.approx([0.25])
    assert costs([0], [0], [RED], [RED]) == pytest.approx([-0.25])


def test_an_unknown_look_costs_nothing():
    assert costs([0], [0], [NOTHING], [BLUE]) == [0.0]
    assert costs([0], [0], [RED], [NOTHING]) == [0.0]


def test_looks_count_more_where_they_differ_among_the_candidates():
    # two tracks, two detections, all pairs: each one's own is far ahead
    assert costs([0, 0, 1, 1], [0, 1, 0, 1], [RED, BLUE], [RED, BLUE]) == pytest.approx([-0.5, 0.5, 0.5, -0.5])
    # all look alike
    assert costs([0, 0, 1, 1], [0, 1, 0, 1], [RED, RED], [BLUE, BLUE]) == pytest.approx([0.25] * 4)


def test_looks_follow_sure_detections_more():
    looks = rows(RED, RED, NOTHING, RED)
    scores = np.array([1.0, SETTINGS.low_score, 0.5, 1.0])
    remember(looks, np.arange(4), rows(BLUE, BLUE, BLUE, NOTHING), scores, SETTINGS)
    np.testing.assert_allclose(np.linalg.norm(looks, axis=1), 1, atol=1e-6)
    assert 0 < looks[0, 1] < 0.2
    # as doubtful as can be, the first look, and no look
    np.testing.assert_allclose(looks[1:], rows(RED, BLUE, RED), atol=1e-6)


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (np.zeros(3), r"expected shape \(2, D\), one row for each detection, got \(3,\)"),
        (np.zeros((3, 4)), r"expected shape \(2, D\).*got \(3, 4\)"),
        (np.zeros((2, 5)), "expected 4 numbers as before, got 5; call reset"),
        (np.array([[1, 0, 0, 0], [0, np.nan, 0, 0]]), "row 1 is not finite"),
    ],
)
def test_refuses(embeddings, message):
    with pytest.raises(InputError, match=message):
        check_embeddings(embeddings, 2, np.zeros((1, 4), np.float32))


def test_embeddings_become_unit_vectors():
    unit = check_embeddings(rows([3, 4], NOTHING), 2, np.zeros((0, 0), np.float32))
    np.testing.assert_allclose(unit, rows([0.6, 0.8], NOTHING))


def swap(with_looks: bool) -> list[float]:
    """Left edges by track id after two people stood so close that boxes alone say they did not pass each other."""
    tracker = Tracker(TrackerSettings(confirm_hits=1))
    for step, (first, second) in enumerate([(100, 140), (110, 130), (118, 122), (122, 118), (122, 118)]):
        boxes = np.array([[x, 100, x + 40, 200] for x in (first, second)], np.float32)
        found = Detections(boxes, np.full(2, 0.9, np.float32), ("person",) * 2)
        looks = rows(RED, BLUE) if with_looks else None
        tracks = tracker.update(Frame(step * 10**9, "front", None), found, looks)
    return [track.detection_index for track in tracks]


def test_looks_tell_apart_what_boxes_do_not():
    assert swap(with_looks=True) == [0, 1]


def test_embeddings_may_come_later_and_stay_away():
    tracker = Tracker(TrackerSettings(confirm_hits=1))
    found = Detections(np.array([[0, 0, 40, 80]], np.float32), np.ones(1, np.float32), ("person",))
    for step, looks in enumerate([None, rows(RED), None, rows(BLUE)]):
        (track,) = tracker.update(Frame(step * 10**8, "front", None), found, looks)
    assert track.track_id == 1
