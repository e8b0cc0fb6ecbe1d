"""Where a gallery's identities are kept: what every store does, and in what pieces it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mobinet.reid.gallery.calibration import Calibration
from mobinet.reid.gallery.records import Known, Prototype
from mobinet.types import Float32

# ids of identities and the cosine with the nearest prototype of each, the most alike first
Nearest: TypeAlias = "list[tuple[str, float]]"


@dataclass(frozen=True)
class Put:
    """An identity as it shall be from now on: record, all its prototypes, and a picture (None: the one it has)."""

    known: Known
    prototypes: tuple[Prototype, ...]
    thumbnail: bytes | None = None


@dataclass(frozen=True)
class Erase:
    """An identity that shall be gone, with whatever no ``Put`` of the same call took over."""

    identity_id: str


class Store(Protocol):
    """Keeps identities; one call to ``write`` is stored whole or not at all, and for good when it returns.

    Attributes:
        where: file or address, for messages.
        model: fingerprint of the network whose vectors these are.
        dimension: their length.
        read_only: whether ``write`` is refused.
    """

    @property
    def where(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def read_only(self) -> bool: ...

    def __len__(self) -> int:
        """How many identities."""
        ...

    def prototype_count(self) -> int: ...

    def find(self, name: str) -> Known | None:
        """The identity of this id or alias."""
        ...

    def labelled(self, label: str) -> list[Known]:
        """Identities that bear the label."""
        ...

    def prototypes(self, identity_id: str) -> tuple[Prototype, ...]: ...

    def thumbnail(self, identity_id: str) -> bytes | None: ...

    def identities(self) -> Iterator[Known]:
        """All of them, in the order in which they came."""
        ...

    def recent(self, count: int) -> list[Known]:
        """Those seen last, the last one first."""
        ...

    def unseen_since(self, stamp_ns: int) -> list[Known]:
        """Those last seen before the stamp."""
        ...

    def nearest(self, queries: Float32, count: int) -> list[Nearest]:
        """The ``count`` identities nearest to each of ``(Q, D)`` unit vectors; fewer where there are not so many."""
        ...

    def write(self, changes: Sequence[Put | Erase]) -> None:
        """Raises GalleryError when nothing was stored."""
        ...

    def calibration(self) -> Calibration | None: ...

    def set_calibration(self, calibration: Calibration) -> None:
        """Raises GalleryError."""
        ...

    def check(self) -> list[str]:
        """Reads everything; what is damaged, in words; empty when all is well."""
        ...

    def compact(self) -> None:
        """Gives back room, and builds what makes the next start and search fast."""
        ...

    def close(self) -> None: ...
