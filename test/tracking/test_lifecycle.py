from __future__ import annotations

import numpy as np
import pytest

from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Detections, Frame, TrackState

BOX = (100.0, 100.0, 140.0, 180.0)
MS = 1_000_000
TENTATIVE, CONFIRMED, COASTING = TrackState


def frame(milliseconds: float) -> Frame:
    return Frame(10**18 + round(milliseconds * MS), "front", None)


def seen(score: float = 0.9, box: tuple[float, ...] = BOX) -> Detections:
    return Detections(np.array([box], np.float32), np.array([score], np.float32), ("person",))


NOTHING = Detections.empty()


def states(tracker: Tracker, moments: dict[float, Detections]) -> list[list[TrackState]]:
    return [[track.state for track in tracker.update(frame(ms), found)] for ms, found in moments.items()]


def test_confirmed_at_the_third_hit():
    tracker = Tracker(TrackerSettings(confirm_hits=3))
    assert states(tracker, {0: seen(), 30: seen(), 60: seen()}) == [[TENTATIVE], [TENTATIVE], [CONFIRMED]]


def test_confirmed_at_once_when_one_hit_is_enough():
    assert states(Tracker(TrackerSettings(confirm_hits=1)), {0: seen()}) == [[CONFIRMED]]


def test_a_missed_confirmed_track_coasts_and_comes_back():
    tracker = Tracker(TrackerSettings(confirm_hits=1))
    assert states(tracker, {0: seen(), 30: NOTHING, 60: seen()}) == [[CONFIRMED], [COASTING], [CONFIRMED]]


def test_a_missed_tentative_track_stays_tentative_for_its_time():
    tracker = Tracker(TrackerSettings(max_tentative_coast_s=0.1))
    # 100 ms after its detection it still lives, one later it does not
    assert states(tracker, {0: seen(), 100: NOTHING, 101: NOTHING}) == [[TENTATIVE], [TENTATIVE], []]


def test_a_slow_camera_can_confirm_tracks():
    # its frames are further apart than a tentative track may be unseen
    tracker = Tracker(TrackerSettings(max_tentative_coast_s=0.1, confirm_hits=3))
    assert states(tracker, {0: seen(), 500: seen(), 1000: seen()})[-1] == [CONFIRMED]


@pytest.mark.parametrize("step", [10, 50, 250])
def test_coasting_lasts_seconds_whatever_the_rate(step):
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=1.0))
    tracker.update(frame(0), seen())
    lives = [ms for ms in range(step, 2000, step) if tracker.update(frame(ms), NOTHING)]
    assert lives[-1] == 1000


def test_a_gap_longer_than_the_coast_drops_every_track():
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=1.0))
    first = tracker.update(frame(0), seen())
    # the same box after the gap is a new object
    second = tracker.update(frame(1001), seen())
    assert [track.track_id for track in first] == [1]
    assert [(track.track_id, track.state) for track in second] == [(2, CONFIRMED)]


def test_a_gap_within_the_coast_keeps_the_track():
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=1.0))
    tracker.update(frame(0), seen())
    assert [track.track_id for track in tracker.update(frame(1000), seen())] == [1]


def test_a_doubtful_detection_starts_nothing():
    tracker = Tracker(TrackerSettings(high_score=0.5, new_track_score=0.6))
    assert tracker.update(frame(0), seen(score=0.59)) == []
    assert len(tracker.update(frame(30), seen(score=0.6))) == 1


def test_a_track_reports_its_detections():
    tracker = Tracker(TrackerSettings(confirm_hits=1))
    (born,) = tracker.update(frame(0), seen(0.9))
    (again,) = tracker.update(frame(30), seen(0.7))
    (missed,) = tracker.update(frame(60), NOTHING)
    assert [track.score for track in (born, again, missed)] == pytest.approx([0.9, 0.7, 0.7])
    assert [track.detection_index for track in (born, again, missed)] == [0, 0, -1]
    assert {track.first_stamp_ns for track in (born, again, missed)} == {frame(0).stamp_ns}
    assert [track.last_stamp_ns for track in (born, again, missed)] == [frame(ms).stamp_ns for ms in (0, 30, 30)]
