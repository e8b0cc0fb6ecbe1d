from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Detections, Frame, Track, TrackState

START_NS = 10**18
EAGER = TrackerSettings(confirm_hits=1)


def frame(seconds: float, camera: str = "front") -> Frame:
    return Frame(START_NS + round(seconds * 1e9), camera, None)


def found(*boxes: tuple[float, ...], classes: tuple[str, ...] | None = None) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), 0.9, np.float32),
        classes or ("person",) * len(boxes),
    )


def same(first: list[Track], second: list[Track]) -> bool:
    return repr(first) == repr(second)


def test_a_walk_at_irregular_stamps_is_one_track():
    tracker, seconds = Tracker(EAGER), 0.0
    random = np.random.default_rng(3)
    for _ in range(60):
        x = 50 * seconds
        (track,) = tracker.update(frame(seconds), found((x, 100, x + 40, 200)))
        seconds += random.uniform(0.01, 0.5)
    assert track.track_id == 1
    np.testing.assert_allclose(track.velocity, [50, 0], atol=1)
    np.testing.assert_allclose(track.box, [x, 100, x + 40, 200], atol=1)


def test_a_coasting_track_is_predicted_to_the_stamp():
    tracker = Tracker(EAGER)
    for step in range(20):
        tracker.update(frame(0.1 * step), found((10 * step, 100, 10 * step + 40, 200)))
    # dropped frames: the next one comes 0.4 s later
    (track,) = tracker.update(frame(2.3), Detections.empty())
    assert track.state is TrackState.COASTING
    np.testing.assert_allclose(track.box, [230, 100, 270, 200], atol=1)


def test_crossing_objects_keep_their_ids():
    tracker = Tracker(EAGER)
    for step in range(41):
        left, right = 10 * step, 400 - 10 * step
        tracks = tracker.update(frame(0.1 * step), found((left, 100, left + 40, 200), (right, 130, right + 40, 230)))
    assert [(track.track_id, round(float(track.box[0]))) for track in tracks] == [(1, 400), (2, 0)]


def test_classes_do_not_mix():
    tracker = Tracker(EAGER)
    box = (100.0, 100.0, 140.0, 200.0)
    tracker.update(frame(0.0), found(box, classes=("person",)))
    tracks = tracker.update(frame(0.1), found(box, classes=("dog",)))
    assert [(track.track_id, track.class_name, track.detection_index) for track in tracks] == [
        (1, "person", -1),
        (2, "dog", 0),
    ]


def test_two_classes_in_one_place_are_two_tracks():
    tracker = Tracker(EAGER)
    rider = found((100, 100, 140, 200), (100, 110, 140, 210), classes=("person", "bicycle"))
    for step in range(5):
        tracks = tracker.update(frame(0.1 * step), rider)
    assert {track.class_name: track.detection_index for track in tracks} == {"person": 0, "bicycle": 1}
    assert len(tracks) == 2


def test_empty_frames_give_no_tracks():
    tracker = Tracker()
    assert tracker.update(frame(0.0), Detections.empty()) == []
    assert tracker.update(frame(0.1), Detections.empty()) == []


@pytest.mark.parametrize(
    ("bad", "boxes", "message"),
    [
        # the same stamp twice
        (frame(1.0), found((0, 0, 10, 10)), rf"expected a stamp after {START_NS + 10**9} ns, got .*\(\+0.000 s\)"),
        # time goes back: the cure is named
        (frame(0.5), found((0, 0, 10, 10)), r"\(-0.500 s\).*call reset\(\)"),
        # frames of two cameras
        (frame(1.1, "rear"), found((0, 0, 10, 10)), "follows camera 'front', got a frame of 'rear'.*one Tracker"),
        # seconds instead of nanoseconds, and stamps that 64 bits do not hold
        (Frame(1.7e18, "front", None), found((0, 0, 10, 10)), r"whole nanoseconds.*round\(seconds \* 1e9\)"),
        (Frame(2**63, "front", None), found((0, 0, 10, 10)), "whole nanoseconds up to 2\\^62"),
        # class numbers instead of names
        (frame(1.1), found((0, 0, 10, 10), classes=(0,)), "class names as text, got 0"),
        (frame(1.1), found((0, 0, 9, 9), (0, 0, 10, 10), classes=("dog", None)), "class names as text, got None"),
        # a box where no image reaches
        (frame(1.1), found((0, 0, 10, 10), (0, 0, 2e6, 10)), "box 1 is .*within 1000000 pixels"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(bad, boxes, message):
    tracker, twin = Tracker(EAGER), Tracker(EAGER)
    for each in (tracker, twin):
        each.update(frame(1.0), found((100, 100, 140, 200)))
    with pytest.raises(InputError, match=message):
        tracker.update(bad, boxes)
    following = frame(1.2), found((105, 100, 145, 200), (300, 100, 340, 200))
    assert same(tracker.update(*following), twin.update(*following))


def test_reset_forgets_tracks_and_time_but_not_ids():
    tracker = Tracker(EAGER)
    tracker.update(frame(5.0), found((100, 100, 140, 200), (300, 100, 340, 200)))
    tracker.reset()
    tracks = tracker.update(frame(0.0, "rear"), found((100, 100, 140, 200)))
    assert [track.track_id for track in tracks] == [3]


def test_settings_may_change_between_updates():
    tracker = Tracker(TrackerSettings(confirm_hits=5))
    tracker.update(frame(0.0), found((100, 100, 140, 200)))
    tracker.settings = TrackerSettings(confirm_hits=2)
    assert tracker.update(frame(0.1), found((100, 100, 140, 200)))[0].state is TrackState.CONFIRMED


def test_returned_boxes_are_the_callers():
    tracker, twin = Tracker(EAGER), Tracker(EAGER)
    for each in (tracker, twin):
        tracks = each.update(frame(0.0), found((100, 100, 140, 200)))
    tracks[0].box[:] = 0
    tracks[0].velocity[:] = 1e9
    following = frame(0.1), found((101, 100, 141, 200))
    assert same(tracker.update(*following), twin.update(*following))


@pytest.mark.parametrize(
    "box",
    [
        # a thousandth of a pixel
        (1000.0, 0.0, 1000.001, 0.001),
        # the largest that is accepted
        (-1e6, -1e6, 1e6, 1e6),
        # a line
        (0.0, 10.0, 2000.0, 10.01),
    ],
)
def test_boxes_of_any_size_stay_boxes(box):
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=60.0))
    for step in range(20):
        (track,) = tracker.update(frame(0.1 * step), found(box))
        assert track.track_id == 1
    (track,) = tracker.update(frame(50.0), Detections.empty())
    assert np.isfinite(track.box).all()
    assert (track.box[2:] > track.box[:2]).all()


def test_a_box_that_shrinks_while_it_coasts_stays_a_box():
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=60.0))
    for step in range(8):
        tracker.update(frame(0.1 * step), found((10 * step, 10 * step, 200 - 10 * step, 200 - 10 * step)))
    (track,) = tracker.update(frame(40.0), Detections.empty())
    assert (track.box[2:] > track.box[:2]).all()


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((0.0, 0.0, np.nan, 10.0), r"box 1 is \[0.0, 0.0, nan, 10.0\]: expected finite"),
        ((0.0, 0.0, np.inf, 10.0), "box 1 is .*expected finite"),
        # inverted, empty, huge
        ((10.0, 0.0, 0.0, 10.0), "box 1 is .*x1 < x2"),
        ((5.0, 5.0, 5.0, 5.0), "box 1 is .*x1 < x2"),
        ((-1e9, 0.0, 1e9, 10.0), "box 1 is .*within 1000000 pixels"),
    ],
)
def test_boxes_that_cannot_be_are_refused_by_their_number(box, message):
    tracker, twin = Tracker(EAGER), Tracker(EAGER)
    for each in (tracker, twin):
        each.update(frame(1.0), found((100, 100, 140, 200)))
    with pytest.raises(InputError, match=message):
        tracker.update(frame(1.1), found((0, 0, 10, 10), box))
    following = frame(1.2), found((105, 100, 145, 200))
    assert same(tracker.update(*following), twin.update(*following))


@pytest.mark.parametrize(
    "extra",
    [
        {"embeddings": np.zeros((3, 4), np.float32)},
        {"embeddings": np.full((1, 4), np.nan, np.float32)},
        # beyond float32
        {"embeddings": np.full((1, 4), 1e300)},
        {"embeddings": np.zeros((1, 0), np.float32)},
        {"embeddings": [["red"]]},
        {"embeddings": [[1.0], [1.0, 2.0]]},
        {"image_motion": np.zeros((3, 3))},
        {"image_motion": np.full((3, 3), np.nan)},
        # of no full rank, at any scale
        {"image_motion": 1e3 * np.outer([1.0, 2, 3], [4, 5, 6.5])},
        {"image_motion": np.eye(2)},
        {"image_motion": "left"},
    ],
)
def test_unusable_extras_are_refused_and_change_nothing(extra):
    tracker, twin = Tracker(EAGER), Tracker(EAGER)
    for each in (tracker, twin):
        each.update(frame(1.0), found((100, 100, 140, 200)))
    with pytest.raises(InputError):
        tracker.update(frame(1.1), found((105, 100, 145, 200)), **extra)
    following = frame(1.1), found((105, 100, 145, 200))
    assert same(tracker.update(*following), twin.update(*following))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_embeddings_and_motions_mean_the_same_at_any_scale(scale):
    tracker, twin = Tracker(EAGER), Tracker(EAGER)
    turn = np.array([[1.0, 0, 100], [0, 1, 0], [0, 0, 1]])
    for step in range(4):
        boxes = found((100 * step, 100, 100 * step + 40, 200), (100 * step, 300, 100 * step + 40, 400))
        look = np.array([[3.0, 4.0], [4.0, -3.0]], np.float32)
        expected = twin.update(frame(0.1 * step), boxes, look, turn)
        tracks = tracker.update(frame(0.1 * step), boxes, look * np.float32(scale), turn * scale)
    assert [track.track_id for track in tracks] == [track.track_id for track in expected] == [1, 2]
    np.testing.assert_allclose(tracks[0].box, expected[0].box, rtol=1e-5)


@pytest.mark.parametrize(
    "motion",
    [
        # away for good, larger and larger, smaller and smaller, sheared, past the camera
        np.array([[1.0, 0, 1e6], [0, 1, 0], [0, 0, 1]]),
        np.diag([3.9, 3.9, 1.0]),
        np.diag([0.3, 0.3, 1.0]),
        np.array([[1.0, 3.9, 0], [0, 1, 0], [0, 0, 1]]),
        np.array([[1.0, 0, 0], [0, 1, 0], [0.01, 0.01, 1]]),
    ],
)
def test_a_motion_that_goes_on_and_on_leaves_the_state_sound(motion):
    tracker = Tracker(TrackerSettings(confirm_hits=1, max_coast_s=60.0))
    tracker.update(frame(0.0), found((100, 100, 140, 200)))
    for step in range(1, 300):
        (track,) = tracker.update(frame(0.03 * step), Detections.empty(), image_motion=motion)
    assert np.isfinite(track.box).all()
    Tracker().restore(tracker.state())


def test_hours_without_detections_leave_nothing_behind():
    tracker = Tracker(EAGER)
    for step in range(1000):
        tracker.update(frame(10.0 * step), found((100, 100, 140, 200)) if step % 2 else Detections.empty())
    tracker.update(frame(10_000.0), Detections.empty())
    state = tracker.state()
    assert state["numbers"].shape[0] == 0
    assert sum(values.nbytes for values in state.values()) < 1000


def test_class_names_are_any_text():
    tracker = Tracker(EAGER)
    names = ("", "Fußgänger", "歩行者", "a b\n")
    boxes = [(100.0 * place, 0.0, 100.0 * place + 40, 80.0) for place in range(4)]
    for step in range(2):
        tracks = tracker.update(frame(0.1 * step), found(*boxes, classes=names))
    assert [(track.track_id, track.class_name) for track in tracks] == sorted(
        (track.track_id, names[track.detection_index]) for track in tracks
    )
    assert len(tracks) == 4
