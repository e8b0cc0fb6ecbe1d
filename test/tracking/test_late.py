from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.tracking import PatientTracker, Tracker, TrackerSettings
from mobinet.types import Detections, Frame, Track

STEP_NS = 10**8
Step = tuple[Frame, Detections]


def seen(step: float, boxes: np.ndarray) -> Step:
    count = len(boxes)
    found = Detections(np.asarray(boxes, np.float32), np.full(count, 0.9, np.float32), ("person",) * count)
    return Frame(10**18 + round(step * STEP_NS), "front", None), found


def walk(seed: int, length: int = 12) -> list[Step]:
    """People who cross each other, some of them missed now and then."""
    random = np.random.default_rng(seed)
    places, speeds = random.uniform(0, 400, (5, 2)), random.normal(0, 15, (5, 2))
    steps = []
    for step in range(length):
        corners = (places + step * speeds + random.normal(0, 2, (5, 2)))[random.random(5) < 0.8]
        steps.append(seen(step, np.concatenate((corners, corners + np.array([40, 80])), axis=1).reshape(-1, 4)))
    return steps


def shuffled(steps: list[Step], within: int, random: np.random.Generator) -> list[Step]:
    """An order in which none comes later than ``within`` steps."""
    due = np.arange(len(steps)) + random.uniform(0, within, len(steps))
    return [steps[index] for index in np.argsort(due)]


def told(tracks: list[Track]) -> list[str]:
    """All but the ids."""
    return sorted(repr(track._replace(track_id=0)) for track in tracks)


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), within=st.integers(1, 6))
def test_the_order_within_the_bound_does_not_matter(seed, within):
    steps = walk(seed)
    patient, plain = PatientTracker(Tracker(), within * STEP_NS / 1e9), Tracker()
    for step in steps:
        expected = plain.update(*step)
    for step in shuffled(steps, within, np.random.default_rng(seed)):
        tracks = patient.update(*step)
    assert told(tracks) == told(expected)
    ids = [track.track_id for track in tracks]
    assert ids == sorted(set(ids))


@settings(max_examples=40)
@given(seed=st.integers(0, 1000))
def test_no_id_is_told_of_two_objects_far_apart(seed):
    """Objects stand; whatever comes late, an id stays where it was told first."""
    random, places, where = np.random.default_rng(seed), 200.0 * np.arange(5), {}
    patient = PatientTracker(Tracker(TrackerSettings(confirm_hits=1)), 1.0)
    steps = []
    for step in range(10):
        x = places[random.random(5) < 0.6]
        steps.append(seen(step, np.stack((x, 0 * x, x + 40, 0 * x + 80), axis=1)))
    for step in shuffled(steps, 5, random):
        for track in patient.update(*step):
            assert where.setdefault(track.track_id, track.box[0]) == pytest.approx(track.box[0], abs=1)


def test_a_track_keeps_its_id_when_its_beginning_comes_late():
    patient = PatientTracker(Tracker(), 1.0)
    steps = [seen(step, np.array([[5.0 * step, 0, 5.0 * step + 40, 80]])) for step in range(4)]
    for index in (1, 2, 3):
        (track,) = patient.update(*steps[index])
        assert track.track_id == 1
    (track,) = patient.update(*steps[0])
    assert (track.track_id, track.first_stamp_ns) == (1, 10**18)


def test_two_late_images_meet_the_camera_s_motion_half_way():
    """The camera turns by 100 pixels between two images; the one between comes late."""
    patient, plain = PatientTracker(Tracker(), 1.0), Tracker()
    half = np.array([[1.0, 0, 50], [0, 1, 0], [0, 0, 1]])
    steps = [seen(step, np.array([[100 + 50.0 * step, 0, 140 + 50.0 * step, 80]])) for step in range(3)]
    for step in steps:
        expected = plain.update(*step, image_motion=half)
    patient.update(*steps[0], image_motion=half)
    patient.update(*steps[2], image_motion=half @ half)
    # a homography means the same at any scale
    tracks = patient.update(*steps[1], image_motion=1e-300 * half)
    np.testing.assert_allclose(tracks[0].box, expected[0].box)


def test_what_is_too_late_or_was_there_is_refused_and_changes_nothing():
    patient = PatientTracker(Tracker(), 0.15)
    steps = walk(3)
    for step in steps[:4]:
        patient.update(*step)
    before = patient.tracker.state()
    assert not patient.takes(steps[1][0].stamp_ns)
    for late in (steps[1], steps[3], steps[2]):
        with pytest.raises(InputError, match="expected a stamp after"):
            patient.update(*late)
    bad = Detections(np.array([[0, 0, 2e6, 10]], np.float32), np.array([0.9], np.float32), ("person",))
    with pytest.raises(InputError, match="within 1000000 pixels"):
        patient.update(Frame(steps[3][0].stamp_ns - STEP_NS // 2, "front", None), bad)
    for name, values in patient.tracker.state().items():
        np.testing.assert_array_equal(values, before[name])


def looking(count: int, size: int) -> np.ndarray:
    return np.ones((count, size), np.float32)


@pytest.mark.parametrize(
    ("step", "embeddings", "motion", "message"),
    [
        # those that came before it are of another camera
        (
            (Frame(10**18 + STEP_NS // 2, "rear", None), seen(0, np.zeros((0, 4)))[1]),
            None,
            None,
            "follows camera 'front'",
        ),
        # the late one could be followed, but what came after it has embeddings of another length
        (seen(-1, np.array([[0, 0, 40, 80]])), looking(1, 3), None, "expected 3 numbers as before, got 4"),
        # it is refused itself
        (seen(0.5, np.array([[0, 0, 40, 80]])), None, np.zeros((3, 3)), "finite, invertible"),
    ],
)
def test_what_cannot_be_taken_in_changes_nothing(step, embeddings, motion, message):
    patient, twin = PatientTracker(Tracker(), 1.0), PatientTracker(Tracker(), 1.0)
    standing = np.array([[0, 0, 40, 80]])
    for each in (patient, twin):
        for index in range(3):
            each.update(*seen(index, standing), looking(1, 4), np.eye(3))
    with pytest.raises(InputError, match=message):
        patient.update(*step, embeddings, motion)
    for index in (2.5, 1.5, 3):
        following = (*seen(index, standing), looking(1, 4), np.eye(3))
        assert repr(patient.update(*following)) == repr(twin.update(*following))


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), saved=st.integers(1, 10))
def test_a_restored_state_takes_in_what_is_late_behind_it_alone(seed, saved):
    steps, patient, restored = walk(seed), PatientTracker(Tracker(), 0.3), PatientTracker(Tracker(), 0.3)
    for step in steps[:saved]:
        patient.update(*step)
    # what the other one had followed is forgotten
    restored.update(Frame(5, "rear", None), steps[0][1])
    restored.restore(patient.state())
    if saved > 1:
        assert patient.takes(steps[saved - 1][0].stamp_ns - 1)
    assert not restored.takes(steps[saved - 1][0].stamp_ns - 1)
    with pytest.raises(InputError, match="expected a stamp after"):
        restored.update(Frame(steps[saved - 1][0].stamp_ns - 1, "front", None), steps[0][1])
    late_last = [*steps[saved + 1 :][:1], *steps[saved : saved + 1], *steps[saved + 2 :]]
    for step in late_last:
        assert repr(patient.update(*step)) == repr(restored.update(*step))


def test_after_a_reset_nothing_is_late_and_no_id_comes_again():
    patient, steps = PatientTracker(Tracker(), 1.0), walk(3)
    highest = max(track.track_id for step in steps[:5] for track in patient.update(*step))
    patient.reset()
    assert patient.takes(steps[0][0].stamp_ns)
    patient.update(*steps[1])
    tracks = patient.update(*steps[0])
    assert tracks
    assert min(track.track_id for track in tracks) > highest


def test_nothing_is_kept_where_nothing_may_be_late():
    patient = PatientTracker(Tracker(), 0.0)
    steps = walk(3)
    for step in steps[:3]:
        assert patient.takes(step[0].stamp_ns)
        patient.update(*step)
        assert not patient.takes(step[0].stamp_ns)
    assert not patient.takes(steps[1][0].stamp_ns)
    with pytest.raises(InputError, match="expected a stamp after"):
        patient.update(*steps[1])
    patient.reset()
    patient.update(*steps[1])
