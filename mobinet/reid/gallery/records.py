"""What a gallery knows of an object, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from mobinet.types import UNKNOWN_CLASS, Float32, Float64


@dataclass(frozen=True)
class Prototype:
    """One look of an identity: the weighted mean of views that are alike.

    Args:
        vector: ``(D,)`` float32 of length 1.
        weight: sum of the qualities of its views, limited by the gallery's memory.
        quality: their mean quality, 0..1.
        origin: id of the identity that it was enrolled under: a merge moves it, a split finds it by this.
        slot: its number in the store, 0 before it is stored.
    """

    vector: Float32
    weight: float
    quality: float
    origin: str
    slot: int = 0


@dataclass(frozen=True)
class Known:
    """One object. A merge keeps the whole record of the other one inside, so that a split can bring it back.

    Args:
        identity_id: for good.
        label: what a user calls it, '' when nobody said.
        class_name: '' when unknown.
        observations: views that went into it, without those of ``merged``.
        first_seen_ns, last_seen_ns: stamps of its first and last observation, without those of ``merged``.
        merged: identities that became part of this one.
        merged_ns: when this one became part of another, 0 while it stands alone.
    """

    identity_id: str
    label: str = ""
    class_name: str = UNKNOWN_CLASS
    observations: int = 0
    first_seen_ns: int = 0
    last_seen_ns: int = 0
    merged: tuple[Known, ...] = ()
    merged_ns: int = 0

    def parts(self) -> Iterator[Known]:
        """Itself and all that is merged into it, deepest last."""
        yield self
        for part in self.merged:
            yield from part.parts()

    @property
    def aliases(self) -> tuple[str, ...]:
        """Ids of all that became part of it, the oldest first."""
        inner = sorted(list(self.parts())[1:], key=lambda part: (part.first_seen_ns, part.identity_id))
        return tuple(part.identity_id for part in inner)

    @property
    def name(self) -> str:
        """Its label, or the first one among those merged into it."""
        return next((part.label for part in self.parts() if part.label), "")

    @property
    def kind(self) -> str:
        """Its class name, or the first one among those merged into it."""
        return next((part.class_name for part in self.parts() if part.class_name), UNKNOWN_CLASS)

    @property
    def seen(self) -> tuple[int, int]:
        """Stamps of the first and the last observation of all its parts."""
        return min(p.first_seen_ns for p in self.parts()), max(p.last_seen_ns for p in self.parts())

    @property
    def total_observations(self) -> int:
        return sum(part.observations for part in self.parts())


def taken_out(whole: Known, alias: str) -> tuple[Known, Known | None]:
    """The record without the part of that id, however deep it is, and the part."""
    for place, part in enumerate(whole.merged):
        if part.identity_id == alias:
            rest = whole.merged[:place] + whole.merged[place + 1 :]
            return replace(whole, merged=rest), replace(part, merged_ns=0)
        inner, found = taken_out(part, alias)
        if found is not None:
            rest = (*whole.merged[:place], inner, *whole.merged[place + 1 :])
            return replace(whole, merged=rest), found
    return whole, None


class Verdict(IntEnum):
    """The values are those of ``mobinet_ros/Recognition``."""

    KNOWN = 0
    NEW = 1
    UNSURE = 2


@dataclass(frozen=True)
class Match:
    """Whom a gallery takes an object for.

    Args:
        verdict: the best identity, nobody, or not decided.
        best, runner_up: ids of the two identities nearest to what was asked, '' where there is none.
        score, runner_up_score: their cosines, -1..1; -1 where there is none.
    """

    verdict: Verdict
    best: str = ""
    runner_up: str = ""
    score: float = -1.0
    runner_up_score: float = -1.0

    @property
    def identity_id(self) -> str:
        """The best identity's id when KNOWN, else ''."""
        return self.best if self.verdict is Verdict.KNOWN else ""

    @property
    def margin(self) -> float:
        return self.score - self.runner_up_score


@dataclass(frozen=True)
class Hit:
    """One answer of a search: an identity, and the cosine with its nearest prototype."""

    identity: Known
    score: float


@dataclass(frozen=True)
class Enrolment:
    """Views of one object that a gallery is to keep.

    Args:
        views: ``(V, D)`` float32, or one ``(D,)``; any length but zero.
        stamp_ns: when it was seen.
        into: id or alias of the identity that they belong to, '' for a new one.
        qualities: V numbers above 0 up to 1; all 1 by default.
        label, class_name: '' leaves them as they are.
        thumbnail: JPEG bytes, kept only where the gallery's settings ask for images.
    """

    views: Float32
    stamp_ns: int
    into: str = ""
    qualities: Float64 | None = None
    label: str = ""
    class_name: str = UNKNOWN_CLASS
    thumbnail: bytes | None = None


@dataclass(frozen=True)
class Forgotten:
    """What was erased: the ids that no longer mean anybody, and how many prototypes."""

    ids: tuple[str, ...]
    views: int
