from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.cooperation import IdentityMap, IdentitySettings
from mobinet.errors import InputError
from mobinet.types import Identity, Sighting, TrackKey

S = 1_000_000_000
COVARIANCE = np.diag([0.01, 0.01, 0.0025])


def sighting(
    robot: str, track: int, time_s: float, x: float, y: float = 0.0, *, camera: str = "front", **changes: object
) -> Sighting:
    key = TrackKey(robot, camera, track)
    made = Sighting(key, round(time_s * S), np.array([x, y, 0.0]), COVARIANCE, "person", 0.9)
    return replace(made, **changes)  # type: ignore[arg-type]


def look(angle_deg: float) -> dict[str, object]:
    angle = np.radians(angle_deg)
    return {"embedding": np.array([np.cos(angle), np.sin(angle)], np.float32), "model": "m"}


def by_tracks(identities: list[Identity]) -> dict[frozenset[str], Identity]:
    return {frozenset(map(str, identity.tracks)): identity for identity in identities}


def fingerprint(identities: list[Identity]) -> list[object]:
    """Everything in the identities, exactly."""
    return [
        (
            i.identity_id, i.aliases, i.class_name, i.score, i.tracks, i.first_seen_ns, i.last_seen_ns,
            i.position.tobytes(), i.covariance.tobytes(), i.velocity.tobytes(), i.velocity_covariance.tobytes(),
        )
        for i in identities
    ]  # fmt: skip


def test_two_robots_see_one_object() -> None:
    shared = IdentityMap()
    shared.add([sighting("r1", 4, 1.0, 5.0), sighting("r2", 9, 1.02, 5.15)])
    (identity,) = shared.identities(round(1.05 * S))
    assert [str(key) for key in identity.tracks] == ["r1/front/4", "r2/front/9"]
    assert 5.0 < identity.position[0] < 5.15
    assert (identity.class_name, identity.first_seen_ns, identity.last_seen_ns) == ("person", S, round(1.02 * S))


def test_who_hears_of_a_track_late_names_it_alike() -> None:
    early, late = IdentityMap(), IdentityMap()
    track = [sighting("r1", 4, 1 + 0.1 * i, 5.0, first_stamp_ns=round(0.8 * S)) for i in range(20)]
    for one in track:
        early.add([one])
    for one in track[15:]:
        late.add([one])
    (first,), (second,) = early.identities(3 * S), late.identities(3 * S)
    assert first.identity_id == second.identity_id
    assert first.first_seen_ns == second.first_seen_ns == round(0.8 * S)


def test_a_track_that_jumps_begins_another_life() -> None:
    shared = IdentityMap()
    for time_s, x in ((1.0, 0.0), (1.1, 0.0), (1.2, 40.0), (1.3, 40.0)):
        shared.add([sighting("r1", 4, time_s, x, first_stamp_ns=S)])
    assert len({identity.identity_id for identity in shared.identities(round(1.3 * S))}) == 2


def test_far_apart_are_two_objects() -> None:
    shared = IdentityMap()
    shared.add([sighting("r1", 1, 1.0, 0.0), sighting("r2", 1, 1.0, 3.0)])
    assert len(shared.identities(S)) == 2


def test_two_tracks_of_one_camera_are_two_objects_however_near() -> None:
    shared = IdentityMap()
    for step in range(10):
        time_s = 1 + step / 10
        shared.add([sighting("r1", 1, time_s, 0.0, **look(0)), sighting("r1", 2, time_s, 0.02, **look(0))])
    assert len(shared.identities(2 * S)) == 2


def test_looks_decide_between_near_positions() -> None:
    # both of the second robot's tracks lie between the first robot's two people
    shared = IdentityMap()
    for step in range(10):
        t = 1 + step / 10
        shared.add([sighting("r1", 1, t, 0.0, **look(0)), sighting("r1", 2, t, 0.4, **look(90))])
        shared.add([sighting("r2", 5, t, 0.2, **look(88)), sighting("r2", 6, t, 0.25, **look(3))])
    assert set(by_tracks(shared.identities(2 * S))) == {
        frozenset({"r1/front/1", "r2/front/6"}),
        frozenset({"r1/front/2", "r2/front/5"}),
    }


def test_looks_of_different_models_do_not_compare() -> None:
    shared = IdentityMap()
    other = {"embedding": look(90)["embedding"], "model": "other"}
    # nor those of other lengths, which a peer may send under a known name
    longer = {"embedding": np.array([0, 0, 1], np.float32), "model": "m"}
    items = [sighting("r1", 1, 1.0, 0.0, **look(0)), sighting("r2", 1, 1.0, 0.1, **other)]
    shared.add([*items, sighting("r3", 1, 1.0, 0.05, **longer)])
    assert len(shared.identities(S)) == 1


def test_different_classes_are_two_objects() -> None:
    shared = IdentityMap()
    shared.add([sighting("r1", 1, 1.0, 0.0), sighting("r2", 1, 1.0, 0.1, class_name="car")])
    assert len(shared.identities(S)) == 2


def test_an_unknown_class_fits_any() -> None:
    shared = IdentityMap()
    shared.add([sighting("r1", 1, 1.0, 0.0), sighting("r2", 1, 1.0, 0.1, class_name="")])
    (identity,) = shared.identities(S)
    assert identity.class_name == "person"


def test_an_identity_outlives_its_tracks() -> None:
    # a track ends, another of the same camera goes on from where it would be
    shared = IdentityMap()
    for step in range(20):
        shared.add([sighting("r1", 1, 1 + step / 10, step / 10)])
    before = shared.identities(3 * S)[0].identity_id
    for step in range(28, 40):
        shared.add([sighting("r1", 2, 1 + step / 10, step / 10)])
    (identity,) = shared.identities(round(4.9 * S))
    assert identity.identity_id == before
    assert [str(key) for key in identity.tracks] == ["r1/front/2"]
    assert identity.first_seen_ns == S


def test_velocity_is_learnt_and_used() -> None:
    shared = IdentityMap()
    for step in range(30):
        shared.add([sighting("r1", 1, 1 + step / 10, 0.1 * step, -0.05 * step)])
    (identity,) = shared.identities(round(4.4 * S))  # half a second after the last
    np.testing.assert_allclose(identity.velocity, [1.0, -0.5, 0], atol=0.05)
    np.testing.assert_allclose(identity.position, [3.4, -1.7, 0], atol=0.05)
    assert np.linalg.eigvalsh(identity.covariance)[0] > 0


def test_the_oldest_id_wins_when_identities_merge_and_comes_apart_again() -> None:
    shared = IdentityMap()
    path = [5.0, 5.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]
    for step in range(50):  # r2's object walks up to r1's, which stands
        x = float(np.interp(step / 4, range(len(path)), path))
        shared.add([sighting("r1", 1, 1 + step / 10, 0.0), sighting("r2", 1, 1.05 + step / 10, x)])
        if step == 5:
            first, second = shared.identities(2 * S)
    (merged,) = shared.identities(6 * S)
    assert (merged.identity_id, merged.aliases) == (first.identity_id, (second.identity_id,))
    for step in range(50, 80):  # and away: it has its own id again, and is no alias any more
        shared.add([sighting("r1", 1, 1 + step / 10, 0.0), sighting("r2", 1, 1.05 + step / 10, 0.1 * (step - 50))])
    apart = shared.identities(9 * S)
    assert [(i.identity_id, i.aliases) for i in apart] == [(first.identity_id, ()), (second.identity_id, ())]


def test_an_identity_expires() -> None:
    shared = IdentityMap(IdentitySettings(expiry_s=5.0))
    shared.add([sighting("r1", 1, 1.0, 0.0)])
    assert len(shared.identities(5 * S)) == 1
    assert shared.identities(5 * S)[0].tracks == ()  # not shown by any track now
    assert shared.identities(7 * S) == []
    shared.add([sighting("r1", 2, 20.0, 50.0)])
    assert len(shared.identities(20 * S)) == 1


def test_a_track_number_used_again_is_a_new_object() -> None:
    # the camera restarted: same number, elsewhere, later; and a track that jumps
    shared = IdentityMap()
    shared.add([sighting("r1", 1, 1.0, 0.0)])
    shared.add([sighting("r1", 1, 9.0, 80.0)])
    assert len(shared.identities(9 * S)) == 2
    shared.add([sighting("r1", 1, 9.1, 20.0)])
    assert len(shared.identities(round(9.1 * S))) == 3


def test_late_sightings_are_refused_and_counted() -> None:
    shared = IdentityMap(IdentitySettings(window_s=0.5))
    assert shared.add([sighting("r1", 1, 10.0, 0.0)]) == 1
    assert shared.add([sighting("r2", 1, 9.7, 0.0)]) == 1
    assert shared.add([sighting("r2", 1, 9.0, 0.0)]) == 0
    assert shared.refused["late"] == 1
    shared.reset()  # the clock jumped back
    assert shared.add([sighting("r2", 1, 2.0, 0.0)]) == 1
    assert len(shared.identities(2 * S)) == 1


def test_memory_is_bounded() -> None:
    config = IdentitySettings(max_tracks=20, max_pending=100, expiry_s=1000.0)
    shared = IdentityMap(config)
    for step in range(100):
        shared.add([sighting("r1", step * 3 + i + 1, step / 10, 7.0 * i, 7.0 * step) for i in range(3)])
    assert len(shared.identities(10 * S)) <= 20
    flood = [sighting("r2", i + 1, 10.0, 7.0 * i) for i in range(200)]
    assert shared.add(flood) <= 100
    assert shared.refused["flood"] >= 100
    # and goes on afterwards
    assert shared.add([sighting("r1", 1, 20.0, 0.0)]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"position": np.array([np.nan, 0, 0])},
        {"position": np.zeros(2)},
        {"covariance": np.diag([1.0, 1.0, -1.0])},
        {"covariance": np.full((3, 3), np.inf)},
        {"stamp_ns": -5},
        {"velocity": np.array([1.0, np.nan, 0])},
        {"velocity": np.zeros(2)},
        {"embedding": np.array([np.nan, 1], np.float32), "model": "m"},
        {"embedding": np.ones((2, 2), np.float32), "model": "m"},
    ],
)
def test_malformed_sightings_are_named(changes: dict[str, object]) -> None:
    shared = IdentityMap()
    with pytest.raises(InputError, match="sighting r1/front/1"):
        shared.add([sighting("r2", 1, 1.0, 0.0), sighting("r1", 1, 1.0, 0.0, **changes)])
    assert shared.identities(S) == []


@st.composite
def scenes(draw: st.DrawFn) -> list[Sighting]:
    """A few people and cameras within one window, with gaps, shared instants and repetitions."""
    config = st.tuples(
        st.sampled_from(["r1", "r2", "r3"]), st.integers(1, 3), st.integers(0, 8), st.integers(0, 2), st.booleans()
    )
    rows = draw(st.lists(config, min_size=1, max_size=30))
    return [
        sighting(robot, track, 100 + 0.05 * tick, 0.3 * person, **(look(50.0 * person) if described else {}))
        for robot, track, tick, person, described in rows
    ]


@given(scenes(), st.randoms(use_true_random=False), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_the_order_of_arrival_does_not_matter(items: list[Sighting], random: object, parts: int) -> None:
    first, second = IdentityMap(), IdentityMap()
    first.add(sorted(items, key=lambda s: (s.stamp_ns, s.key)))
    shuffled = items + items[:3]  # some twice
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for part in range(parts):
        second.add(shuffled[part::parts])
        second.identities(101 * S)  # asking in between changes nothing
    assert fingerprint(first.identities(101 * S)) == fingerprint(second.identities(101 * S))


@given(scenes())
@settings(max_examples=30, deadline=None)
def test_no_identity_holds_two_tracks_of_one_camera_at_one_instant(items: list[Sighting]) -> None:
    shared = IdentityMap()
    seen: dict[tuple[str, str, int], set[int]] = {}
    for item in sorted(items, key=lambda s: s.stamp_ns):
        shared.add([item])
        seen.setdefault((item.key.robot, item.key.camera, item.stamp_ns), set()).add(item.key.track_id)
    identities = shared.identities(items[0].stamp_ns)
    assert len({i.identity_id for i in identities}) == len(identities)
    for (robot, camera, _), tracks in seen.items():
        for identity in identities:
            held = [k for k in identity.tracks if (k.robot, k.camera) == (robot, camera) and k.track_id in tracks]
            assert len(held) <= 1
            assert len({(key.robot, key.camera) for key in identity.tracks}) == len(identity.tracks)


def test_robots_with_the_same_evidence_agree_over_a_long_time() -> None:
    # people walk about for 9 s; each map gets each sighting up to 0.4 s late, in an order of its own
    rng = np.random.default_rng(5)
    arrivals: list[list[tuple[float, Sighting]]] = [[], []]
    for step in range(90):
        t = 50 + step / 10
        for robot in range(3):
            for person in range(4):
                x = 2.5 * np.cos(0.3 * t + 1.6 * person) + 0.1 * rng.normal()
                y = 2.5 * np.sin(0.23 * t + 1.1 * person) + 0.1 * rng.normal()
                number = person + 1 + 10 * (step // (30 + 7 * robot))  # tracks end and begin
                item = sighting(f"r{robot}", number, t + 0.01 * robot, x, y, **look(40.0 * person))
                for order in arrivals:
                    order.append((t + rng.uniform(0, 0.4), item))
    maps = [IdentityMap(), IdentityMap()]
    for shared, order in zip(maps, arrivals, strict=True):
        ordered = [item for _, item in sorted(order, key=lambda pair: pair[0])]
        for start in range(0, len(ordered), 7):
            shared.add(ordered[start : start + 7])
            if start % 70 == 0:
                shared.identities(ordered[start].stamp_ns)
    end = 59 * S
    assert fingerprint(maps[0].identities(end)) == fingerprint(maps[1].identities(end))
    assert sum(maps[0].refused.values()) == 0
    shown = [identity for identity in maps[0].identities(end) if identity.tracks]
    assert [len(identity.tracks) for identity in shown] == [3, 3, 3, 3]
    assert {i.first_seen_ns for i in shown} == {50 * S}  # nobody lost the id of the beginning


def pair_counts(values: list[object]) -> int:
    return sum(comb(count, 2) for count in Counter(values).values())


def adjusted_rand(truth: list[int], found: list[str]) -> float:
    """Hubert and Arabie 1985."""
    both = pair_counts(list(zip(truth, found, strict=True)))
    rows, columns, total = pair_counts(list(truth)), pair_counts(list(found)), comb(len(truth), 2)
    chance = rows * columns / max(total, 1)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


@pytest.mark.recordings
def test_four_real_cameras_agree(data_dir: Path) -> None:
    # EPFL Terrace: 40 seconds, 2.5 frames a second, positions alone; a plan of about 2.5 cm a unit
    frames: dict[int, list[tuple[int, Sighting]]] = {}
    for camera in range(4):
        ground = np.loadtxt(data_dir / f"cooperation/terrace1-c{camera}.H")
        lines = (data_dir / f"cooperation/terrace1-c{camera}.txt").read_text().splitlines()
        rows = np.array([[int(value) for value in line.split()[:9]] for line in lines])
        rows = rows[(rows[:, 6] == 0) & (rows[:, 5] % 10 == 0) & (rows[:, 5] >= 2000) & (rows[:, 5] < 3000)]
        feet = np.column_stack([(rows[:, 1] + rows[:, 3]) / 2, rows[:, 4], np.ones(len(rows))]) @ ground.T
        feet = feet[:, :2] / feet[:, 2:] * 0.025
        for (person, *_), frame, (x, y) in zip(rows.tolist(), rows[:, 5].tolist(), feet, strict=True):
            item = sighting(f"r{camera}", person + 1, frame / 25, x, y, covariance=np.diag([0.12, 0.12, 0.01]))
            frames.setdefault(frame, []).append((person, item))
    shared = IdentityMap()
    scores = []
    for _, items in sorted(frames.items()):
        shared.add([item for _, item in items])
        owner = {key: i.identity_id for i in shared.identities(items[0][1].stamp_ns) for key in i.tracks}
        scores.append(adjusted_rand([person for person, _ in items], [owner[item.key] for _, item in items]))
    assert len(scores) > 80
    assert np.mean(scores) > 0.8
