"""A gallery against a plain dictionary: any order of operations, closed and opened again at any point."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from mobinet.errors import InputError, UnknownIdentityError
from mobinet.reid.gallery import Enrolment, GallerySettings, open_gallery

from .looks import DIMENSION, MODEL

SETTINGS = GallerySettings(views=3)


class Compared(RuleBasedStateMachine):
    """Of each id: the group it is in. Of each group: its ids, and how many views went into it."""

    ids: Bundle[str] = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "known.gallery"
        self.gallery = open_gallery(self.path, MODEL, DIMENSION, SETTINGS)
        self.groups: dict[str, set[str]] = {}
        self.views: dict[str, int] = {}
        self.rng = np.random.default_rng(0)
        self.clock = 0

    def vectors(self, count: int) -> np.ndarray:
        return self.rng.normal(size=(count, DIMENSION)).astype(np.float32)

    def main_of(self, name: str) -> str | None:
        return next((main for main, ids in self.groups.items() if name in ids), None)

    @rule(target=ids, count=st.integers(1, 4))
    def enroll_new(self, count: int) -> str:
        self.clock += 1
        known = self.gallery.enroll(Enrolment(self.vectors(count), self.clock))
        assert self.main_of(known.identity_id) is None
        self.groups[known.identity_id] = {known.identity_id}
        self.views[known.identity_id] = count
        return known.identity_id

    @rule(name=ids, count=st.integers(1, 3))
    def enroll_more(self, name: str, count: int) -> None:
        main = self.main_of(name)
        enrolment = Enrolment(self.vectors(count), self.clock, into=name)
        if main is None:
            with pytest.raises(UnknownIdentityError):
                self.gallery.enroll(enrolment)
            return
        assert self.gallery.enroll(enrolment).identity_id == main
        self.views[main] += count

    @rule(first=ids, second=ids)
    def merge(self, first: str, second: str) -> None:
        one, other = self.main_of(first), self.main_of(second)
        if one is None or other is None:
            with pytest.raises(UnknownIdentityError):
                self.gallery.merge(first, second, self.clock)
        elif one == other:
            with pytest.raises(InputError):
                self.gallery.merge(first, second, self.clock)
        else:
            kept = self.gallery.merge(first, second, self.clock).identity_id
            gone = other if kept == one else one
            assert kept in (one, other)
            self.groups[kept] |= self.groups.pop(gone)

    @rule(name=ids)
    def split(self, name: str) -> None:
        main = self.main_of(name)
        if main is None or main == name:
            with pytest.raises(InputError):
                self.gallery.split(name)
            return
        remaining, part = self.gallery.split(name)
        assert (remaining.identity_id, part.identity_id) == (main, name)
        taken = {name, *part.aliases}
        assert taken | {main, *remaining.aliases} == self.groups[main]
        self.groups[main] -= taken
        self.groups[name] = taken

    @rule(name=consumes(ids))
    def forget(self, name: str) -> None:
        main = self.main_of(name)
        if main is None:
            with pytest.raises(UnknownIdentityError):
                self.gallery.forget(name)
            return
        assert set(self.gallery.forget(name).ids) == self.groups.pop(main)

    @rule()
    def reopen(self) -> None:
        self.gallery.close()
        self.gallery = open_gallery(self.path, MODEL, DIMENSION, SETTINGS)

    @rule()
    def compact(self) -> None:
        self.gallery.compact()

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "gallery"):
            return
        assert len(self.gallery) == len(self.groups)
        assert {known.identity_id for known in self.gallery.identities()} == set(self.groups)
        for main, ids in self.groups.items():
            known = self.gallery.find(main)
            assert {main, *known.aliases} == ids
            for prototype in self.gallery.prototypes(main):
                assert prototype.origin in ids
                # every prototype finds its identity
                match = self.gallery.identify(prototype.vector)
                assert match.best == main
                assert match.score == pytest.approx(1, abs=1e-5)
                assert match.runner_up != main

    def teardown(self) -> None:
        if hasattr(self, "gallery"):
            assert self.gallery.store.check() == []
            self.gallery.close()
            self.folder.cleanup()


TestGallery = Compared.TestCase
TestGallery.settings = settings(max_examples=8, stateful_step_count=20, deadline=None, derandomize=True)
