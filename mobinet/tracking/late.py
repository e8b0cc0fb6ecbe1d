"""Detections that come late: what came after them is taken back, and followed again."""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, MobinetError
from mobinet.settings import check_settings, setting
from mobinet.tracking.camera_motion import checked_motion
from mobinet.tracking.state import State
from mobinet.tracking.tracker import Tracker
from mobinet.types import Detections, Float32, Float64, Frame, Track


@dataclass
class _Step:
    """One update that may have to be done again.

    ``sister``: of the sister camera's detections, and not of the camera's own. ``before``: the tracker's state.
    ``tracks``: as of this update. ``ids``: of the tracks that took the rows of the detections.
    """

    frame: Frame
    detections: Detections
    embeddings: Float32 | None
    image_motion: Float64 | None
    noise: Float64 | None = None
    sister: bool = False
    before: State = field(default_factory=dict)
    tracks: list[Track] = field(default_factory=list)
    ids: dict[int, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, bool]:
        """What orders updates: of one time, the camera's own is first."""
        return self.frame.stamp_ns, self.sister


@dataclass(frozen=True)
class LateSettings:
    """How long a tracker waits for what was overtaken.

    Raises:
        SettingsError: a value is out of range.
    """

    late_s: float = setting(
        0.0,
        "detections that come up to so many seconds behind newer ones are taken in, seconds; 0 drops them",
        minimum=0.0,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)


class PatientTracker:
    """A tracker that takes in detections up to ``late_s`` seconds behind the newest ones.

    The tracks are then as if everything had come in order; what the state was before each update of the last
    ``late_s`` seconds is kept for that (out-of-sequence measurements by reprocessing: Bar-Shalom, Willett, Tian 2011,
    section 6.3). Tracks keep the ids that they were told by, and no id is told of a second object.

    Args:
        tracker: follows; may not be updated by anybody else.
        late_s: how late detections may come, seconds; 0 refuses all, and nothing is kept.
    """

    def __init__(self, tracker: Tracker, late_s: float) -> None:
        self.tracker = tracker
        self._late_ns = round(late_s * 1e9)
        self._steps: deque[_Step] = deque()

    def reset(self) -> None:
        """As :meth:`Tracker.reset`."""
        self.tracker.reset()
        self._steps.clear()

    def state(self) -> State:
        """As :meth:`Tracker.state`: the present, without what it would take to go back."""
        return self.tracker.state()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """As :meth:`Tracker.restore`; nothing that is older than the state is taken in any more."""
        self.tracker.restore(state)
        self._steps.clear()

    def takes(self, stamp_ns: int, sister: bool = False) -> bool:
        """Whether detections of this stamp can still be taken in: it is new, or late but not too late."""
        senses, newest = self.tracker.senses, self.tracker.stamp_ns
        if newest is None or stamp_ns > newest or senses.follows(stamp_ns, sister):
            return True
        if not self._steps or newest - stamp_ns > self._late_ns:
            return False
        known, before = [step.key for step in self._steps], self._steps[0].before["stamp_ns"]
        return (stamp_ns, sister) not in known and (not len(before) or stamp_ns > before[0])

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Float32 | None = None,
        image_motion: Float64 | None = None,
    ) -> list[Track]:
        """As :meth:`Tracker.update`, for a stamp that may be late.

        Args:
            image_motion: since the image before in time. Where it is given for a late image, the motion of the next one
                is counted from there.

        Returns:
            The tracks as of the newest stamp.

        Raises:
            InputError: as :meth:`Tracker.update`; a stamp that is too late or was there already does not rise.
        """
        return self._take(_Step(frame, detections, embeddings, image_motion))

    def update_sister(
        self, frame: Frame, detections: Detections, noise: Float64, image_motion: Float64 | None = None
    ) -> list[Track]:
        """As :meth:`Tracker.update_sister`, for a stamp that may be late, as in :meth:`update`."""
        return self._take(_Step(frame, detections, None, image_motion, noise, sister=True))

    def stamp_before(self, stamp_ns: int, sister: bool = False) -> int | None:
        """Of the update that comes before one of this stamp in time; ``None`` where there was none."""
        before = [step.frame.stamp_ns for step in self._steps if step.key < (stamp_ns, sister)]
        if before or self._steps:
            return before[-1] if before else None
        return self.tracker.stamp_ns

    def tracks_of(self, stamp_ns: int, sister: bool = False) -> list[Track]:
        """The tracks as of one update of the last ``late_s`` seconds, as they are known by now.

        Raises:
            InputError: there was none, or it is too long ago.
        """
        for step in self._steps:
            if step.key == (stamp_ns, sister):
                return step.tracks
        raise InputError(f"expected the stamp of an update of the last {self._late_ns * 1e-9:g} s, got {stamp_ns} ns")

    def _take(self, step: _Step) -> list[Track]:
        if self._late_ns <= 0:
            return self._follow_step(step)
        newest, stamp_ns = self.tracker.stamp_ns, step.frame.stamp_ns
        in_order = newest is None or stamp_ns > newest or (stamp_ns == newest and step.sister)
        if in_order or not self.takes(stamp_ns, step.sister):
            tracks = self._follow(step)
            self._steps.append(step)
            while stamp_ns - self._steps[0].frame.stamp_ns > self._late_ns:
                self._steps.popleft()
            return tracks
        return self._insert(step)

    def _insert(self, late: _Step) -> list[Track]:
        """Takes the newer steps back, and follows the late one and then them.

        Raises:
            InputError: the late one is refused, or one of the others after it (e.g. embeddings of another length);
                everything is then as before.
        """
        if not late.sister:
            self.tracker.check_camera(late.frame)
        place = bisect([step.key for step in self._steps], late.key)
        again = list(self._steps)[place:]
        present, told = self.tracker.state(), [replace(step) for step in again]
        first_new, first_born = int(present["next_id"]), int(again[0].before["next_id"])
        # ids that were told since are not given to others
        self.tracker.restore({**again[0].before, "next_id": present["next_id"]})
        try:
            self._follow(late)
            if again[0].image_motion is not None and late.image_motion is not None:
                until = checked_motion("image_motion", late.image_motion)
                again[0].image_motion = again[0].image_motion @ np.linalg.inv(until)
            tracks = [self._follow(step) for step in again][-1]
        except MobinetError:
            self.tracker.restore(present)
            self._steps = deque([*list(self._steps)[:place], *told])
            raise
        self._steps.insert(place, late)

        known: dict[int, int] = {}
        for step, before in zip(again, told, strict=True):
            for row, track_id in step.ids.items():
                old = before.ids.get(row, 0)
                if track_id >= first_new and track_id not in known and first_born <= old not in known.values():
                    known[track_id] = old
        return self._rename([late, *again], known, tracks)

    def _rename(self, steps: list[_Step], known: dict[int, int], tracks: list[Track]) -> list[Track]:
        """Gives new tracks the ids of those that took the same detections when these were followed before."""
        for step in steps:
            step.before = _renamed(step.before, known)
            step.ids = {row: known.get(track_id, track_id) for row, track_id in step.ids.items()}
            step.tracks = _retold(step.tracks, known)
        self.tracker.restore(_renamed(self.tracker.state(), known))
        return _retold(tracks, known)

    def _follow(self, step: _Step) -> list[Track]:
        """One update, for which the state is kept."""
        before = self.tracker.state()
        tracks = self._follow_step(step)
        step.before, step.tracks = before, tracks
        step.ids = {track.detection_index: track.track_id for track in tracks if track.detection_index >= 0}
        return tracks

    def _follow_step(self, step: _Step) -> list[Track]:
        if step.sister and step.noise is not None:
            return self.tracker.update_sister(step.frame, step.detections, step.noise, step.image_motion)
        return self.tracker.update(step.frame, step.detections, step.embeddings, step.image_motion)


def _retold(tracks: list[Track], known: dict[int, int]) -> list[Track]:
    """Tracks under other ids, by rising id again."""
    renamed = (track._replace(track_id=known.get(track.track_id, track.track_id)) for track in tracks)
    return sorted(renamed, key=lambda track: track.track_id)


def _renamed(state: State, known: dict[int, int]) -> State:
    """A state whose tracks have other ids, by rising id again."""
    ids = np.array([known.get(track_id, track_id) for track_id in state["marks"][:, 0].tolist()], np.int64)
    marks = state["marks"].copy()
    marks[:, 0] = ids
    rows = np.argsort(ids)
    return {**state, "numbers": state["numbers"][rows], "marks": marks[rows], "looks": state["looks"][rows]}
