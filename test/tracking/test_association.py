from __future__ import annotations

import numpy as np

from mobinet.boxes import xyxy_to_cxcywh
from mobinet.tracking import TrackerSettings
from mobinet.tracking.association import associate, stages
from mobinet.tracking.gating import Pairs, gate
from mobinet.tracking.lifecycle import give_birth
from mobinet.types import Float64

SETTINGS = TrackerSettings(low_score=0.1, high_score=0.5, new_track_score=0.5, min_iou=0.2, min_iou_low=0.5)


def matches(iou: list[list[float]], confirmed: list[bool], scores: list[float]) -> list[int]:
    overlap = np.array(iou)
    plan = stages(np.array(confirmed), np.array(scores), SETTINGS)
    return associate(Pairs(overlap, overlap > 0), plan).tolist()


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


def gated(
    track: Float64, detection: list[float], classes: tuple[int, int] = (0, 0), settings: TrackerSettings = SETTINGS
) -> bool:
    table = give_birth(1, track, np.ones(1), np.array([classes[0]]), 0, settings)
    pairs = gate(table, xyxy_to_cxcywh(np.array([detection])), np.array([classes[1]]), settings)
    return bool(pairs.possible[0, 0])


TRACK = np.array([[100.0, 100.0, 40.0, 80.0]])


def test_gate_passes_a_near_box():
    assert gated(TRACK, [85, 65, 125, 145])


def test_gate_keeps_classes_apart():
    assert not gated(TRACK, [80, 60, 120, 140], classes=(0, 1))


def test_gate_refuses_a_box_without_overlap():
    wide = TrackerSettings(gate=100.0)
    assert gated(TRACK, [119, 60, 159, 140], settings=wide)
    assert not gated(TRACK, [121, 60, 161, 140], settings=wide)


def test_gate_refuses_a_box_of_another_size():
    # it overlaps, but three times the size is more than six standard deviations
    assert not gated(TRACK, [40, -20, 160, 220])


def test_mahalanobis_distance_is_measured_in_standard_deviations():
    spread = np.sqrt(2) * SETTINGS.measurement_noise * 40  # of the track and of the detection
    for sigmas, expected in ((SETTINGS.gate - 0.01, True), (SETTINGS.gate + 0.01, False)):
        x = sigmas * spread
        assert gated(TRACK, [80 + x, 60, 120 + x, 140]) is expected
