"""Export and import: everything comes back, and what is wrong is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mobinet.errors import ModelError, RecordingError
from mobinet.reid.gallery import Enrolment, GallerySettings, calibrate, open_gallery
from mobinet.reid.gallery.exchange import export_gallery, import_gallery

from .looks import DIMENSION, MODEL, look

PICTURES = GallerySettings(thumbnails=True)


@pytest.fixture
def exported(tmp_path):
    """An export of two identities, one of them merged of two, and what is in it."""
    with open_gallery(tmp_path / "a", MODEL, DIMENSION, PICTURES) as gallery:
        ids = [gallery.enroll(Enrolment(look(i), 5 + i, label=f"{i}", thumbnail=b"jpeg")).identity_id for i in range(3)]
        gallery.merge(ids[1], ids[2], 9)
        rng = np.random.default_rng(0)
        views = rng.normal(size=(30, DIMENSION)).astype(np.float32)
        gallery.set_calibration(calibrate(views, np.arange(30) % 10))
        assert export_gallery(gallery, tmp_path / "out", thumbnails=True) == 2
        return tmp_path / "out", list(gallery.identities()), gallery.calibration


def test_everything_comes_back(tmp_path, exported):
    path, identities, calibration = exported
    with open_gallery(tmp_path / "b", MODEL, DIMENSION, PICTURES) as gallery:
        assert import_gallery(gallery, path).count == 2
        assert list(gallery.identities()) == identities
        assert gallery.calibration == calibration
        assert gallery.thumbnail("0") == b"jpeg"
        assert gallery.identify(look(2)).identity_id == identities[1].identity_id
        gallery.split(identities[1].aliases[0])
        assert gallery.identify(look(2)).identity_id == identities[1].aliases[0]
        assert gallery.store.check() == []


def test_pictures_come_only_where_asked_for(tmp_path, exported):
    with open_gallery(tmp_path / "b", MODEL, DIMENSION) as gallery:
        import_gallery(gallery, exported[0])
        assert gallery.thumbnail("0") is None


def test_who_is_there_stays(tmp_path, exported):
    path, identities, _ = exported
    with open_gallery(tmp_path / "a") as gallery:
        gallery.split(identities[1].aliases[0])
        gallery.rename("0", label="zero")
        assert import_gallery(gallery, path).there == tuple(known.identity_id for known in identities)
        assert gallery.find("zero").identity_id == identities[0].identity_id
        assert len(gallery) == 3


def test_another_network_is_refused(tmp_path, exported):
    with open_gallery(tmp_path / "b", "net:other", DIMENSION) as gallery, pytest.raises(ModelError, match=MODEL):
        import_gallery(gallery, exported[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head: head.update(format="x"), "format"),
        (lambda head: head["identities"][0].update(prototypes=[77]), "damaged"),  # a row that is not there
        (lambda head: head["identities"][0].update(surprise=1), "damaged"),
        (lambda head: head["identities"][0].pop("identity_id"), "damaged"),
        (lambda head: head["identities"][0].update(identity_id="x" * 17), "damaged"),
        (lambda head: head["identities"][0].update(last_seen_ns=-1), "damaged"),
        (lambda head: head["identities"][0].update(prototypes=[1]), "none of its ids"),  # somebody else's
        (lambda head: head.update(calibration={}), "damaged"),
    ],
)
def test_a_wrong_record_is_refused(tmp_path, exported, change, message):
    path = exported[0].with_suffix(".json")
    head = json.loads(path.read_text())
    change(head)
    path.write_text(json.dumps(head))
    with open_gallery(tmp_path / "b", MODEL, DIMENSION) as gallery:
        with pytest.raises(RecordingError, match=message):
            import_gallery(gallery, path)
        assert len(gallery) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update(vectors=arrays["vectors"] * 2),  # not of length 1
        lambda arrays: arrays.update(vectors=arrays["vectors"][:, :4]),
        lambda arrays: arrays.update(weights=arrays["weights"][:1]),
        lambda arrays: arrays.pop("origins"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, exported, change):
    path = exported[0].with_suffix(".npz")
    arrays = dict(np.load(path))
    change(arrays)
    np.savez(path, **arrays)
    with (
        open_gallery(tmp_path / "b", MODEL, DIMENSION) as gallery,
        pytest.raises(RecordingError, match="export it again"),
    ):
        import_gallery(gallery, path)


def test_what_is_no_export_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with open_gallery(tmp_path / "b", MODEL, DIMENSION) as gallery, pytest.raises(RecordingError, match="no JSON"):
        import_gallery(gallery, tmp_path / "x")
