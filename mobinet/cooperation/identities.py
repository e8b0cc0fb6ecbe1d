"""Sightings of many robots in, identities out: the first version of the shared map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mobinet.cooperation import motion as cv
from mobinet.cooperation.map_state import MapState, fold
from mobinet.cooperation.motion import Motion
from mobinet.cooperation.naming import NamedGroup
from mobinet.cooperation.settings import IdentitySettings
from mobinet.cooperation.tracklets import Tracklet, TrackletId
from mobinet.errors import InputError
from mobinet.types import Identity, Sighting, TrackKey


class IdentityMap:
    """Who is who and where, as a function of the sightings alone.

    Time is cut into slots. The state after a slot follows from the state before and the slot's sightings, whatever
    their order; states of the last ``window_s`` are kept, and a sighting that arrives late within it sends the map
    back to before it. So robots that got the same sightings, in any order within the window, have the same map.
    Later ones are refused and counted.

    Args:
        settings: the same on all robots.

    Attributes:
        refused: how many sightings were not used, by reason: ``late``, ``flood``.
    """

    def __init__(self, settings: IdentitySettings | None = None) -> None:
        self.settings = settings if settings is not None else IdentitySettings()
        self._slot_ns = round(self.settings.slot_s * 1e9)
        self._window_ns = round(self.settings.window_s * 1e9)
        self.refused: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Forgets everything; for a clock that jumped back."""
        self._base = MapState()
        self._closed_slot: int | None = None
        self._newest_ns = 0
        self._pending: dict[int, dict[tuple[int, TrackKey], Sighting]] = {}
        self._states: dict[int, MapState] = {}

    def add(self, sightings: Sequence[Sighting]) -> int:
        """Takes sightings of any robots, in any order; returns how many were used (not late, not a flood).

        The same sighting twice counts once.

        Raises:
            InputError: one is malformed; then none is taken.
        """
        for sighting in sightings:
            _check(sighting)
        used = 0
        for sighting in sightings:
            slot = sighting.stamp_ns // self._slot_ns
            if self._closed_slot is not None and slot <= self._closed_slot:
                self.refused["late"] += 1
                continue
            place = (sighting.stamp_ns, sighting.key)
            in_slot = self._pending.get(slot, {})
            if place not in in_slot and sum(map(len, self._pending.values())) >= self.settings.max_pending:
                self.refused["flood"] += 1
                continue
            self._pending[slot] = in_slot
            used += 1
            if place in in_slot and _preference(in_slot[place]) >= _preference(sighting):
                continue
            in_slot[place] = sighting
            self._newest_ns = max(self._newest_ns, sighting.stamp_ns)
            for later in [known for known in self._states if known >= slot]:
                del self._states[later]
        self._close()
        return used

    def identities(self, now_ns: int) -> list[Identity]:
        """All identities not expired, predicted to ``now_ns``, ordered by the age of their ids."""
        state = self._state(sorted(self._pending))
        result = []
        for group in sorted(state.groups.values(), key=lambda g: (g.born, g.identity_id)):
            identity = self._identity(group, state.tracklets, now_ns)
            if now_ns - identity.last_seen_ns <= self.settings.expiry_s * 1e9:
                result.append(identity)
        return result

    def _state(self, slots: Sequence[int]) -> MapState:
        """The state after the first of the pending slots, ascending; those since the last change are folded again."""
        state = self._base
        for slot in slots:
            if slot not in self._states:
                self._states[slot] = fold(state, list(self._pending[slot].values()), self.settings)
            state = self._states[slot]
        return state

    def _close(self) -> None:
        """Makes slots final that end more than the window before the newest sighting."""
        last = (self._newest_ns - self._window_ns) // self._slot_ns - 1
        if self._closed_slot is not None and last <= self._closed_slot:
            return
        done = sorted(slot for slot in self._pending if slot <= last)
        self._base = self._state(done)
        for slot in done:
            del self._pending[slot], self._states[slot]
        self._closed_slot = last

    def _identity(self, group: NamedGroup, tracklets: dict[TrackletId, Tracklet], now_ns: int) -> Identity:
        members = [tracklets[member] for member in group.members]
        last_ns = max(member.last_ns for member in members)
        live = _newest_of_each_camera([m for m in members if now_ns - m.last_ns <= self.settings.live_s * 1e9])
        shown = live or [member for member in members if member.last_ns == last_ns]
        motions = Motion(np.stack([m.motion.mean for m in shown]), np.stack([m.motion.covariance for m in shown]))
        ages = np.array([max(now_ns - member.last_ns, 0) / 1e9 for member in shown])
        fused = cv.fuse(cv.predict(motions, ages, self.settings.acceleration))
        votes: Counter[str] = Counter()
        for member in members:
            votes[member.class_name] += dict(member.votes).get(member.class_name, 0.0)  # type: ignore[assignment]
        votes.pop("", None)
        return Identity(
            identity_id=group.identity_id,
            aliases=group.aliases,
            class_name=min(votes, key=lambda name: (-votes[name], name)) if votes else "",
            score=max(member.score for member in shown),
            position=fused.mean[:3],
            covariance=fused.covariance[:3, :3],
            velocity=fused.mean[3:],
            velocity_covariance=fused.covariance[3:, 3:],
            tracks=tuple(sorted(member.key for member in live)),
            first_seen_ns=group.born.first_ns,
            last_seen_ns=last_ns,
        )


def _newest_of_each_camera(members: Sequence[Tracklet]) -> list[Tracklet]:
    """One camera shows an object by one track at a time: where one ended and the next began, the next."""
    newest: dict[tuple[str, str], Tracklet] = {}
    for member in sorted(members, key=lambda m: (m.last_ns, m.id)):
        newest[member.key.robot, member.key.camera] = member
    return list(newest.values())


def _preference(sighting: Sighting) -> tuple[object, ...]:
    """Of two sightings of one track at one instant the same one is kept on every robot: that with looks, then any."""
    embedding = b"" if sighting.embedding is None else sighting.embedding.tobytes()
    position, covariance = sighting.position.tolist(), sighting.covariance.ravel().tolist()
    return (len(embedding), sighting.model, sighting.score, sighting.class_name, position, covariance, embedding)


def _check(sighting: Sighting) -> None:
    position, covariance = np.asarray(sighting.position), np.asarray(sighting.covariance)
    if position.shape != (3,) or covariance.shape != (3, 3):
        raise InputError(
            f"sighting {sighting.key}: expected a position of 3 and a covariance of 3 x 3, got {position.shape} and "
            f"{covariance.shape}"
        )
    if not (np.isfinite(position).all() and np.isfinite(covariance).all()) or sighting.stamp_ns < 0:
        raise InputError(f"sighting {sighting.key}: expected finite numbers and a stamp from 0, got {sighting}")
    velocity, embedding = sighting.velocity, sighting.embedding
    if velocity is not None and (np.shape(velocity) != (3,) or not np.isfinite(velocity).all()):
        raise InputError(f"sighting {sighting.key}: expected a velocity of 3 finite numbers, got {velocity}")
    if embedding is not None and (np.ndim(embedding) != 1 or not np.isfinite(embedding).all()):
        raise InputError(f"sighting {sighting.key}: expected an embedding (D,) of finite numbers, got {embedding}")
    if np.linalg.eigvalsh(covariance)[0] <= 0:
        raise InputError(f"sighting {sighting.key}: the covariance is not positive definite: {covariance.tolist()}")
