"""The same gallery in the embedded Milvus."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import GalleryError, ModelError, SettingsError, UnknownIdentityError
from mobinet.reid.gallery import Enrolment, GallerySettings, Verdict, calibrate, open_gallery
from mobinet.reid.gallery.milvus_store import MilvusStore
from mobinet.reid.gallery.store import Put

from .looks import DIMENSION, MODEL, look

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")


@pytest.fixture
def where(tmp_path):
    return f"milvus:{tmp_path / 'fleet.db'}"


def test_a_life(where):
    with open_gallery(where, MODEL, DIMENSION) as gallery:
        assert gallery.identify(look(0)).verdict is Verdict.NEW
        a, b, c = (gallery.enroll(Enrolment(look(i), 10 + i, label=f"name {i}")).identity_id for i in range(3))
        gallery.enroll(Enrolment(look(1, 1.0), 20, into=b))
        assert len(gallery.prototypes(b)) == 2
        match = gallery.identify(look(1, 1.0))
        assert (match.verdict, match.identity_id) == (Verdict.KNOWN, b)
        assert match.score == pytest.approx(1, abs=1e-5)
        before = [gallery.find(a), gallery.find(b)]
        assert gallery.merge(b, a, 30).aliases == (b,)
        assert gallery.find(b).identity_id == a
        assert gallery.identify(look(1)).identity_id == a
        assert list(gallery.split(b)) == before
        assert gallery.find("name 2").identity_id == c
        assert [known.identity_id for known in gallery.recent(2)] == [b, c]
        assert [hit.identity.identity_id for hit in gallery.search(look(2) + 0.5 * look(0), 2)] == [c, a]
        assert gallery.forget("name 0").views == 1
        with pytest.raises(UnknownIdentityError):
            gallery.find(a)
        views = np.random.default_rng(0).normal(size=(30, DIMENSION)).astype(np.float32)
        gallery.set_calibration(calibrate(views, np.arange(30) % 10))
    with open_gallery(where) as gallery:
        assert (gallery.model, gallery.dimension, len(gallery)) == (MODEL, DIMENSION, 2)
        assert gallery.calibration == calibrate(views, np.arange(30) % 10)
        assert [known.identity_id for known in gallery.identities()] == [b, c]
        assert gallery.identify(look(2)).best == c
        assert [gone.ids for gone in gallery.expire(15, labelled=True)] == [(c,)]
        assert gallery.store.check() == []


def test_another_network_is_refused(where):
    open_gallery(where, MODEL, DIMENSION).close()
    with pytest.raises(ModelError, match=MODEL):
        open_gallery(where, "net:swapped", DIMENSION)
    with pytest.raises(GalleryError, match="does not exist"):
        open_gallery(f"{where}#other")
    with pytest.raises(SettingsError, match="keeps no pictures"):
        open_gallery(where, MODEL, DIMENSION, GallerySettings(thumbnails=True))
    with open_gallery(where, read_only=True) as gallery, pytest.raises(GalleryError, match="read only"):
        gallery.enroll(Enrolment(look(0), 1))


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_merge_cut_short_at_any_step_leaves_whole_identities(where, monkeypatch, done):
    with open_gallery(where, MODEL, DIMENSION) as gallery:
        a, b = (gallery.enroll(Enrolment(look(i), i)).identity_id for i in range(2))
        client = gallery.store._server.client
        steps = []

        def cut(method):
            def step(*arguments, **options):
                steps.append(method)
                if len(steps) > done:
                    raise OSError("killed here")
                return method(*arguments, **options)

            return step

        with monkeypatch.context() as patched:
            for name in ("insert", "upsert", "delete"):
                patched.setattr(client, name, cut(getattr(client, name)))
            with pytest.raises(GalleryError, match="killed here"):
                gallery.merge(a, b, 9)
        merged = done >= 2
        assert gallery.find(b).identity_id == (a if merged else b)
        assert {gallery.identify(look(i)).best for i in range(2)} <= {a, b}
        assert gallery.identify(look(0)).best == a
        assert gallery.store.check()
        gallery.compact()
        assert gallery.store.check() == []
        assert gallery.identify(look(1)).identity_id == (a if merged else b)
        assert len(gallery) == (1 if merged else 2)


def test_a_name_with_quotes_is_a_name(where):
    with open_gallery(where, MODEL, DIMENSION) as gallery:
        known = gallery.enroll(Enrolment(look(0), 1, label='o"neil \\ or id != ""'))
        assert gallery.find('o"neil \\ or id != ""') == known
        with pytest.raises(UnknownIdentityError):
            gallery.find('x" or id != "')


def test_a_record_that_is_too_long_is_refused(where):
    with open_gallery(where, MODEL, DIMENSION) as gallery:
        known = gallery.enroll(Enrolment(look(0), 1))
        assert isinstance(gallery.store, MilvusStore)
        with pytest.raises(GalleryError, match="too long"):
            gallery.rename(known.identity_id, label="x" * 2000)
        assert gallery.find(known.identity_id) == known
        gallery.store.write([Put(known, gallery.prototypes(known.identity_id))])
        assert len(gallery.prototypes(known.identity_id)) == 1
