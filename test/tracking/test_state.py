from __future__ import annotations

import io

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.tracking import Tracker
from mobinet.types import Detections, Frame, Track


def seen(step: int, looks: bool = False) -> tuple:
    boxes = np.array([[5 * step, 0, 5 * step + 40, 80], [300, 0, 340, 80]], np.float32)[: 1 + step % 2]
    found = Detections(boxes, np.full(len(boxes), 0.9, np.float32), ("person", "dog")[: len(boxes)])
    embeddings = np.eye(2, 3, dtype=np.float32)[: len(boxes)] if looks else None
    return Frame(10**18 + step * 10**8, "front", None), found, embeddings


def follow(tracker: Tracker, steps: range, looks: bool = False) -> list[list[Track]]:
    return [tracker.update(*seen(step, looks)) for step in steps]


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("begun", [0, 7])
def test_a_restored_tracker_goes_on_as_if_nothing_had_been(begun, looks):
    tracker, other = Tracker(), Tracker()
    follow(tracker, range(begun), looks)
    file = io.BytesIO()
    np.savez(file, **tracker.state())
    file.seek(0)
    # the other one has followed something else
    other.update(Frame(5, "rear", None), Detections.empty())
    with np.load(file) as state:
        other.restore(state)
    assert repr(follow(tracker, range(begun, 12), looks)) == repr(follow(other, range(begun, 12), looks))


def test_a_saved_state_does_not_change():
    tracker = Tracker()
    follow(tracker, range(5))
    state = tracker.state()
    kept = {name: array.copy() for name, array in state.items()}
    follow(tracker, range(5, 9))
    for name, array in kept.items():
        np.testing.assert_array_equal(state[name], array)


def changed(state: dict, name: str, value: object) -> dict:
    return {**state, name: np.asarray(value)}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state: {key: state[key] for key in state if key != "marks"}, "'marks' is missing"),
        (lambda state: changed(state, "version", 99), "expected version 4, got 99"),
        # of other types, as a file that was written by hand has them
        (lambda state: changed(state, "version", "2"), "'version': expected integers"),
        (lambda state: changed(state, "version", [2, 2]), "'version': expected integers of shape"),
        (lambda state: changed(state, "next_id", 3.0), "'next_id': expected integers"),
        (lambda state: changed(state, "marks", state["marks"].astype(float)), "'marks': expected integers"),
        (lambda state: changed(state, "numbers", None), "'numbers': expected floating-point numbers"),
        (lambda state: changed(state, "class_names", [1, 2]), "'class_names': expected texts"),
        # of other shapes
        (lambda state: changed(state, "numbers", state["numbers"][:, :3]), r"'numbers': .*26.*got float64 of shape"),
        (lambda state: changed(state, "looks", state["looks"][0]), "'looks': expected .*of shape"),
        (lambda state: changed(state, "marks", state["marks"][1:]), "as many marks and looks as numbers"),
        (lambda state: changed(state, "unrest", 1.0), "'unrest': .*of shape"),
        # of the right shape, and impossible
        (lambda state: changed(state, "numbers", state["numbers"] * np.nan), "'numbers': expected finite"),
        (lambda state: changed(state, "numbers", state["numbers"] + 1e300), "'numbers': expected finite"),
        (lambda state: changed(state, "numbers", -state["numbers"]), "sizes and variances above 0"),
        (lambda state: changed(state, "newcomers", np.array([0.1, np.nan])), "'newcomers': expected finite"),
        (lambda state: changed(state, "newcomers", np.array([0.1, 7.0])), "newcomers"),
        (lambda state: changed(state, "unrest", np.zeros(2)), "an unrest"),
        (lambda state: changed(state, "next_id", 1), "rising ids below next_id"),
        (lambda state: changed(state, "marks", state["marks"][::-1]), "rising ids below next_id"),
        (lambda state: changed(state, "class_names", np.array([], np.str_)), "known classes"),
        (lambda state: changed(state, "class_names", ["person", "person"]), "each class name once"),
        (lambda state: changed(state, "stamp_ns", np.array([], np.int64)), "one stamp and one camera"),
        (lambda state: changed(state, "stamp_ns", np.array([5])), "then the newest stamp"),
    ],
)
def test_a_spoilt_state_is_refused_and_changes_nothing(spoil, message):
    tracker, twin = Tracker(), Tracker()
    for each in (tracker, twin):
        follow(each, range(6))
    with pytest.raises(InputError, match=message):
        tracker.restore(spoil(tracker.state()))
    assert repr(follow(tracker, range(6, 9))) == repr(follow(twin, range(6, 9)))


def test_a_damaged_file_is_refused():
    tracker, file = Tracker(), io.BytesIO()
    follow(tracker, range(6))
    np.savez(file, **tracker.state())
    damaged = bytearray(file.getvalue())
    place = damaged.index(b"numbers.npy") + 200
    damaged[place] ^= 0xFF
    with np.load(io.BytesIO(damaged)) as state, pytest.raises(InputError, match="'numbers' cannot be read"):
        Tracker().restore(state)


def test_a_restored_tracker_is_of_the_camera_it_was_saved_of():
    tracker, other = Tracker(), Tracker()
    follow(tracker, range(3))
    other.restore(tracker.state())
    with pytest.raises(InputError, match="follows camera 'front', got a frame of 'rear'"):
        other.update(Frame(2 * 10**18, "rear", None), Detections.empty())
