"""What an identity's prototypes become."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.reid.gallery.prototypes import add_views
from mobinet.reid.gallery.records import Prototype
from mobinet.reid.gallery.settings import GallerySettings

from .looks import look


def added(views, qualities=None, settings=None, origin="me", prototypes=()):
    views = np.atleast_2d(views)
    qualities = np.ones(len(views)) if qualities is None else np.asarray(qualities, float)
    return add_views(prototypes, views, qualities, origin, settings or GallerySettings())


def test_a_mean_is_weighted_by_quality():
    (prototype,) = added([look(0), look(0, 0.4)], [1.0, 0.25])
    assert prototype.weight == pytest.approx(1.25)
    assert prototype.quality == pytest.approx((1 + 0.25**2) / 1.25)
    expected = look(0) + 0.25 * look(0, 0.4)
    np.testing.assert_allclose(prototype.vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_another_look_is_another_prototype():
    assert len(added([look(0), look(0, 1.2)])) == 2


def test_too_many_become_fewer_where_they_are_most_alike():
    settings = GallerySettings(views=2, same_view=0.99)
    prototypes = added([look(0), look(0, 0.4), look(3)], settings=settings)
    turns = sorted(float(np.arctan2(p.vector[8], p.vector[0])) for p in prototypes if p.vector[3] < 0.5)
    assert len(prototypes) == 2
    assert turns == [pytest.approx(0.2)]


def test_a_mean_follows_a_slow_change():
    settings = GallerySettings(memory=4.0)
    prototypes = ()
    for turn in np.linspace(0, 1.5, 100):
        prototypes = added(look(0, turn), settings=settings, prototypes=prototypes)
    assert len(prototypes) == 1
    assert prototypes[0].weight == 4
    assert prototypes[0].vector @ look(0, 1.5) > 0.99


def test_prototypes_of_a_merged_identity_stay_when_ours_are_too_many():
    theirs = Prototype(look(5), 1, 1, "them", 9)
    prototypes = added([look(0), look(1), look(2)], settings=GallerySettings(views=2), prototypes=(theirs,))
    assert prototypes[0] == theirs
    assert [prototype.origin for prototype in prototypes] == ["them", "me", "me"]


@given(
    seed=st.integers(0, 10**6), count=st.integers(1, 30), views=st.integers(1, 5), same=st.floats(0, 1),
    memory=st.floats(1, 20),
)  # fmt: skip
def test_there_are_never_too_many_and_all_are_sound(seed, count, views, same, memory):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 4))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    settings = GallerySettings(views=views, same_view=same, memory=memory)
    prototypes = added(vectors, rng.uniform(0.01, 1, count), settings)
    assert 1 <= len(prototypes) <= views
    for prototype in prototypes:
        assert np.linalg.norm(prototype.vector) == pytest.approx(1, abs=1e-5)
        assert 0 < prototype.weight <= memory + 1e-9
        assert 0 < prototype.quality <= 1 + 1e-9
