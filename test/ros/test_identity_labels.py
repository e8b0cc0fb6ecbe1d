"""Labels of tracks follow the identities, and stay readable."""

from __future__ import annotations

import numpy as np

from mobinet.types import Identity, TrackKey
from mobinet_ros.identity_labels import IdentityLabels

SECOND = 1_000_000_000


def make_identity(identity_id: str, *keys: tuple[str, str, int]) -> Identity:
    zeros, ones = np.zeros(3), np.eye(3)
    tracks = tuple(TrackKey(*key) for key in keys)
    return Identity(identity_id, (), "", 1.0, zeros, ones, zeros, ones, tracks)


def test_each_camera_has_its_own_tracks() -> None:
    labels = IdentityLabels()
    labels.update(
        0, [make_identity("a", ("r1", "front", 1), ("r2", "front", 1)), make_identity("b", ("r1", "rear", 1))]
    )
    assert labels.of_camera("r1", "front") == {1: "a"}
    assert labels.of_camera("r1", "rear") == {1: "b"}
    assert labels.of_camera("r3", "front") == {}


def test_a_label_is_held_for_a_moment() -> None:
    labels = IdentityLabels()
    labels.update(0, [make_identity("a", ("r1", "front", 1))])
    labels.update(1 * SECOND, [make_identity("a")])
    assert labels.of_camera("r1", "front") == {1: "a"}
    labels.update(3 * SECOND, [make_identity("a")])
    assert labels.of_camera("r1", "front") == {}


def test_another_identity_takes_over_at_once() -> None:
    labels = IdentityLabels()
    labels.update(0, [make_identity("a", ("r1", "front", 1))])
    labels.update(1, [make_identity("b", ("r1", "front", 1))])
    assert labels.of_camera("r1", "front") == {1: "b"}


def test_nothing_is_held_when_time_jumps_back() -> None:
    labels = IdentityLabels()
    labels.update(100 * SECOND, [make_identity("a", ("r1", "front", 1))])
    labels.update(1 * SECOND, [])
    assert labels.of_camera("r1", "front") == {}
