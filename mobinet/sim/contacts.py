"""Who touches, hits or nearly hits whom: from the objects' footprints over time, without rendering.

Nothing in a world avoids anything, so encounters happen as the world file has them. Three kinds:

- ``contact``: footprints touch, as people who brush past each other or a robot that is bumped into;
- ``collision``: they touch, one is a car or a cyclist, and they meet at ``collision_speed`` or faster;
- ``near_miss``: one is a car or a cyclist, they do not touch, their relative speed is at least ``least_speed``, and at
  least one of the measures of traffic conflicts is below its limit:

  - time to collision, TTC: until the footprints touch if both keep velocity and heading;
  - post-encroachment time, PET: between one leaving a place and the other one reaching it, where paths cross.

  Definitions and sources are in :mod:`mobinet.sim.conflict_measures`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mobinet.settings import check_settings, setting
from mobinet.sim.actors import Actor, actors_of
from mobinet.sim.conflict_measures import PairStates, post_encroachment, times_to_collision
from mobinet.sim.footprints import FOOTPRINTS, Footprint, meeting_point
from mobinet.sim.world import ObjectClass, World
from mobinet.types import Float64

CONTACT, COLLISION, NEAR_MISS = "contact", "collision", "near_miss"

_VEHICLES = (ObjectClass.CAR, ObjectClass.CYCLIST)
_BROAD_STEP_S = 0.1
_STEP_S = 0.05
_FINE_STEP_S = 0.001


@dataclass(frozen=True)
class ContactSettings:
    """What counts as touching, as a collision, and as near."""

    touch_m: float = setting(0.02, "Footprints no farther apart than this touch, metres.", minimum=0.0, maximum=1.0)
    collision_speed: float = setting(
        0.5, "Relative speed from which touching a vehicle is a collision, m/s.", minimum=0.0, maximum=50.0
    )
    ttc_s: float = setting(1.5, "Time to collision up to which it is a near miss, seconds.", minimum=0.0, maximum=10.0)
    pet_s: float = setting(
        1.0, "Post-encroachment time up to which it is a near miss, seconds.", minimum=0.0, maximum=10.0
    )
    least_speed: float = setting(
        2.0, "Relative speed from which there are near misses, m/s.", minimum=0.1, maximum=50.0
    )
    merge_s: float = setting(0.5, "Encounters of a pair no farther apart are one, seconds.", minimum=0.0, maximum=10.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Contact:
    """One encounter of two objects.

    Args:
        first, second: their names, in the order of their identities.
        kind: "contact", "collision" or "near_miss".
        begin_ns, end_ns: from the first to the last instant at which they touch or a measure is below its limit,
            to a millisecond, 50 ms for a near miss. Nanoseconds since the beginning of the world.
        closest_ns: when they are nearest; if they touch, the first instant.
        distance_m: least distance between footprints, metres, 0 when they touch.
        relative_speed: metres per second at ``closest_ns``: of a collision, the speed of the impact.
        ttc_s, pet_s: least time to collision and post-encroachment time of a near miss, seconds; infinite where there
            is none, and zero TTC when they touch.
        position: ``(x, y, z)`` in the map at ``closest_ns``, middle between the nearest points, on the ground, metres.
    """

    first: str
    second: str
    kind: str
    begin_ns: int
    end_ns: int
    closest_ns: int
    distance_m: float
    relative_speed: float
    ttc_s: float
    pet_s: float
    position: tuple[float, float, float]


def contacts_of(world: World, settings: ContactSettings | None = None) -> tuple[Contact, ...]:
    """All encounters of a world, in the order of their beginnings, then names. The same world gives the same ones."""
    settings = settings or ContactSettings()
    found = []
    for pair in _candidates(world, settings):
        touching = list(_touches(pair, settings))
        found += touching
        found += [miss for miss in _near_misses(pair, settings) if not _leads_to(miss, touching, settings)]
    return tuple(sorted(found, key=lambda contact: (contact.begin_ns, contact.first, contact.second)))


@dataclass(frozen=True)
class _Pair:
    """Two actors and when they may come near: for touching, and for near misses; seconds."""

    first: Actor
    second: Actor
    touching: tuple[tuple[float, float], ...]
    passing: tuple[tuple[float, float], ...]

    @property
    def footprints(self) -> tuple[Footprint, Footprint]:
        return FOOTPRINTS[self.first.object_class], FOOTPRINTS[self.second.object_class]

    def states(self, times: Float64) -> PairStates:
        return PairStates.of(self.footprints, (self.first.trajectory, self.second.trajectory), times)

    @property
    def has_vehicle(self) -> bool:
        return any(actor.object_class in _VEHICLES for actor in (self.first, self.second))


def _candidates(world: World, settings: ContactSettings) -> Iterator[_Pair]:
    """Pairs that come near each other, by circles around them on a coarse grid of times."""
    actors = actors_of(world)
    if len(actors) < 2:
        return
    times = _grid(0.0, world.duration_s + _BROAD_STEP_S, _BROAD_STEP_S)
    sampled = [actor.trajectory.sample(times) for actor in actors]
    poses = np.stack([states[:, :2] for states, _ in sampled])
    speeds = np.array([actor.trajectory.top_speed for actor in actors])
    reaches = np.array([FOOTPRINTS[actor.object_class].reach for actor in actors])
    horizon_s = max(settings.ttc_s, settings.pet_s) + _BROAD_STEP_S
    for i, j in combinations(range(len(actors)), 2):
        gap = np.linalg.norm(poses[i] - poses[j], axis=1) - reaches[i] - reaches[j] - settings.touch_m
        speed = speeds[i] + speeds[j]
        pair = _Pair(actors[i], actors[j], _spans(gap <= speed * _BROAD_STEP_S, times, world.duration_s), ())
        if pair.has_vehicle and speed >= settings.least_speed:
            pair = replace(pair, passing=_spans(gap <= speed * horizon_s, times, world.duration_s))
        if speed > 0 and (pair.touching or pair.passing):
            yield pair


def _spans(mask: NDArray[np.bool_], times: Float64, until_s: float) -> tuple[tuple[float, float], ...]:
    """Stretches of true samples, a sample wider at both ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    last = len(times) - 1
    return tuple(
        (float(times[max(start - 1, 0)]), min(float(times[min(end, last)]), until_s))
        for start, end in edges.reshape(-1, 2)
    )


def _grid(start_s: float, end_s: float, step_s: float) -> Float64:
    """Whole multiples of the step, so that it does not matter where a span begins."""
    first, last = math.ceil(start_s / step_s - 1e-9), math.floor(end_s / step_s + 1e-9)
    return np.asarray(np.arange(first, last + 1) * step_s, np.float64)


def _touches(pair: _Pair, settings: ContactSettings) -> Iterator[Contact]:
    for start, end in pair.touching:
        states = pair.states(_grid(start, end, _FINE_STEP_S))
        touch = states.gaps() <= settings.touch_m
        for rows in _groups(touch, round(settings.merge_s / _FINE_STEP_S)):
            vehicle = pair.has_vehicle and states.relative_speed[rows[0]] >= settings.collision_speed
            contact = _describe(pair, states, COLLISION if vehicle else CONTACT, rows, rows[0])
            yield replace(contact, distance_m=0.0, ttc_s=0.0)


def _near_misses(pair: _Pair, settings: ContactSettings) -> Iterator[Contact]:
    lags = round(settings.pet_s / _STEP_S)
    for start, end in pair.passing:
        longer = pair.states(_grid(start, end + lags * _STEP_S, _STEP_S))
        states = longer.at(slice(0, len(longer.times) - lags))
        fast = states.relative_speed >= settings.least_speed
        ttc = times_to_collision(states, settings.ttc_s, settings.touch_m)
        pet = post_encroachment(longer, lags * _STEP_S, settings.touch_m)
        near = fast & ((ttc <= settings.ttc_s) | (pet <= settings.pet_s))
        distance = states.gaps()
        for rows in _groups(near, round(settings.merge_s / _STEP_S)):
            # who brakes is nearest after the danger is over
            last = min(rows[-1] + round(settings.ttc_s / _STEP_S), len(distance) - 1)
            nearest = rows[0] + int(distance[rows[0] : last + 1].argmin())
            whole = np.arange(rows[0], max(rows[-1], nearest) + 1)
            contact = _refine(pair, _describe(pair, states, NEAR_MISS, whole, nearest))
            yield replace(contact, ttc_s=float(ttc[whole].min()), pet_s=float(pet[whole].min()))


def _refine(pair: _Pair, contact: Contact) -> Contact:
    """The nearest instant to a millisecond."""
    begin_s, end_s, closest_s = (stamp / 1e9 for stamp in (contact.begin_ns, contact.end_ns, contact.closest_ns))
    times = _grid(max(closest_s - _STEP_S, begin_s), min(closest_s + _STEP_S, end_s), _FINE_STEP_S)
    states = pair.states(times)
    fine = _describe(pair, states, contact.kind, np.arange(len(times)), int(states.gaps().argmin()))
    return replace(fine, begin_ns=contact.begin_ns, end_ns=contact.end_ns)


def _describe(pair: _Pair, states: PairStates, kind: str, rows: NDArray[np.int64], nearest: int) -> Contact:
    stamps = np.round(states.times * 1e9).astype(np.int64)
    poses = [pose[nearest] for pose in states.poses]
    x, y = meeting_point(pair.footprints[0], poses[0], pair.footprints[1], poses[1])
    return Contact(
        pair.first.name,
        pair.second.name,
        kind,
        begin_ns=int(stamps[rows[0]]),
        end_ns=int(stamps[rows[-1]]),
        closest_ns=int(stamps[nearest]),
        distance_m=float(states.gaps()[nearest]),
        relative_speed=float(states.relative_speed[nearest]),
        ttc_s=math.inf,
        pet_s=math.inf,
        position=(float(x), float(y), 0.0),
    )


def _groups(mask: NDArray[np.bool_], gap: int) -> list[NDArray[np.int64]]:
    """Rows of true samples, together where no more than ``gap`` samples lie between."""
    rows = np.flatnonzero(mask)
    return [] if not len(rows) else np.split(rows, np.flatnonzero(np.diff(rows) > max(gap, 1)) + 1)


def _leads_to(miss: Contact, touching: list[Contact], settings: ContactSettings) -> bool:
    """Whether a near miss is but the way into, or out of, a touch."""
    margin = round((settings.ttc_s + settings.merge_s) * 1e9)
    return any(miss.begin_ns - margin <= hit.end_ns and hit.begin_ns <= miss.end_ns + margin for hit in touching)
