"""How right a run on a simulated world was: its tracks and identities against the world's truth.

What is judged, in every camera, at each image that the truth is told for, from the camera's first tracks to its last:

- true boxes count when at least :data:`LEAST_VISIBILITY` of the silhouette shows and the box is at least
  :data:`LEAST_HEIGHT_PX` high; smaller, more hidden ones, and classes that nobody looks for, are forgiven: neither
  finding nor missing them counts;
- of the tracks the confirmed ones count, whatever their class; a box that is only predicted does not;
- identity of a box is what a robot first says of its track after the image, within :data:`IDENTITY_WAIT_NS`.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mobinet.evaluation import (
    IdentityScores,
    IdentitySettings,
    MotScores,
    MotSettings,
    TrackTable,
    evaluate_identities,
    evaluate_mot,
)
from mobinet.types import Int64

LEAST_VISIBILITY = 0.3
LEAST_HEIGHT_PX = 24.0
IDENTITY_WAIT_NS = 1_000_000_000
MOST_IMAGES = 20_000
"""Of each camera; what comes later is not judged."""
_JUMP_BACK_NS = 1_000_000_000

Camera = tuple[str, str]
"""Robot and camera."""
TrackName = tuple[str, str, str]
"""Robot, camera and track id."""


class TrueBox(NamedTuple):
    """One true object in one image; ``box`` is xyxy in pixels."""

    name: str
    class_name: str
    box: tuple[float, float, float, float]
    visibility: float


class TrackBox(NamedTuple):
    """One confirmed track in one image; ``box`` is xyxy in pixels."""

    track_id: str
    box: tuple[float, float, float, float]


@dataclass
class _Seen:
    """Of one camera, by the stamps of its images."""

    truth: dict[int, Sequence[TrueBox]] = field(default_factory=dict)
    tracks: dict[int, Sequence[TrackBox]] = field(default_factory=dict)

    def judged(self) -> Int64:
        """The instants with truth, from the first tracks to the last."""
        if not self.tracks:
            return np.zeros(0, np.int64)
        first, last = min(self.tracks), max(self.tracks)
        return np.array(sorted(stamp for stamp in self.truth if first <= stamp <= last), np.int64)


@dataclass(frozen=True)
class TruthScores:
    """What the run came to.

    Args:
        cameras: of each camera by ``robot/camera``, where there was something to judge.
        identities: over all cameras, each camera's tracks named by its own robot.
        seen_by: over all cameras, all tracks named by one robot, by robot.
        images: how many were judged.
    """

    cameras: Mapping[str, MotScores]
    identities: IdentityScores
    seen_by: Mapping[str, IdentityScores]
    images: int


class TruthSummary:
    """Collects truth, tracks and identities of a run.

    Args:
        cameras: that are judged.
        classes: of the truth that are looked for; empty for all but robots.
    """

    def __init__(self, cameras: Sequence[Camera], classes: Sequence[str] = ()) -> None:
        self._cameras = tuple(cameras)
        self._robots = tuple(dict.fromkeys(robot for robot, _ in cameras))
        self._classes = tuple(classes)
        self._forget()

    def _forget(self) -> None:
        self._seen = {camera: _Seen() for camera in self._cameras}
        self._said: dict[str, list[tuple[int, dict[TrackName, str]]]] = {robot: [] for robot in self._robots}

    def add_truth(self, camera: Camera, stamp_ns: int, objects: Sequence[TrueBox]) -> None:
        """What an image really shows; a stamp that jumps back begins anew, as everything does."""
        truth = self._seen[camera].truth
        if truth and stamp_ns < max(truth) - _JUMP_BACK_NS:
            self._forget()
        if len(truth) < MOST_IMAGES:
            self._seen[camera].truth[stamp_ns] = objects

    def add_tracks(self, camera: Camera, stamp_ns: int, tracks: Sequence[TrackBox]) -> None:
        seen = self._seen[camera].tracks
        if len(seen) < MOST_IMAGES:
            seen[stamp_ns] = tracks

    def add_identities(self, robot: str, stamp_ns: int, name_of: Mapping[TrackName, str]) -> None:
        """What a robot says: the identity of each track that it knows of."""
        if len(self._said[robot]) < MOST_IMAGES:
            self._said[robot].append((stamp_ns, dict(name_of)))

    def scores(self) -> TruthScores | None:
        """``None`` when no truth was told for any image that tracks came for.

        Raises:
            MissingDependencyError: TrackEval is not installed.
        """
        frames = {"/".join(camera): seen.judged() for camera, seen in self._seen.items()}
        frames = {name: judged for name, judged in frames.items() if len(judged)}
        if not frames:
            return None
        judged_cameras = [camera for camera in self._cameras if "/".join(camera) in frames]
        truth = {"/".join(camera): self._truth_table(camera) for camera in judged_cameras}
        settings = MotSettings(minimum_visibility=LEAST_VISIBILITY, ignored_classes=("robot", *self._unwanted(truth)))
        tracks = {"/".join(camera): self._track_table(camera) for camera in judged_cameras}
        own = {"/".join(camera): self._identity_table(camera, camera[0]) for camera in judged_cameras}
        rules = IdentitySettings(
            minimum_visibility=settings.minimum_visibility, ignored_classes=settings.ignored_classes
        )

        def named(results: Mapping[str, TrackTable]) -> IdentityScores:
            return evaluate_identities(truth, results, rules, frames)

        return TruthScores(
            {name: evaluate_mot(truth[name], tracks[name], settings, frames[name]) for name in frames},
            named(own),
            {
                robot: named({"/".join(camera): self._identity_table(camera, robot) for camera in judged_cameras})
                for robot in self._robots
            },
            sum(len(judged) for judged in frames.values()),
        )

    def _unwanted(self, truth: Mapping[str, TrackTable]) -> tuple[str, ...]:
        there = {str(name) for table in truth.values() for name in table.class_names}
        return tuple(sorted(there - set(self._classes))) if self._classes else ()

    def _truth_table(self, camera: Camera) -> TrackTable:
        rows = [(stamp, one) for stamp, objects in self._seen[camera].truth.items() for one in objects]
        boxes = np.array([one.box for _, one in rows], np.float32).reshape(-1, 4)
        visibility = np.array([one.visibility for _, one in rows], np.float32)
        visibility[boxes[:, 3] - boxes[:, 1] < LEAST_HEIGHT_PX] = 0.0
        return TrackTable(
            np.array([stamp for stamp, _ in rows], np.int64),
            np.array([one.name for _, one in rows], np.str_),
            boxes,
            class_names=np.array([one.class_name for _, one in rows], np.str_),
            visibility=visibility,
        )

    def _track_table(self, camera: Camera) -> TrackTable:
        rows = [(stamp, one) for stamp, tracks in self._seen[camera].tracks.items() for one in tracks]
        return _table([(stamp, one.track_id, one.box) for stamp, one in rows])

    def _identity_table(self, camera: Camera, robot: str) -> TrackTable:
        """A camera's tracks with the identities that a robot gives them; a box without one is not there."""
        said = self._said[robot]
        stamps = [stamp for stamp, _ in said]
        rows = []
        for stamp, tracks in self._seen[camera].tracks.items():
            given: set[str] = set()
            later = said[bisect.bisect_left(stamps, stamp) : bisect.bisect_right(stamps, stamp + IDENTITY_WAIT_NS)]
            for one in tracks:
                name = next((names[key] for _, names in later if (key := (*camera, one.track_id)) in names), None)
                # two tracks of one image for the same identity: a mistake, of which the first counts
                if name is not None and name not in given:
                    given.add(name)
                    rows.append((stamp, name, one.box))
        return _table(rows)


def _table(rows: Sequence[tuple[int, str, tuple[float, float, float, float]]]) -> TrackTable:
    return TrackTable(
        np.array([stamp for stamp, _, _ in rows], np.int64),
        np.array([name for _, name, _ in rows], np.str_),
        np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
    )
