"""Known objects: who is this, and what a user or a tracker says of who is who."""

from __future__ import annotations

import base64
import math
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import GalleryError, InputError, UnknownIdentityError
from mobinet.reid.gallery.calibration import Calibration, Thresholds
from mobinet.reid.gallery.prototypes import add_views
from mobinet.reid.gallery.records import Enrolment, Forgotten, Hit, Known, Match, Prototype, Verdict, taken_out
from mobinet.reid.gallery.settings import GallerySettings
from mobinet.reid.gallery.store import Erase, Put, Store
from mobinet.types import Float32, Float64


def new_id() -> str:
    """Sixteen letters and digits, by chance: unique without asking anybody."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


class Gallery:
    """Identities in a store. Its methods may be called from any thread; each is done whole or raises.

    Args:
        store: see ``open_gallery``.
        settings: prototypes and thresholds.
        make_id: of new identities, 16 ASCII characters.
    """

    def __init__(
        self, store: Store, settings: GallerySettings | None = None, make_id: Callable[[], str] = new_id
    ) -> None:
        self.settings = settings or GallerySettings()
        self._store = store
        self._make_id = make_id
        self._lock = threading.RLock()
        self._calibration = store.calibration()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """How many identities."""
        with self._lock:
            return len(self._store)

    @property
    def store(self) -> Store:
        return self._store

    @property
    def model(self) -> str:
        """Fingerprint of the network whose vectors these are."""
        return self._store.model

    @property
    def dimension(self) -> int:
        return self._store.dimension

    @property
    def read_only(self) -> bool:
        return self._store.read_only

    @property
    def calibration(self) -> Calibration | None:
        return self._calibration

    def thresholds(self) -> Thresholds:
        """As calibrated, for as many identities as there are now; else those of the settings."""
        settings = self.settings
        if self._calibration is None:
            return Thresholds(settings.known_score, settings.new_score)
        return self._calibration.thresholds(settings.false_accepts, settings.false_news, len(self))

    def identify(self, views: Float32, qualities: Float64 | None = None) -> Match:
        """Whom one object is taken for, by the mean of its views weighted by quality.

        Args:
            views: ``(V, D)`` or ``(D,)`` float32 of any length but zero.
            qualities: V numbers above 0 up to 1; all alike by default.

        Raises:
            InputError: vectors of another length, zero or not finite; qualities that are none.
            GalleryError: the store failed.
        """
        return self.identify_each(self._pooled(views, qualities)[None])[0]

    def identify_each(self, vectors: Float32) -> list[Match]:
        """Whom each of Q objects is taken for, in one search; ``(Q, D)``, one vector an object.

        Raises:
            InputError, GalleryError: see ``identify``.
        """
        queries = self._units(vectors)
        with self._lock:
            nearest = self._store.nearest(queries, 2)
            limits = self.thresholds()
        return [self._match(found, limits) for found in nearest]

    def search(self, views: Float32, count: int = 10, qualities: Float64 | None = None) -> list[Hit]:
        """The identities most like one object, whatever the thresholds, the most alike first.

        Raises:
            InputError, GalleryError: see ``identify``.
        """
        if count < 1:
            raise InputError(f"search: expected to ask for at least one identity, got {count}")
        query = self._pooled(views, qualities)[None]
        with self._lock:
            return [Hit(self.find(name), score) for name, score in self._store.nearest(query, count)[0]]

    def compare(self, name: str, views: Float32, qualities: Float64 | None = None) -> float:
        """The score of one object for one identity: the cosine with its nearest prototype, -1 where it has none.

        Raises:
            UnknownIdentityError: nobody of this id, alias or label.
            InputError, GalleryError: see ``identify``.
        """
        query = self._pooled(views, qualities)
        return max((float(prototype.vector @ query) for prototype in self.prototypes(name)), default=-1.0)

    def enroll(self, enrolment: Enrolment) -> Known:
        """Keeps views of one object: a new identity, or more of one that is there. See ``enroll_all``."""
        return self.enroll_all([enrolment])[0]

    def enroll_all(self, enrolments: Sequence[Enrolment]) -> list[Known]:
        """Keeps views of several objects, all or none: when this returns they are stored for good.

        Raises:
            InputError: a malformed vector, quality or stamp.
            UnknownIdentityError: nobody of the id or alias in ``into``.
            GalleryError: the store failed or is read only; nothing was kept.
        """
        changes: dict[str, Put] = {}
        answer = []
        with self._lock:
            for enrolment in enrolments:
                change = self._enrolled(enrolment, changes)
                changes[change.known.identity_id] = change
                answer.append(change.known.identity_id)
            self._write(list(changes.values()))
        return [changes[identity_id].known for identity_id in answer]

    def rename(self, name: str, label: str | None = None, class_name: str | None = None) -> Known:
        """Changes what an identity is called or what it is; None leaves it, '' takes it away.

        Raises:
            UnknownIdentityError, GalleryError: see ``enroll_all``.
        """
        with self._lock:
            known = self.find(name)
            known = replace(
                known,
                label=known.label if label is None else label,
                class_name=known.class_name if class_name is None else class_name,
            )
            self._write([Put(known, self._store.prototypes(known.identity_id))])
            return known

    def merge(self, first: str, second: str, stamp_ns: int) -> Known:
        """Two identities are one: the one seen first keeps its id, the other's becomes an alias.

        Raises:
            InputError: both are one already.
            UnknownIdentityError, GalleryError: see ``enroll_all``.
        """
        with self._lock:
            pair = sorted((self.find(first), self.find(second)), key=lambda known: (known.seen[0], known.identity_id))
            older, younger = pair
            if older.identity_id == younger.identity_id:
                raise InputError(f"'{first}' and '{second}' are one identity already, {older.identity_id}")
            known = replace(older, merged=(*older.merged, replace(younger, merged_ns=stamp_ns)))
            both = self._store.prototypes(older.identity_id) + self._store.prototypes(younger.identity_id)
            # the younger one's picture goes: after a split it would be left with somebody else
            self._write([Put(known, both), Erase(younger.identity_id)])
            return known

    def split(self, alias: str) -> tuple[Known, Known]:
        """Undoes a merge: what the alias names is an identity again, with the prototypes that it brought.

        Returns:
            What remains of the identity it was in, and itself.

        Raises:
            InputError: an id that is no alias.
            UnknownIdentityError, GalleryError: see ``enroll_all``.
        """
        with self._lock:
            whole = self.find(alias)
            remaining, part = taken_out(whole, alias)
            if part is None:
                raise InputError(f"'{alias}' is no alias of {whole.identity_id}; aliases: {', '.join(whole.aliases)}")
            origins = {inner.identity_id for inner in part.parts()}
            prototypes = self._store.prototypes(whole.identity_id)
            theirs = tuple(prototype for prototype in prototypes if prototype.origin in origins)
            ours = tuple(prototype for prototype in prototypes if prototype.origin not in origins)
            self._write([Put(remaining, ours), Put(part, theirs)])
            return remaining, part

    def forget(self, name: str) -> Forgotten:
        """Erases an identity and all that is merged into it, for good.

        Raises:
            UnknownIdentityError, GalleryError: see ``enroll_all``.
        """
        with self._lock:
            known = self.find(name)
            views = len(self._store.prototypes(known.identity_id))
            self._write([Erase(known.identity_id)])
            return Forgotten((known.identity_id, *known.aliases), views)

    def expire(self, before_ns: int, labelled: bool = False) -> list[Forgotten]:
        """Erases who was last seen before the stamp; those with a label only where ``labelled`` says so.

        Raises:
            GalleryError: see ``enroll_all``.
        """
        with self._lock:
            gone = [known for known in self._store.unseen_since(before_ns) if labelled or not known.name]
            counts = [len(self._store.prototypes(known.identity_id)) for known in gone]
            if gone:
                self._write([Erase(known.identity_id) for known in gone])
        return [Forgotten((k.identity_id, *k.aliases), views) for k, views in zip(gone, counts, strict=True)]

    def restore(self, identities: Sequence[Put]) -> None:
        """Stores identities that another gallery of the same network had; pictures only where the settings say so.

        Raises:
            GalleryError: see ``enroll_all``.
        """
        with self._lock:
            kept = [put if self.settings.thumbnails else replace(put, thumbnail=None) for put in identities]
            self._write(kept)

    def find(self, name: str) -> Known:
        """The identity of this id, alias or label.

        Raises:
            UnknownIdentityError: nobody, or several of the label.
            GalleryError: the record is damaged.
        """
        with self._lock:
            known = self._store.find(name)
            if known is not None:
                return known
            labelled = self._store.labelled(name) if name else []
        if len(labelled) > 1:
            ids = ", ".join(found.identity_id for found in labelled[:5])
            raise UnknownIdentityError(f"{len(labelled)} identities are called '{name}': give an id, as {ids}")
        if not labelled:
            raise UnknownIdentityError(f"no identity has the id, alias or label '{name}'; search or list shows them")
        return labelled[0]

    def prototypes(self, name: str) -> tuple[Prototype, ...]:
        """Raises UnknownIdentityError."""
        with self._lock:
            return self._store.prototypes(self.find(name).identity_id)

    def thumbnail(self, name: str) -> bytes | None:
        """JPEG bytes, where one was kept; raises UnknownIdentityError."""
        with self._lock:
            return self._store.thumbnail(self.find(name).identity_id)

    def recent(self, count: int) -> list[Known]:
        """Those seen last, the last one first."""
        with self._lock:
            return self._store.recent(count)

    def identities(self) -> Iterator[Known]:
        """All of them, in the order in which they came."""
        with self._lock:
            return iter(list(self._store.identities()))

    def set_calibration(self, calibration: Calibration) -> None:
        """From now on, also after a restart, thresholds follow from it; raises GalleryError."""
        with self._lock:
            self._refuse_if_read_only()
            self._store.set_calibration(calibration)
            self._calibration = calibration

    def compact(self) -> None:
        """Gives back room, and builds what makes the next start and search fast; raises GalleryError."""
        with self._lock:
            self._refuse_if_read_only()
            self._store.compact()

    def close(self) -> None:
        """Releases the store; all that was acknowledged is in it."""
        with self._lock:
            self._store.close()

    def _write(self, changes: Sequence[Put | Erase]) -> None:
        self._refuse_if_read_only()
        self._store.write(changes)

    def _refuse_if_read_only(self) -> None:
        if self._store.read_only:
            raise GalleryError(
                f"{self._store.where} is read only: nothing was stored; make it writable and open it again"
            )

    def _enrolled(self, enrolment: Enrolment, changes: dict[str, Put]) -> Put:
        """The identity with the views in it; ``changes`` are those of the same call, not stored yet."""
        views = self._units(enrolment.views)
        if not len(views):
            raise InputError("enroll: expected at least one view, got none")
        qualities = _checked_qualities(enrolment.qualities, len(views))
        if enrolment.stamp_ns < 0:
            raise InputError(f"enroll: expected a stamp from 0, got {enrolment.stamp_ns}")
        stamp_ns = enrolment.stamp_ns
        if enrolment.into:
            known = self.find(enrolment.into)
            before = changes.get(known.identity_id) or Put(known, self._store.prototypes(known.identity_id))
        else:
            before = Put(Known(self._make_id(), first_seen_ns=stamp_ns, last_seen_ns=stamp_ns), ())
        known = replace(
            before.known,
            label=enrolment.label or before.known.label,
            class_name=enrolment.class_name or before.known.class_name,
            observations=before.known.observations + len(views),
            first_seen_ns=min(before.known.first_seen_ns, stamp_ns),
            last_seen_ns=max(before.known.last_seen_ns, stamp_ns),
        )
        prototypes = add_views(before.prototypes, views, qualities, known.identity_id, self.settings)
        picture = enrolment.thumbnail if self.settings.thumbnails else None
        return Put(known, prototypes, picture or before.thumbnail)

    def _match(self, nearest: Sequence[tuple[str, float]], limits: Thresholds) -> Match:
        """The verdict on one object, from its two nearest identities."""
        if not nearest:
            return Match(Verdict.NEW)
        best, score = nearest[0]
        runner_up, second = nearest[1] if len(nearest) > 1 else ("", -1.0)
        verdict = Verdict.UNSURE
        if score < limits.new:
            verdict = Verdict.NEW
        elif score >= limits.known and score - second >= self.settings.margin:
            verdict = Verdict.KNOWN
        return Match(verdict, best, runner_up, score, second)

    def _pooled(self, views: Float32, qualities: Float64 | None) -> Float32:
        units = self._units(views)
        if not len(units):
            raise InputError("expected at least one view, got none")
        weights = _checked_qualities(qualities, len(units))
        pooled: Float32 = self._units((units * weights[:, None]).sum(axis=0).astype(np.float32))[0]
        return pooled

    def _units(self, vectors: Float32) -> Float32:
        """``(N, D)`` of length 1, or InputError. One question goes through here: no step more than it takes."""
        given: NDArray[Any] = np.asarray(vectors)
        if given.ndim == 1:
            given = given[None]
        if given.ndim != 2 or given.shape[1] != self.dimension or given.dtype.kind != "f":
            raise InputError(
                f"expected vectors (N, {self.dimension}) of the gallery's network {self.model}, got {given.dtype} "
                f"{given.shape}; describe the object with that network"
            )
        if given.dtype.itemsize < 4:
            given = given.astype(np.float32)
        if len(given) == 1:
            square = float(given[0] @ given[0])
            bad = [] if 1e-24 < square < math.inf else [0]
            lengths: NDArray[Any] | float = math.sqrt(square) if not bad else 1.0
        else:
            squares = np.einsum("ij,ij->i", given, given, dtype=np.float64)
            bad = np.flatnonzero(~((squares > 1e-24) & (squares < np.inf))).tolist()
            lengths = np.sqrt(squares)[:, None]
        if bad:
            raise InputError(f"vector {bad[0]} is zero or not finite; leave such views out")
        units: Float32 = np.asarray(given / lengths, np.float32)
        return units


def _checked_qualities(qualities: Float64 | None, count: int) -> Float64:
    if qualities is None:
        return np.ones(count)
    weights: Float64 = np.atleast_1d(np.asarray(qualities, np.float64))
    if weights.shape != (count,) or not ((weights > 0) & (weights <= 1)).all():
        raise InputError(f"expected {count} qualities above 0 up to 1, got {weights.tolist()}")
    return weights
