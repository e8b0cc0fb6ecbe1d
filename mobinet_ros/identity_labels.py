"""Which identity a track shows, from what a robot says on ``identities``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mobinet.types import Identity


class IdentityLabels:
    """Identity ids by track, replaced as a whole by each ``update``; readers in other threads see old or new."""

    def __init__(self) -> None:
        self._labels: Mapping[tuple[str, str], Mapping[int, str]] = {}

    def update(self, identities: Iterable[Identity]) -> None:
        labels: dict[tuple[str, str], dict[int, str]] = {}
        for identity in identities:
            for key in identity.tracks:
                labels.setdefault((key.robot, key.camera), {})[key.track_id] = identity.identity_id
        self._labels = labels

    def of_camera(self, robot: str, camera: str) -> Mapping[int, str]:
        """Identity id by track id of one camera."""
        return self._labels.get((robot, camera), {})
