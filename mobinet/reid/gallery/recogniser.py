"""Recognises the tracks of one camera as they are described, and lets the gallery learn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mobinet.errors import UnknownIdentityError
from mobinet.reid.gallery.gallery import Gallery
from mobinet.reid.gallery.records import Enrolment, Known, Match, Verdict
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Appearance


@dataclass(frozen=True)
class RecogniserSettings:
    """When a track counts as recognised, and what is learnt from it.

    Raises:
        SettingsError: a value is out of range.
    """

    enroll: str = setting(
        "asked",
        "who becomes an identity: nobody, new objects of confirmed tracks, or only whom somebody asks for",
        choices=("never", "confirmed", "asked"), live=True,
    )  # fmt: skip
    decide_after: int = setting(
        3,
        "so many descriptions of a track have to say the same, one after the other",
        minimum=1,
        maximum=1000,
        live=True,
    )
    look_quality: float = setting(
        0.3, "poorer descriptions are not looked at, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    learn_quality: float = setting(
        0.6, "poorer ones are neither enrolled nor added to an identity, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    learn_every_s: float = setting(
        5.0,
        "a recognised track adds to its identity so often, seconds; 0: never",
        minimum=0.0,
        maximum=86400.0,
        live=True,
    )
    max_tracks: int = setting(1000, "most tracks remembered; the longest unseen goes first", minimum=1, maximum=10**6)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Recognised:
    """What is known of one track.

    Args:
        track_id: of the camera's tracker.
        match: of its last description.
        known: the identity when KNOWN, and when it was NEW and has become one just now.
    """

    track_id: int
    match: Match
    known: Known | None = None


@dataclass
class _Memory:
    """What was said of one track so far."""

    appearance: Appearance
    answer: tuple[Verdict, str] = (Verdict.UNSURE, "")
    times: int = 0
    learnt_ns: int | None = None


class TrackRecogniser:
    """For one camera; those of other cameras may share the gallery.

    Args:
        gallery: who is known.
        settings: when to answer, and what to learn.

    Attributes:
        enrolled, learnt: how many identities were made, and how often one took in a view.
    """

    def __init__(self, gallery: Gallery, settings: RecogniserSettings | None = None) -> None:
        self.settings = settings or RecogniserSettings()
        self._gallery = gallery
        self._memories: dict[int, _Memory] = {}
        self.enrolled = 0
        self.learnt = 0

    def recognise(
        self,
        appearances: Sequence[Appearance],
        stamp_ns: int,
        classes: Mapping[int, str] | None = None,
        picture: Callable[[int], bytes | None] = lambda _: None,
    ) -> list[Recognised]:
        """Looks at tracks described in one image; those not decided on yet are left out.

        No identity is in one image twice: of tracks that are taken for the same, only the most alike is.

        Args:
            appearances: described tracks, each the mean of its views so far.
            stamp_ns: of the image.
            classes: class names of tracks.
            picture: JPEG bytes of a track, asked for when it is enrolled.

        Raises:
            InputError: a vector that is none of the gallery's network.
            GalleryError: the gallery failed.
        """
        looked = [one for one in appearances if one.quality >= max(self.settings.look_quality, 1e-6)]
        if not looked:
            return []
        matches = self._without_doubles(self._gallery.identify_each(np.stack([one.embedding for one in looked])))
        decided = [(one, match) for one, match in zip(looked, matches, strict=True) if self._remember(one, match)]
        self._bound()
        return self._learn(decided, stamp_ns, classes or {}, picture)

    def appearance(self, track_id: int) -> Appearance | None:
        """The last description of a track."""
        memory = self._memories.get(track_id)
        return None if memory is None else memory.appearance

    def forget(self, track_ids: Iterable[int]) -> None:
        """Drops tracks that are no longer alive; unknown ids are ignored."""
        for track_id in track_ids:
            self._memories.pop(track_id, None)

    def reset(self) -> None:
        """Forgets all tracks; for a clock that jumped back or a tracker that restarted."""
        self._memories.clear()

    @staticmethod
    def _without_doubles(matches: list[Match]) -> list[Match]:
        best: dict[str, float] = {}
        for match in matches:
            if match.verdict is Verdict.KNOWN:
                best[match.best] = max(match.score, best.get(match.best, -1.0))
        return [
            replace(match, verdict=Verdict.UNSURE)
            if match.verdict is Verdict.KNOWN and match.score < best[match.best]
            else match
            for match in matches
        ]

    def _remember(self, appearance: Appearance, match: Match) -> bool:
        """Whether the track has had the same answer often enough."""
        memory = self._memories.pop(appearance.track_id, None) or _Memory(appearance)
        memory.appearance = appearance
        answer = (match.verdict, match.identity_id)
        memory.times = memory.times + 1 if answer == memory.answer else 1
        memory.answer = answer
        self._memories[appearance.track_id] = memory  # at the end: the order is that of the last description
        return memory.times >= self.settings.decide_after

    def _learn(
        self,
        decided: Sequence[tuple[Appearance, Match]],
        stamp_ns: int,
        classes: Mapping[int, str],
        picture: Callable[[int], bytes | None],
    ) -> list[Recognised]:
        """Enrolls who is new, adds to who is known, in one go."""
        enrolments: dict[int, Enrolment] = {}
        for appearance, match in decided:
            if self._may_learn(appearance, match, stamp_ns):
                enrolments[appearance.track_id] = Enrolment(
                    appearance.embedding, stamp_ns, match.identity_id, np.array([min(appearance.quality, 1.0)]),
                    class_name=classes.get(appearance.track_id, UNKNOWN_CLASS),
                    thumbnail=None if match.identity_id else picture(appearance.track_id),
                )  # fmt: skip
        made = self._gallery.enroll_all(list(enrolments.values())) if enrolments else []
        learnt = dict(zip(enrolments, made, strict=True))
        for track_id, enrolment in enrolments.items():
            self._memories[track_id].learnt_ns = stamp_ns
            self.enrolled += not enrolment.into
            self.learnt += bool(enrolment.into)
        return [
            Recognised(one.track_id, match, learnt.get(one.track_id) or self._known(match)) for one, match in decided
        ]

    def _may_learn(self, appearance: Appearance, match: Match, stamp_ns: int) -> bool:
        settings, memory = self.settings, self._memories.get(appearance.track_id)
        if self._gallery.read_only or memory is None or appearance.quality < max(settings.learn_quality, 1e-6):
            return False
        if match.verdict is Verdict.NEW:
            return settings.enroll == "confirmed"
        if match.verdict is not Verdict.KNOWN or settings.learn_every_s == 0 or settings.enroll == "never":
            return False
        return memory.learnt_ns is None or not 0 <= stamp_ns - memory.learnt_ns < settings.learn_every_s * 1e9

    def _known(self, match: Match) -> Known | None:
        try:
            return self._gallery.find(match.identity_id) if match.identity_id else None
        except UnknownIdentityError:
            # forgotten by a service since it was found
            return None

    def _bound(self) -> None:
        while len(self._memories) > self.settings.max_tracks:
            del self._memories[next(iter(self._memories))]
