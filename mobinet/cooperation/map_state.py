"""One state of the identity map, and how it follows from the one before and the sightings of one time slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mobinet.cooperation.affinity import Pair, PairEvidence, excluded, looks_ratio, observe_birth, observe_pairs
from mobinet.cooperation.clustering import group
from mobinet.cooperation.naming import NamedGroup, name_groups
from mobinet.cooperation.settings import IdentitySettings
from mobinet.cooperation.tracklets import Tracklet, TrackletId, begin, proceed
from mobinet.types import Sighting, TrackKey


@dataclass(frozen=True)
class MapState:
    """Everything that the past decided; never changed once made.

    Args:
        tracklets: all remembered.
        current: the life of each track key that goes on.
        pairs: what the positions say of pairs of tracks.
        groups: tracks that are one object, by identity id.
        owners: identity id of each track.
    """

    tracklets: dict[TrackletId, Tracklet] = field(default_factory=dict)
    current: dict[TrackKey, TrackletId] = field(default_factory=dict)
    pairs: dict[Pair, PairEvidence] = field(default_factory=dict)
    groups: dict[str, NamedGroup] = field(default_factory=dict)
    owners: dict[TrackletId, str] = field(default_factory=dict)


def fold(state: MapState, sightings: Sequence[Sighting], settings: IdentitySettings) -> MapState:
    """The state after the sightings of one slot: a function of both, whatever the order they are given in."""
    tracklets, current, pairs = dict(state.tracklets), dict(state.current), dict(state.pairs)
    ordered = sorted(sightings, key=lambda s: (s.stamp_ns, s.key))
    updated: set[TrackletId] = set()
    for sighting in ordered:
        known = current.get(sighting.key)
        tracklet = None if known is None else proceed(tracklets[known], sighting, settings)
        if tracklet is None:
            tracklet = begin(sighting, _first_ns(sighting, tracklets), settings)
            observe_birth(pairs, tracklets, tracklet, settings)
            current[sighting.key] = tracklet.id
        tracklets[tracklet.id] = tracklet
        updated.add(tracklet.id)
    stamp_ns = ordered[-1].stamp_ns
    gone = _outdated(tracklets, state.groups, stamp_ns, settings)
    _forget(gone, tracklets, current, pairs)
    observe_pairs(pairs, tracklets, updated & tracklets.keys(), stamp_ns, settings)
    members = _group(tracklets, pairs, state.owners, settings)
    groups, owners = name_groups(state.groups, members)
    return MapState(tracklets, current, pairs, groups, owners)


def _first_ns(sighting: Sighting, tracklets: dict[TrackletId, Tracklet]) -> int:
    """When the life of a track began that a sighting begins: as its robot says, unless that life is over."""
    first_ns = sighting.stamp_ns if sighting.first_stamp_ns is None else sighting.first_stamp_ns
    key = sighting.key
    return sighting.stamp_ns if TrackletId(first_ns, key.robot, key.camera, key.track_id) in tracklets else first_ns


def _outdated(
    tracklets: dict[TrackletId, Tracklet], groups: dict[str, NamedGroup], stamp_ns: int, settings: IdentitySettings
) -> set[TrackletId]:
    """Tracks unseen for long, the longest unseen of too many, and ended ones whose object others still show.

    The last have nothing more to say: the identity goes on in the tracks that live.
    """
    by_age = sorted(tracklets.values(), key=lambda t: (t.last_ns, t.id))
    surplus = max(len(by_age) - settings.max_tracks, 0)
    oldest_ns = stamp_ns - round(settings.expiry_s * 1e9)
    gone = {t.id for index, t in enumerate(by_age) if index < surplus or t.last_ns < oldest_ns}
    silent_ns = stamp_ns - round(settings.track_silence_s * 1e9)
    for group_members in (named.members for named in groups.values()):
        ended = {member for member in group_members if tracklets[member].last_ns < silent_ns}
        if len(ended) < len(group_members):
            gone |= ended
    return gone


def _forget(
    gone: set[TrackletId],
    tracklets: dict[TrackletId, Tracklet],
    current: dict[TrackKey, TrackletId],
    pairs: dict[Pair, PairEvidence],
) -> None:
    """Drops tracks and all that is known of them, in place."""
    if not gone:
        return
    for tracklet_id in gone:
        key = tracklets.pop(tracklet_id).key
        if current.get(key) == tracklet_id:
            del current[key]
    for pair in [pair for pair in pairs if pair[0] in gone or pair[1] in gone]:
        del pairs[pair]


def _group(
    tracklets: dict[TrackletId, Tracklet],
    pairs: dict[Pair, PairEvidence],
    owners: dict[TrackletId, str],
    settings: IdentitySettings,
) -> list[list[TrackletId]]:
    ids = sorted(tracklets)
    index = {tracklet_id: row for row, tracklet_id in enumerate(ids)}
    weights = np.zeros((len(ids), len(ids)))
    apart = _apart(ids, tracklets)
    for (first_id, second_id), evidence in pairs.items():
        row, column = index[first_id], index[second_id]
        first, second = tracklets[first_id], tracklets[second_id]
        apart[row, column] = apart[column, row] = excluded(first, second, evidence, settings)
        if apart[row, column]:
            continue
        weight = evidence.ratio + looks_ratio(first, second, settings)
        if first_id in owners and owners[first_id] == owners.get(second_id):
            weight += settings.stickiness
        weights[row, column] = weights[column, row] = weight
    return [[ids[row] for row in rows] for rows in group(weights, apart)]


def _apart(ids: list[TrackletId], tracklets: dict[TrackletId, Tracklet]) -> NDArray[np.bool_]:
    """``(N, N)``: pairs that were alive at one time; those that were near each other then are judged one by one."""
    firsts = np.array([tracklets[tracklet_id].heard_ns for tracklet_id in ids], np.int64)
    lasts = np.array([tracklets[tracklet_id].last_ns for tracklet_id in ids], np.int64)
    together: NDArray[np.bool_] = (firsts[:, None] <= lasts[None, :]) & (firsts[None, :] <= lasts[:, None])
    np.fill_diagonal(together, False)
    return together
