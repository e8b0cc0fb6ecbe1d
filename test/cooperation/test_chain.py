"""Boxes of several cameras to identities, through lenses, ground, wire and map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.cooperation import (
    CameraPose,
    CameraView,
    EnvelopeWriter,
    GroundSettings,
    IdentityMap,
    PeerGuard,
    as_sent,
    encode_sightings,
    make_sightings,
)
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.types import Identity, Sighting, Track, TrackState

S = 1_000_000_000
WIDE = CameraModel.pinhole(768, 576, np.radians(40))
POSE = CameraPose(Transform.from_euler(0.0, np.radians(20), 0.0, np.array([0.0, 0.0, 8.0])) @ OPTICAL2BODY)


def tracks_in_window(rows: np.ndarray, left: int, width: int) -> list[Track]:
    """Ground truth ``id, x1, y1, x2, y2`` that lies in a window, as tracks in its pixels; ids differ a camera."""
    inside = rows[(rows[:, 1] > left + 2) & (rows[:, 3] < left + width - 2)]
    still = np.zeros(2, np.float32)
    return [
        Track(int(r[0]) + left, (r[1:5] - [left, 0, left, 0]).astype(np.float32), 0.9, "person", TrackState.CONFIRMED,
              still, 0, 0, 0)
        for r in inside
    ]  # fmt: skip


def identified(identities: list[Identity]) -> list[tuple[str, tuple[object, ...], bytes]]:
    return [(i.identity_id, i.tracks, i.position.tobytes()) for i in identities]


@pytest.mark.recordings
def test_windows_over_one_recording_agree_on_who_is_who(data_dir: Path) -> None:
    # PETS 2009 ground truth through three overlapping windows, each a robot that talks to the others
    truth = np.loadtxt(data_dir / "mot/PETS09-S2L1/gt.txt", delimiter=",", usecols=range(6))
    truth[:, 4:6] += truth[:, 2:4]
    windows = {"r1": 0, "r2": 180, "r3": 360}
    width = 400
    maps = {robot: IdentityMap() for robot in windows}
    writers = {robot: EnvelopeWriter(robot) for robot in windows}
    guards = {robot: PeerGuard(robot, writers[robot].boot_id) for robot in windows}
    rng = np.random.default_rng(2)
    right = wrong = split = 0
    for frame in range(1, 200, 2):
        stamp_ns = 1000 * S + frame * S // 7
        said = {}
        for robot, left in windows.items():
            rows = truth[truth[:, 0] == frame][:, 1:6]
            rows[:, 1:] += rng.normal(0, 1.0, rows[:, 1:].shape)  # each sees its own noise of a pixel
            view = CameraView(robot, "front", stamp_ns, WIDE.shifted(left, 0, width, 576), POSE)
            sightings = make_sightings(view, tracks_in_window(rows, left, width), {}, "", GroundSettings()).sightings
            maps[robot].add(as_sent(sightings))
            said[robot] = writers[robot].wrap(encode_sightings(sightings))
        for robot in windows:
            heard: list[Sighting] = []
            for other in rng.permutation([name for name in windows if name != robot]):
                for envelope in said[str(other)]:
                    heard += guards[robot].receive(envelope, stamp_ns).sightings
            maps[robot].add(heard)
        shown = maps["r1"].identities(stamp_ns)
        people = [{key.track_id - windows[key.robot] for key in identity.tracks} for identity in shown]
        people = [group for group in people if group]
        split += len(people) - len(set().union(*people))
        right += sum(len(group) == 1 for group in people)
        wrong += sum(len(group) > 1 for group in people)
        assert identified(shown) == identified(maps["r2"].identities(stamp_ns))
    assert identified(maps["r1"].identities(stamp_ns)) == identified(maps["r3"].identities(stamp_ns))
    assert right > 300
    assert wrong / right < 0.02  # people who walk arm in arm
    assert split / right < 0.02  # one person under two ids
    shared = [identity for identity in shown if len(identity.tracks) > 1]
    assert shared  # somebody was in two windows at the end
    assert all(not guard.refused for guard in guards.values())
