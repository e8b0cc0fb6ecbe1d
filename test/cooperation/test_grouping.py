from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.cooperation import motion as cv
from mobinet.cooperation.clustering import group
from mobinet.cooperation.motion import Motion
from mobinet.cooperation.naming import NamedGroup, identity_id_of, name_groups
from mobinet.cooperation.tracklets import TrackletId


def symmetric(count: int, values: dict[tuple[int, int], float]) -> np.ndarray:
    matrix = np.zeros((count, count))
    for (row, column), value in values.items():
        matrix[row, column] = matrix[column, row] = value
    return matrix


@pytest.mark.parametrize(
    ("weights", "apart", "expected"),
    [
        ({}, set(), [[0], [1], [2]]),
        ({(0, 1): 1.0}, set(), [[0, 1], [2]]),
        ({(0, 1): 1.0, (1, 2): 2.0}, set(), [[0, 1, 2]]),  # nothing known of 0 and 2: the one between joins them
        ({(0, 1): 1.0, (1, 2): 2.0}, {(0, 2)}, [[0], [1, 2]]),  # they exclude each other: the stronger pair wins
        ({(0, 1): 1.0, (1, 2): 2.0, (0, 2): -1.5}, set(), [[0], [1, 2]]),  # the sum to the group is negative
        ({(0, 1): 5.0}, {(0, 1)}, [[0], [1], [2]]),
        ({(0, 1): 1.0, (0, 2): 1.0}, {(1, 2)}, [[0, 1], [2]]),  # equal: the lowest indices
    ],
)
def test_groups(weights: dict[tuple[int, int], float], apart: set[tuple[int, int]], expected: list[list[int]]) -> None:
    excluded = symmetric(3, dict.fromkeys(apart, 1.0)).astype(bool)
    assert group(symmetric(3, weights), excluded) == expected


def test_no_tracks_no_groups() -> None:
    assert group(np.zeros((0, 0)), np.zeros((0, 0), bool)) == []


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_groups_are_a_partition_without_exclusions(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights, excluded = rng.normal(size=(count, count)), rng.random((count, count)) < 0.2
    weights, excluded = weights + weights.T, excluded | excluded.T
    groups = group(weights, excluded)
    assert sorted(itertools.chain.from_iterable(groups)) == list(range(count))
    for members in groups:
        assert not any(excluded[a, b] for a, b in itertools.combinations(members, 2))
    # no two groups are left that should be one
    for first, second in itertools.combinations(groups, 2):
        block = np.ix_(first, second)
        assert excluded[block].any() or weights[block].sum() <= 1e-9


A, B, C, D = (TrackletId(stamp, "r1", "front", number) for number, stamp in enumerate((10, 20, 30, 40), 1))


def test_ids_are_the_same_everywhere() -> None:
    # a fixed value: another release must not rename what is known
    assert identity_id_of(A) == identity_id_of(TrackletId(10, "r1", "front", 1)) == "etwd2eet"
    assert len({identity_id_of(t) for t in (A, B, C, D)}) == 4


def named(*groups: list[TrackletId]) -> dict[str, NamedGroup]:
    return name_groups({}, groups)[0]


def test_a_group_is_called_after_its_oldest_track() -> None:
    groups, owners = name_groups({}, [[C, A], [B]])
    assert set(groups) == {identity_id_of(A), identity_id_of(B)}
    assert owners == {A: identity_id_of(A), C: identity_id_of(A), B: identity_id_of(B)}


def test_merged_groups_keep_the_oldest_id() -> None:
    groups, _ = name_groups(named([A], [B], [C]), [[A, B, C]])
    assert groups[identity_id_of(A)].aliases == (identity_id_of(B), identity_id_of(C))


def test_a_split_gives_both_their_own_ids_back() -> None:
    merged, _ = name_groups(named([A], [B]), [[A, B]])
    apart, _ = name_groups(merged, [[A], [B]])
    assert {name: (g.members, g.aliases) for name, g in apart.items()} == {
        identity_id_of(A): ((A,), ()),
        identity_id_of(B): ((B,), ()),
    }


def test_an_id_outlives_the_track_it_was_made_from() -> None:
    later, _ = name_groups(named([A, B], [C]), [[B], [C]])
    assert later[identity_id_of(A)].members == (B,)
    # and goes with the oldest that is left
    split, _ = name_groups(named([A, B, D]), [[D], [B]])
    assert split[identity_id_of(A)].members == (B,)


def test_an_id_follows_the_track_it_was_made_from() -> None:
    # an older track joined B's group and leaves it again: B keeps its id, no id is given twice
    start = named([A, C], [B])
    joined, _ = name_groups(start, [[C], [A, B]])
    apart, _ = name_groups(joined, [[A], [B], [C]])
    assert apart[identity_id_of(B)].members == (B,)
    assert len(apart) == 3


@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=8))
def test_each_track_always_has_exactly_one_id(history: list[list[int]]) -> None:
    tracks = [TrackletId(10 * (i + 1), "r1", "front", i) for i in range(6)]
    groups: dict[str, NamedGroup] = {}
    for labels in history:
        partition = [[t for t, label in zip(tracks, labels, strict=True) if label == which] for which in set(labels)]
        groups, owners = name_groups(groups, partition)
        assert len(groups) == len(partition)
        assert set(owners) == set(tracks)
        assert not {alias for g in groups.values() for alias in g.aliases} & set(groups)


def test_aliases_are_bounded() -> None:
    tracks = [TrackletId(i, "r1", "front", i) for i in range(40)]
    groups, _ = name_groups(named(*[[t] for t in tracks]), [tracks])
    assert len(next(iter(groups.values())).aliases) == 16


def test_the_filter_is_the_textbook_one() -> None:
    # one axis of a moving object, against scalar formulas
    motion = cv.start(np.zeros(3), np.eye(3) * 0.04, np.array([1.0, 0, 0]), 0.5)
    later = cv.predict(motion, 2.0, 0.3)
    np.testing.assert_allclose(later.mean, [2, 0, 0, 1, 0, 0])
    variance = 0.04 + 4 * 0.25 + 0.09 * 8 / 3
    assert later.covariance[0, 0] == pytest.approx(variance)
    assert later.covariance[0, 3] == pytest.approx(2 * 0.25 + 0.09 * 4 / 2)
    updated = cv.update(later, np.array([3.0, 0, 0]), np.eye(3) * 0.1)
    assert updated.mean[0] == pytest.approx(2 + variance / (variance + 0.1))
    assert updated.covariance[0, 0] == pytest.approx(variance * 0.1 / (variance + 0.1))
    assert cv.squared_distance(later, np.array([3.0, 0, 5]), np.eye(3) * 0.1) == pytest.approx(1 / (variance + 0.1))


def test_many_are_predicted_at_once() -> None:
    single = [cv.start(np.full(3, i), np.eye(3), None, 1.0) for i in range(3)]
    stacked = Motion(np.stack([m.mean for m in single]), np.stack([m.covariance for m in single]))
    together = cv.predict(stacked, np.array([0.0, 0.5, 1.0]), 0.3)
    for i, seconds in enumerate((0.0, 0.5, 1.0)):
        alone = cv.predict(single[i], seconds, 0.3)
        np.testing.assert_array_equal(together.mean[i], alone.mean)
        np.testing.assert_array_equal(together.covariance[i], alone.covariance)


def test_fusion_is_never_surer_than_the_surest() -> None:
    covariances = np.stack([np.diag([1.0, 9, 1, 1, 1, 1]), np.diag([9.0, 1, 1, 1, 1, 1])])
    fused = cv.fuse(Motion(np.array([[0.0] * 6, [10.0] * 6]), covariances))
    assert fused.covariance[0, 0] == pytest.approx(1.8)  # 1 / mean(1, 1/9)
    assert fused.mean[0] == pytest.approx(1.0)  # nearer to the surer one
    assert fused.mean[1] == pytest.approx(9.0)
