from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mobinet.boxes import cxcywh_to_xyxy, iou_matrix, xyxy_to_cxcywh
from mobinet.tracking import TrackerSettings
from mobinet.tracking.association import associate, stages
from mobinet.tracking.found import Found
from mobinet.tracking.gating import Pairs, gate, overlapping
from mobinet.tracking.lifecycle import give_birth
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64

SETTINGS = TrackerSettings(
    low_score=0.1,
    high_score=0.5,
    new_track_score=0.5,
    min_iou=0.2,
    min_iou_wide=0.2,
    min_iou_low=0.5,
    min_iou_tentative=0.2,
    box_margin=0.0,
    wide_box_margin=0.5,
)


def shifted(iou: float) -> Float64:
    """A box of 100 x 100 that overlaps another one by ``iou`` when it is moved by ``x`` to the right of it."""
    return np.array([100 * (1 - iou) / (1 + iou), 0.0, 100.0, 100.0])


def matches(iou: list[list[float]], confirmed: list[bool], scores: list[float], max_cost: float = 1.0) -> list[int]:
    overlap = np.array(iou)
    tracks, detections = np.nonzero(overlap)
    found = np.array([shifted(value) for value in overlap[tracks, detections]]).reshape(-1, 4)
    pairs = Pairs(tracks, detections, np.tile(shifted(1.0), (len(tracks), 1)), found, np.zeros(len(tracks)))
    plan = stages(np.array(confirmed), np.array(scores), SETTINGS)
    return associate(pairs, plan, overlap.shape, max_cost).tolist()


def test_sure_detections_come_first():
    # the doubtful detection fits better, the sure one is taken
    assert matches([[0.9, 0.4]], [True], [0.3, 0.8]) == [1]


def test_a_doubtful_detection_is_taken_when_no_sure_one_fits():
    assert matches([[0.7, 0.0]], [True], [0.3, 0.8]) == [0]


def test_a_doubtful_detection_must_fit_better():
    assert matches([[0.4]], [True], [0.8]) == [0]
    assert matches([[0.4]], [True], [0.3]) == [-1]


def test_detections_below_the_low_score_are_ignored():
    assert matches([[0.9]], [True], [0.05]) == [-1]


def test_tentative_tracks_come_last():
    assert matches([[0.9], [0.4]], [False, True], [0.8]) == [-1, 0]


def test_tentative_tracks_take_no_doubtful_detections():
    assert matches([[0.9]], [False], [0.3]) == [-1]


def test_a_detection_goes_to_one_track():
    assert matches([[0.8], [0.7]], [True, True], [0.9]) == [0, -1]


def test_a_track_that_found_nothing_near_searches_wider():
    # an overlap of 0.1 is too little as it is, and enough when both boxes are twice as large
    assert matches([[0.1]], [True], [0.8]) == [0]
    assert matches([[0.1]], [False], [0.8]) == [-1]


def test_near_pairs_are_made_before_wide_ones():
    # the second track could have the detection for less in a wide search
    assert matches([[0.3], [0.15]], [True, True], [0.8]) == [0, -1]


def test_pairs_that_cost_too_much_are_not_made():
    # a tentative track, which has no wider search
    assert matches([[0.5]], [False], [0.8], max_cost=0.51) == [0]
    assert matches([[0.5]], [False], [0.8], max_cost=0.49) == [-1]


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_overlap_is_that_of_the_widened_boxes(margin):
    random = np.random.default_rng(5)
    first, second = (np.concatenate((random.uniform(0, 60, (9, 2)), random.uniform(20, 50, (9, 2))), 1) for _ in "ab")
    widened = [cxcywh_to_xyxy(boxes * np.array([1, 1, 1 + 2 * margin, 1 + 2 * margin])) for boxes in (first, second)]
    rows = np.arange(9)
    got = Pairs(rows, rows, first, second, np.zeros(9)).overlap(margin)
    np.testing.assert_allclose(got, np.diag(iou_matrix(*widened)), atol=1e-12)


def birth(boxes: Float64, classes: list[int] | None = None, settings: TrackerSettings = SETTINGS) -> TrackTable:
    looks = np.zeros((len(boxes), 0), np.float32)
    classes = np.array(classes or [0] * len(boxes))
    return give_birth(1, Found(np.arange(len(boxes)), np.ones(len(boxes)), boxes, classes, looks), 0, settings)


def gated(track: Float64, detection: list[float], classes: tuple[int, int] = (0, 0)) -> bool:
    table = birth(track, [classes[0]])
    looks = np.zeros((1, 0), np.float32)
    pairs = gate(table, xyxy_to_cxcywh(np.array([detection])), np.array([classes[1]]), looks, SETTINGS)
    return len(pairs.tracks) == 1


TRACK = np.array([[100.0, 100.0, 40.0, 80.0]])


def test_gate_passes_a_near_box():
    assert gated(TRACK, [85, 65, 125, 145])


def test_gate_keeps_classes_apart():
    assert not gated(TRACK, [80, 60, 120, 140], classes=(0, 1))


def test_gate_refuses_a_box_that_does_not_overlap_when_widened():
    # both boxes are 40 pixels wide and twice that when widened
    assert gated(TRACK, [159, 60, 199, 140])
    assert not gated(TRACK, [161, 60, 201, 140])


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("count", [5, 300])
def test_no_overlapping_pair_is_missed(scale, count):
    # 300 x 300 pairs are too many to compare one by one
    random = np.random.default_rng(7)
    first, second = (
        np.concatenate((random.uniform(0, 30 * count, (count, 2)), random.uniform(20, 500, (count, 2))), axis=1)
        for _ in "ab"
    )
    enlarge = np.array([1, 1, scale, scale])
    overlap = iou_matrix(cxcywh_to_xyxy(first * enlarge), cxcywh_to_xyxy(second * enlarge)) > 0
    rows, columns = overlapping(first, second, scale)
    np.testing.assert_array_equal(np.stack((rows, columns)), np.stack(np.nonzero(overlap)))


def misfit(settings: TrackerSettings, table: TrackTable, found: list[float]) -> float:
    looks = np.zeros((1, 0), np.float32)
    return float(gate(table, np.array([found]), np.zeros(1, np.int64), looks, settings).misfit[0])


ONLY = replace(SETTINGS, height_weight=0.0, direction_weight=0.0, wide_box_margin=1.0)


def test_another_height_costs():
    assert misfit(replace(ONLY, height_weight=0.5), birth(TRACK), [100, 100, 40, 80]) == 0
    assert misfit(replace(ONLY, height_weight=0.5), birth(TRACK), [100, 100, 40, 64]) == pytest.approx(0.5 * 0.2)


@pytest.mark.parametrize(
    ("velocity", "found", "agreement"),
    [
        # where it was heading, as fast as its own height in a second
        ((80.0, 0.0), (110.0, 100.0), 1.0),
        # back
        ((80.0, 0.0), (90.0, 100.0), -1.0),
        # to the side
        ((80.0, 0.0), (100.0, 110.0), 0.0),
        # faster counts no more
        ((800.0, 0.0), (110.0, 100.0), 1.0),
        # a slow one's heading says little
        ((8.0, 0.0), (110.0, 100.0), 0.1),
        # where it was last
        ((80.0, 0.0), (100.0, 100.0), 0.0),
    ],
)
def test_direction_counts(velocity, found, agreement):
    table = birth(TRACK)
    table.velocities[0, :2] = velocity
    got = misfit(replace(ONLY, direction_weight=0.2), table, [*found, 40.0, 80.0])
    assert got == pytest.approx(-0.2 * agreement)
