from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import Transform
from mobinet.sister_camera import SisterCamera
from mobinet.tracking import FusedTracker, FusionSettings, Tracker, TrackerSettings
from mobinet.types import Detections, Frame, Track, TrackState

RGB = CameraModel.pinhole(640, 480, np.radians(80))
EVENTS = CameraModel.pinhole(320, 240, np.radians(80))
START_NS = 10**18
SEES = (TrackState.CONFIRMED,)


def fused(late_s: float = 0.0, **changes) -> FusedTracker:
    return FusedTracker(
        SisterCamera(RGB, EVENTS, Transform.identity()), fusion=FusionSettings(**changes), late_s=late_s
    )


def frame(seconds: float, camera: str = "front") -> Frame:
    return Frame(START_NS + round(seconds * 1e9), camera, None)


def found(*boxes: tuple[float, ...], name: str = "person", score: float = 0.9) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32), (name,) * len(boxes)
    )


def seen_by_sister(*boxes: tuple[float, ...], name: str = "", score: float = 0.8) -> Detections:
    """Boxes of the camera's image as the sister has them."""
    return found(*(tuple(0.5 * side for side in box) for box in boxes), name=name, score=score)


def walker(seconds: float) -> tuple[float, float, float, float]:
    left = 100 + 60 * seconds
    return left, 150, left + 50, 290


def follow(tracker: FusedTracker, own, sister, until_s: float, since_s: float = 0.0) -> dict[float, list[Track]]:
    """Ten images a second, and what the sister sees twenty times, in order; what the images showed then."""
    told = {}
    for step in range(round(20 * since_s), round(20 * until_s)):
        seconds = step / 20
        if step % 2 == 0:
            told[seconds] = tracker.update(frame(seconds), own(seconds))
        tracker.update_sister(frame(seconds, "events"), sister(seconds))
    return told


def nothing(seconds: float) -> Detections:
    return Detections.empty()


def person(seconds: float) -> Detections:
    return found(walker(seconds))


def stir(seconds: float) -> Detections:
    return seen_by_sister(walker(seconds))


def test_a_track_lives_on_events_alone_when_the_light_goes_out():
    tracker = fused()
    follow(tracker, person, stir, 1.5)
    told = follow(tracker, nothing, stir, 6.0, since_s=1.5)
    (last,) = told[5.9]
    assert (last.track_id, last.class_name, last.state) == (1, "person", TrackState.CONFIRMED)
    np.testing.assert_allclose(last.box, walker(5.9), atol=4)
    # without its sister the camera has lost it
    alone = Tracker()
    for step in range(60):
        tracks = alone.update(frame(step / 10), person(step / 10) if step < 15 else Detections.empty())
    assert tracks == []


def test_who_walks_in_the_dark_is_found_by_events_and_keeps_the_id_in_the_light():
    tracker = fused()
    told = follow(tracker, nothing, stir, 2.0)
    (dark,) = told[1.9]
    assert (dark.class_name, dark.state) == ("", TrackState.CONFIRMED)
    told = follow(tracker, person, stir, 2.5, since_s=2.0)
    assert [(track.track_id, track.class_name) for track in told[2.4]] == [(dark.track_id, "person")]


def test_who_stands_makes_no_events_and_is_not_missed():
    tracker, alone = fused(), Tracker()
    for step in range(60):
        seconds = step / 20
        tracks = tracker.update_sister(frame(seconds, "events"), Detections.empty())
        # between two images, too
        assert {track.state for track in tracks if step > 6} <= {TrackState.CONFIRMED}
        if step % 2 == 0:
            both = tracker.update(frame(seconds), found((100, 150, 150, 290)))
            np.testing.assert_array_equal(
                [track.box for track in both],
                [track.box for track in alone.update(frame(seconds), found((100, 150, 150, 290)))],
            )


def test_a_slow_camera_confirms_tracks_beside_a_sister_that_does_not_see_them():
    tracker = fused()
    for step in range(41):
        seconds = step / 20
        tracker.update_sister(frame(seconds, "events"), Detections.empty())
        if step % 10 == 0:  # two images a second
            tracks = tracker.update(frame(seconds), found((100, 150, 150, 290)))
    assert [(track.track_id, track.state) for track in tracks] == [(1, TrackState.CONFIRMED)]


def test_by_day_what_events_alone_show_is_soon_doubted():
    tracker = fused()
    clutter = (400.0, 100.0, 440.0, 180.0)
    told = follow(tracker, person, lambda s: seen_by_sister(walker(s), *([clutter] if s > 3 else [])), 5.0)
    # a camera that sees the walker in each image would see that too
    shown = [track for seconds in told for track in told[seconds] if track.state in SEES and track.track_id != 1]
    assert shown == []


def test_a_sister_that_is_never_right_is_soon_not_listened_to():
    rng = np.random.default_rng(0)

    def false(seconds: float) -> Detections:
        return seen_by_sister(*((x, 150, x + 50, 290) for x in rng.uniform(300, 500, 3)))

    tracker, alone = fused(), Tracker()
    told = follow(tracker, person, false, 3.0)
    for seconds, tracks in told.items():
        (expected,) = alone.update(frame(seconds), person(seconds))
        if seconds >= 1.0:
            (track,) = (each for each in tracks if each.state in SEES)
            assert np.allclose(track.box, expected.box, atol=0.5), seconds


@pytest.mark.parametrize("name", ["", "person", "car"])
def test_one_object_is_one_track_whatever_the_sister_takes_it_for(name):
    tracker = fused()
    told = follow(tracker, person, lambda s: seen_by_sister(walker(s), name=name), 3.0)
    assert {track.track_id for tracks in told.values() for track in tracks} == {1}
    assert {track.class_name for tracks in told.values() for track in tracks} == {"person"}


def test_moving_legs_are_no_second_object():
    def legs(seconds: float) -> Detections:
        x1, _, x2, y2 = walker(seconds)
        return seen_by_sister((x1, y2 - 60, x2, y2))

    told = follow(fused(), person, legs, 3.0)
    assert {track.track_id for tracks in told.values() for track in tracks} == {1}


def test_what_the_camera_sees_replaces_what_the_sister_saw_badly():
    tracker = fused()

    def stirred(seconds: float) -> Detections:
        x1, y1, x2, y2 = walker(seconds)
        return seen_by_sister((x1 + 10, y1 + 10, x2 - 5, y2 - 40))

    follow(tracker, nothing, stirred, 1.0)
    told = follow(tracker, person, stirred, 2.0, since_s=1.0)
    assert len(told[1.9]) == 1
    np.testing.assert_allclose(told[1.9][0].box, walker(1.9), atol=12)


def test_it_needs_more_of_the_sisters_detections_to_confirm_a_track():
    tracker = fused(sister_confirm_hits=6)
    states = [tracker.update_sister(frame(step / 20), stir(step / 20))[0].state for step in range(8)]
    assert states.index(TrackState.CONFIRMED) == 5


def test_doubtful_detections_of_the_sister_are_not_looked_at():
    tracker = fused(sister_score=0.5)
    assert tracker.update_sister(frame(0.0), seen_by_sister(walker(0), score=0.4)) == []


def test_rows_of_the_sisters_detections_are_told_where_some_are_out_of_the_image():
    narrow = CameraModel.pinhole(640, 480, np.radians(40))
    tracker = FusedTracker(SisterCamera(narrow, EVENTS, Transform.identity()))
    out, inside = (2.0, 100.0, 12.0, 130.0), (150.0, 100.0, 170.0, 140.0)
    assert [t.detection_index for t in tracker.update_sister(frame(0.0), found(out, inside))] == [1]
    assert [t.detection_index for t in tracker.update_sister(frame(0.1), found(out, inside))] == [1]
    assert [t.detection_index for t in tracker.update(frame(0.1), Detections.empty())] == [-1]


def test_stamps_rise_for_each_camera_and_may_be_equal_for_both():
    tracker = fused()
    tracker.update(frame(0.1), person(0.1))
    tracker.update_sister(frame(0.1), stir(0.1))
    tracker.update_sister(frame(0.2), stir(0.2))
    tracker.update(frame(0.2), person(0.2))
    for late in (
        lambda: tracker.update(frame(0.2), person(0.2)),
        lambda: tracker.update_sister(frame(0.15), stir(0.1)),
    ):
        with pytest.raises(InputError, match="expected a stamp after"):
            late()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_whichever_camera_comes_late_the_tracks_are_those_in_order(seed):
    random = np.random.default_rng(seed)
    # equal stamps of both, too; the camera's own is first then
    due = sorted(
        [(0.1 * step, 0, person(0.1 * step)) for step in range(10)]
        + [(0.05 * step, 1, stir(0.05 * step)) for step in range(20)],
        key=lambda each: (round(each[0], 3), each[1]),
    )
    if random.random() < 0.5:
        due = [each for each in due if each[1] or random.random() < 0.6]
    in_order, late = fused(), fused(late_s=0.3)

    def give(tracker: FusedTracker, step) -> list[Track]:
        seconds, sister, detections = step
        return (tracker.update_sister if sister else tracker.update)(frame(seconds), detections)

    for step in due:
        expected = give(in_order, step)
    arrivals = np.array([step[0] for step in due]) + random.uniform(0, 0.25, len(due))
    for index in np.argsort(arrivals):
        tracks = give(late, due[index])
    plain = [track._replace(track_id=0, detection_index=-1) for track in expected]
    assert repr([track._replace(track_id=0, detection_index=-1) for track in tracks]) == repr(plain)


def test_the_tracks_of_a_late_image_are_told():
    tracker = fused(late_s=0.3)
    for step in range(10):
        tracker.update_sister(frame(step / 20), stir(step / 20))
    now = tracker.update(frame(0.4), person(0.4))
    then = tracker.tracks_of(frame(0.4))
    assert [track.track_id for track in then] == [track.track_id for track in now]
    np.testing.assert_allclose(then[0].box, walker(0.4), atol=5)
    np.testing.assert_allclose(now[0].box, walker(0.45), atol=5)
    with pytest.raises(InputError, match=r"last 0\.3 s"):
        tracker.tracks_of(frame(0.1))


def test_it_goes_on_from_a_saved_state_as_without_a_break():
    tracker, other = fused(), fused()
    follow(tracker, person, stir, 1.0)
    other.tracker.restore(tracker.tracker.state())
    twins = [repr(follow(each, nothing, stir, 2.0, since_s=1.0)) for each in (tracker, other)]
    assert twins[0] == twins[1]


def test_reset_forgets_the_sister_too():
    tracker = fused()
    follow(tracker, person, stir, 1.0)
    tracker.reset()
    assert tracker.update_sister(frame(0.0), Detections.empty()) == []
    assert tracker.update(frame(0.0, "rear"), found((10, 10, 50, 90)))[0].track_id > 1


def test_noise_of_each_detection_says_how_far_it_pulls():
    settled = TrackerSettings(confirm_hits=1)
    places = {}
    for noise in (1.0, 4.0, 30.0):
        tracker = Tracker(settled)
        for step in range(10):
            tracker.update(frame(step / 10), found((100, 150, 150, 290)), noise=np.array([4.0]))
        (track,) = tracker.update(frame(1.0), found((110, 150, 160, 290)), noise=np.array([[noise] * 4]))
        places[noise] = track.box[0]
    assert places[30.0] < places[4.0] < places[1.0]


def test_a_detection_that_is_known_badly_is_looked_for_farther_away():
    ids = {}
    for noise in (4.0, 40.0):
        tracker = Tracker(TrackerSettings(confirm_hits=1))
        tracker.update(frame(0.0), found((100, 150, 150, 290)))
        tracks = tracker.update(frame(0.1), found((220, 150, 270, 290)), noise=np.array([noise]))
        ids[noise] = [track.track_id for track in tracks if track.detection_index == 0]
    assert ids == {4.0: [2], 40.0: [1]}


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (np.ones((2, 4)), r"expected shape \(1, 4\) or \(1,\).*got \(2, 4\)"),
        (np.array([0.0]), "row 0 is .*standard deviations above 0"),
        (np.array([np.nan]), "row 0 is"),
        ("loud", "expected numbers"),
    ],
)
def test_noise_that_cannot_be_is_refused(noise, message):
    tracker = Tracker()
    with pytest.raises(InputError, match=message):
        tracker.update(frame(0.0), found((100, 150, 150, 290)), noise=noise)
    assert tracker.stamp_ns is None
