"""Ids of identities: made from the oldest track, kept when groups of tracks merge and split."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mobinet.cooperation.tracklets import TrackletId

_MAX_ALIASES = 16


@dataclass(frozen=True)
class NamedGroup:
    """Tracks that are one object.

    Args:
        identity_id: see ``identity_id_of``.
        born: the track that the id was made from; it may be forgotten by now.
        aliases: ids of groups that became part of this one, oldest first.
        members: tracks, oldest first.
    """

    identity_id: str
    born: TrackletId
    aliases: tuple[str, ...]
    members: tuple[TrackletId, ...]


def identity_id_of(oldest: TrackletId) -> str:
    """Eight letters and digits from a track's key and first stamp: the same on every robot."""
    text = f"{oldest.robot}\0{oldest.camera}\0{oldest.track_id}\0{oldest.first_ns}"
    digest = hashlib.blake2b(text.encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode().lower()


def name_groups(
    previous: Mapping[str, NamedGroup], groups: Iterable[Sequence[TrackletId]]
) -> tuple[dict[str, NamedGroup], dict[TrackletId, str]]:
    """Ids for the new groups.

    An id goes where the track goes that it was made from or, once that is forgotten, the oldest of its tracks. A group
    that gets several ids keeps the oldest, the others become aliases; a group that gets none is new, or was split off:
    its id is made from its own oldest track, so an object that was taken for part of another has its former id again.

    Returns:
        The groups by id, and the id of each track.
    """
    ordered = [tuple(sorted(group)) for group in groups]
    place = {member: index for index, members in enumerate(ordered) for member in members}
    heirs: dict[int, list[NamedGroup]] = {}
    for old in sorted(previous.values(), key=lambda group: (group.born, group.identity_id)):
        living = next((member for member in (old.born, *old.members) if member in place), None)
        if living is not None:
            heirs.setdefault(place[living], []).append(old)
    named: dict[str, NamedGroup] = {}
    for index, members in enumerate(ordered):
        inherited = heirs.get(index, [])
        if inherited:
            kept = inherited[0]
            aliases = kept.aliases + tuple(a for other in inherited[1:] for a in (other.identity_id, *other.aliases))
            named[kept.identity_id] = NamedGroup(kept.identity_id, kept.born, aliases, members)
        else:
            fresh = identity_id_of(members[0])
            named[fresh] = NamedGroup(fresh, members[0], (), members)
    named = {name: _without_taken(group, named) for name, group in named.items()}
    return named, {member: name for name, group in named.items() for member in group.members}


def _without_taken(group: NamedGroup, named: Mapping[str, NamedGroup]) -> NamedGroup:
    aliases = tuple(dict.fromkeys(alias for alias in group.aliases if alias not in named))
    return NamedGroup(group.identity_id, group.born, aliases[-_MAX_ALIASES:], group.members)
