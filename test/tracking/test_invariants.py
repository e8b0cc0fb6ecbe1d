from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Detections, Frame, Track

# few places, sizes and scores, so that overlaps, ties and exact duplicates are common
PLACES = st.integers(0, 6).map(lambda place: 20.0 * place)
SIZES = st.sampled_from((40.0, 50.0, 200.0))
SCORES = st.sampled_from((0.05, 0.3, 0.65, 0.7, 0.9))
OBJECTS = st.lists(st.tuples(PLACES, PLACES, SIZES, SIZES, SCORES, st.sampled_from(("person", "dog", ""))), max_size=6)
GAPS = st.sampled_from((1e-3, 0.03, 0.2, 1.5))
# nothing stays, and everything stays but is missed now and then, and at the end: tracks are confirmed, wait, are lost
FLEETING = st.lists(st.tuples(GAPS, OBJECTS), max_size=12)
MISSES = st.lists(st.booleans(), min_size=6, max_size=6)


def standing(objects: list[tuple], images: list[tuple[float, list[bool]]]) -> list[tuple[float, list[tuple]]]:
    return [
        (gap, [each for each, miss in zip(objects, misses, strict=False) if not miss]) for gap, misses in images
    ] + [(0.9, [])] * 4


STANDING = st.builds(standing, OBJECTS, st.lists(st.tuples(GAPS, MISSES), min_size=5, max_size=12))
SCENES = st.one_of(FLEETING, STANDING)

Step = tuple[Frame, Detections]


def steps(scene: list[tuple[float, list[tuple]]], camera: str = "front") -> list[Step]:
    stamp_ns, made = 10**18, []
    for gap_s, objects in scene:
        stamp_ns += round(gap_s * 1e9)
        boxes = [(x, y, x + w, y + h) for x, y, w, h, _, _ in objects]
        found = Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array([score for *_, score, _ in objects], np.float32),
            tuple(name for *_, name in objects),
        )
        made.append((Frame(stamp_ns, camera, None), found))
    return made


def follow(tracker: Tracker, todo: list[Step]) -> list[list[Track]]:
    return [tracker.update(frame, found) for frame, found in todo]


def without_index(tracks: list[Track]) -> list[str]:
    return [repr(track._replace(detection_index=0)) for track in tracks]


@settings(max_examples=100)
@given(scene=SCENES)
def test_ids_rise_and_are_never_used_again(scene):
    tracker, alive, highest = Tracker(), set(), 0
    for tracks in follow(tracker, steps(scene)):
        ids = [track.track_id for track in tracks]
        assert ids == sorted(set(ids))
        born = set(ids) - alive
        assert all(track_id > highest for track_id in born)
        highest, alive = max([highest, *ids]), set(ids)


@settings(max_examples=100)
@given(scene=SCENES)
def test_every_track_is_born_with_a_detection(scene):
    tracker, known = Tracker(), set()
    for (frame, found), tracks in ((step, tracker.update(*step)) for step in steps(scene)):
        for track in tracks:
            if track.track_id not in known:
                assert track.detection_index >= 0
                assert track.first_stamp_ns == frame.stamp_ns
                assert found.scores[track.detection_index] >= tracker.settings.new_track_score
            known.add(track.track_id)


@settings(max_examples=100)
@given(scene=SCENES)
def test_a_detection_has_at_most_one_track_and_its_class(scene):
    tracker, classes = Tracker(), {}
    for frame, found in steps(scene):
        tracks = tracker.update(frame, found)
        taken = [track.detection_index for track in tracks if track.detection_index >= 0]
        assert len(taken) == len(set(taken))
        for track in tracks:
            assert classes.setdefault(track.track_id, track.class_name) == track.class_name
            if track.detection_index >= 0:
                assert found.class_names[track.detection_index] == track.class_name
                assert found.scores[track.detection_index] == np.float32(track.score)


@settings(max_examples=100)
@given(scene=SCENES)
def test_no_track_outlives_its_coast(scene):
    limit_ns = TrackerSettings().max_coast_s * 1e9
    for (frame, _), tracks in zip(steps(scene), follow(Tracker(), steps(scene)), strict=True):
        assert all(0 <= frame.stamp_ns - track.last_stamp_ns <= limit_ns for track in tracks)
        assert all((track.last_stamp_ns == frame.stamp_ns) == (track.detection_index >= 0) for track in tracks)


@settings(max_examples=100)
@given(scene=SCENES, seed=st.integers(0, 2**32 - 1))
def test_order_of_detections_changes_nothing(scene, seed):
    random, plain, shuffled = np.random.default_rng(seed), Tracker(), Tracker()
    for frame, found in steps(scene):
        order = random.permutation(len(found))
        first, second = plain.update(frame, found), shuffled.update(frame, found[order])
        assert without_index(first) == without_index(second)
        for one, other in zip(first, second, strict=True):
            assert (one.detection_index < 0) == (other.detection_index < 0)
            if one.detection_index >= 0:
                np.testing.assert_array_equal(
                    found.boxes[one.detection_index], found[order].boxes[other.detection_index]
                )


@settings(max_examples=100)
@given(scene=SCENES)
def test_the_same_input_gives_the_same_answer(scene):
    assert repr(follow(Tracker(), steps(scene))) == repr(follow(Tracker(), steps(scene)))


@settings(max_examples=100)
@given(first=SCENES, second=SCENES)
def test_two_trackers_never_affect_each_other(first, second):
    alone = repr(follow(Tracker(), steps(first))), repr(follow(Tracker(), steps(second, "rear")))
    one, other = Tracker(), Tracker()
    mixed = [[], []]
    for index in range(max(len(first), len(second))):
        for answers, tracker, todo in ((mixed[0], one, steps(first)), (mixed[1], other, steps(second, "rear"))):
            if index < len(todo):
                answers.append(tracker.update(*todo[index]))
    assert tuple(map(repr, mixed)) == alone
    assert {*one.state()["class_names"].tolist()} == {name for _, found in steps(first) for name in found.class_names}


@settings(max_examples=100)
@given(scene=SCENES)
def test_boxes_are_always_sound(scene):
    for tracks in follow(Tracker(), steps(scene)):
        for track in tracks:
            assert np.isfinite(track.box).all()
            assert (track.box[2:] > track.box[:2]).all()
            assert track.box.dtype == track.velocity.dtype == np.float32
