"""Which identity a track shows, from what a robot says on ``identities``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mobinet.types import Identity, TrackKey

HELD_NS = 2_000_000_000


class IdentityLabels:
    """Identity ids by track. A track that no identity names any more keeps its label for a while: names that come and
    go with each message cannot be read.

    ``update`` replaces what ``of_camera`` reads as a whole, so they may run in different threads.
    """

    def __init__(self) -> None:
        self._named: dict[TrackKey, tuple[int, str]] = {}
        self._labels: Mapping[tuple[str, str], Mapping[int, str]] = {}

    def update(self, stamp_ns: int, identities: Iterable[Identity]) -> None:
        """Takes over what a robot says as of ``stamp_ns``."""
        named = {key: (stamp_ns, one.identity_id) for one in identities for key in one.tracks}
        held = {key: label for key, label in self._named.items() if 0 <= stamp_ns - label[0] < HELD_NS}
        self._named = {**held, **named}
        labels: dict[tuple[str, str], dict[int, str]] = {}
        for key, (_, identity_id) in self._named.items():
            labels.setdefault((key.robot, key.camera), {})[key.track_id] = identity_id
        self._labels = labels

    def of_camera(self, robot: str, camera: str) -> Mapping[int, str]:
        """Identity id by track id of one camera."""
        return self._labels.get((robot, camera), {})
