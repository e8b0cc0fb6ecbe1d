"""What a gallery answers, and what it refuses."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mobinet.errors import GalleryError, InputError, ModelError, SettingsError, UnknownIdentityError
from mobinet.reid.gallery import Enrolment, Gallery, GallerySettings, Verdict, open_gallery

from .looks import DIMENSION, MODEL, look


@pytest.fixture
def gallery(tmp_path):
    with open_gallery(tmp_path / "known.gallery", MODEL, DIMENSION) as opened:
        yield opened


def enrolled(gallery: Gallery, *places: int) -> list[str]:
    return [gallery.enroll(Enrolment(look(place), 100 + place)).identity_id for place in places]


@pytest.mark.parametrize(
    ("turn", "verdict"),
    [
        (0.1, Verdict.KNOWN),  # cosine 0.995
        (0.7, Verdict.UNSURE),  # 0.76, between the thresholds
        (1.2, Verdict.NEW),  # 0.36
    ],
)
def test_identifies_by_the_thresholds(gallery, turn, verdict):
    ids = enrolled(gallery, 0, 1, 2)
    match = gallery.identify(look(1, turn))
    assert match.verdict is verdict
    assert match.best == ids[1]
    assert match.identity_id == (ids[1] if verdict is Verdict.KNOWN else "")
    assert match.score == pytest.approx(np.cos(turn), abs=1e-3)
    assert match.margin == pytest.approx(match.score - match.runner_up_score)


def test_nobody_is_known_to_an_empty_gallery(gallery):
    match = gallery.identify(look(0))
    assert (match.verdict, match.best, match.runner_up, match.score) == (Verdict.NEW, "", "", -1)


def test_two_that_are_alike_as_much_are_unsure(gallery):
    between = look(0) + look(1)
    gallery.enroll(Enrolment(look(0) + 0.9 * look(1), 1))
    gallery.enroll(Enrolment(look(1) + 0.9 * look(0), 1))
    assert gallery.identify(between).verdict is Verdict.UNSURE


def test_a_query_is_the_mean_of_its_views_by_quality(gallery):
    ids = enrolled(gallery, 0, 1)
    views = np.stack([look(0), look(1)])
    assert gallery.identify(views, np.array([1.0, 0.1])).best == ids[0]
    assert gallery.identify(views, np.array([0.1, 1.0])).best == ids[1]


def test_many_prototypes_of_one_do_not_hide_the_runner_up(gallery):
    one, other = enrolled(gallery, 0, 1)
    for step in range(4):  # five prototypes of one identity, all nearer than the other's
        gallery.enroll(Enrolment(look(0) + 0.8 * look(4 + step), 200, into=one))
    assert len(gallery.prototypes(one)) == 5
    assert gallery.identify(look(0) + 0.1 * look(1)).runner_up == other


def test_search_gives_the_most_alike_first(gallery):
    ids = enrolled(gallery, 0, 1, 2)
    hits = gallery.search(look(2) + 0.5 * look(0), 5)
    assert [hit.identity.identity_id for hit in hits[:2]] == [ids[2], ids[0]]
    assert len(hits) == 3


def test_more_views_go_into_an_identity(gallery):
    (known,) = enrolled(gallery, 0)
    gallery.enroll(Enrolment(np.stack([look(0, 0.1), look(0, 1.0)]), 50, into=known, label="anna", class_name="person"))
    found = gallery.find("anna")
    assert (found.identity_id, found.class_name, found.observations) == (known, "person", 3)
    assert found.seen == (50, 100)
    assert len(gallery.prototypes(known)) == 2  # a small turn goes into the mean, a large one is another look
    assert gallery.identify(look(0, 1.0)).identity_id == known


def test_views_of_one_call_add_up(gallery):
    known = gallery.enroll(Enrolment(look(0), 1)).identity_id
    both = gallery.enroll_all([Enrolment(look(0, 0.9), 2, into=known), Enrolment(look(0), 3, into=known)])
    assert gallery.find(known).observations == 3
    assert {one.identity_id for one in both} == {known}
    assert len(gallery) == 1


def test_merge_keeps_the_older_id_and_split_undoes_it(gallery):
    young, old = enrolled(gallery, 5, 2)
    gallery.rename(young, label="bert", class_name="person")
    before = [gallery.find(old), gallery.find(young)]
    merged = gallery.merge(young, old, 900)
    assert (merged.identity_id, merged.aliases, merged.name, merged.kind) == (old, (young,), "bert", "person")
    assert merged.merged[0].merged_ns == 900
    assert gallery.find(young).identity_id == old
    assert gallery.identify(look(5)).identity_id == old
    assert len(gallery) == 1
    assert list(gallery.split(young)) == before
    assert [gallery.identify(look(place)).identity_id for place in (2, 5)] == [old, young]


def test_what_was_merged_twice_is_split_out_of_the_middle(gallery):
    a, b, c = enrolled(gallery, 0, 1, 2)
    gallery.merge(b, c, 10)
    whole = gallery.merge(a, b, 20)
    assert whole.aliases == (b, c)
    remaining, part = gallery.split(b)
    assert (remaining.aliases, part.aliases) == ((), (c,))
    assert gallery.identify(look(2)).identity_id == b
    gallery.merge(a, b, 30)
    remaining, part = gallery.split(c)
    assert (remaining.identity_id, remaining.aliases, part.identity_id) == (a, (b,), c)


def test_forgotten_is_unknown_and_its_aliases_too(gallery):
    a, b, c = enrolled(gallery, 0, 1, 2)
    gallery.merge(a, b, 10)
    forgotten = gallery.forget(b)
    assert (forgotten.ids, forgotten.views) == ((a, b), 2)
    assert gallery.identify(look(0)).verdict is Verdict.NEW
    assert [known.identity_id for known in gallery.identities()] == [c]
    with pytest.raises(UnknownIdentityError, match=b):
        gallery.find(b)


def test_expiry_spares_those_with_a_label(gallery):
    a, b, c = enrolled(gallery, 0, 1, 7)
    gallery.rename(b, label="bert")
    assert [gone.ids for gone in gallery.expire(105)] == [(a,)]
    assert [gone.ids for gone in gallery.expire(105, labelled=True)] == [(b,)]
    assert gallery.recent(5)[0].identity_id == c


def test_a_label_of_two_names_nobody(gallery):
    for place in (0, 1):
        gallery.enroll(Enrolment(look(place), 1, label="anna"))
    with pytest.raises(UnknownIdentityError, match="2 identities are called 'anna'"):
        gallery.find("anna")


def test_pictures_are_kept_only_where_asked_for(tmp_path):
    with open_gallery(tmp_path / "a", MODEL, DIMENSION) as gallery:
        known = gallery.enroll(Enrolment(look(0), 1, thumbnail=b"jpeg"))
        assert gallery.thumbnail(known.identity_id) is None
    with open_gallery(tmp_path / "a", settings=GallerySettings(thumbnails=True)) as gallery:
        gallery.enroll(Enrolment(look(0), 1, into=known.identity_id, thumbnail=b"jpeg"))
        assert gallery.thumbnail(known.identity_id) == b"jpeg"
        # nobody is left with the picture of somebody else
        older = gallery.enroll(Enrolment(look(1), 0))
        assert gallery.merge(older.identity_id, known.identity_id, 5).identity_id == older.identity_id
        gallery.split(known.identity_id)
        assert [gallery.thumbnail(one.identity_id) for one in (older, known)] == [None, None]


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.ones(DIMENSION + 1, np.float32), r"expected vectors \(N, 16\)"),  # of another length
        (np.zeros(DIMENSION, np.float32), "vector 0 is zero or not finite"),
        (np.full(DIMENSION, np.nan, np.float32), "vector 0 is zero or not finite"),
        (np.stack([look(0), np.full(DIMENSION, np.inf, np.float32)]), "vector 1 is zero or not finite"),
        (np.ones((1, 1, DIMENSION), np.float32), "expected vectors"),
        (np.ones(DIMENSION, int), "expected vectors"),  # no real numbers
        (np.zeros((0, DIMENSION), np.float32), "at least one view"),
    ],
)
def test_refuses_what_is_no_vector(gallery, vector, message):
    with pytest.raises(InputError, match=message):
        gallery.identify(vector)
    with pytest.raises(InputError, match=message):
        gallery.enroll(Enrolment(vector, 1))
    assert len(gallery) == 0


@pytest.mark.parametrize("qualities", [[0.0], [1.5], [np.nan], [1.0, 1.0]])
def test_refuses_what_is_no_quality(gallery, qualities):
    with pytest.raises(InputError, match="qualities"):
        gallery.enroll(Enrolment(look(0), 1, qualities=np.array(qualities)))


def test_refuses_what_is_not_there(gallery):
    enrolled(gallery, 0)
    for ask in (gallery.find, gallery.forget, gallery.split, gallery.prototypes):
        with pytest.raises(UnknownIdentityError, match="nobody-here"):
            ask("nobody-here")
    with pytest.raises(UnknownIdentityError):
        gallery.enroll_all([Enrolment(look(1), 1), Enrolment(look(1), 1, into="nobody-here")])
    assert len(gallery) == 1  # all or none


def test_refuses_to_merge_one_with_itself_and_to_split_what_is_whole(gallery):
    a, b = enrolled(gallery, 0, 1)
    gallery.merge(a, b, 1)
    with pytest.raises(InputError, match="one identity already"):
        gallery.merge(a, b, 2)
    with pytest.raises(InputError, match="no alias"):
        gallery.split(a)


@pytest.mark.parametrize(("model", "dimension"), [("net:ffffffffffff", DIMENSION), (MODEL, 512)])
def test_refuses_a_swapped_network(tmp_path, model, dimension):
    open_gallery(tmp_path / "a", MODEL, DIMENSION).close()
    with pytest.raises(ModelError, match=r"net:0123456789ab \(16 numbers\)"):
        open_gallery(tmp_path / "a", model, dimension)
    # refusing it leaves the file free
    open_gallery(tmp_path / "a", MODEL, DIMENSION).close()


def test_refuses_a_file_that_is_not_there_without_a_network(tmp_path):
    with pytest.raises(GalleryError, match="does not exist"):
        open_gallery(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_refuses_thresholds_the_wrong_way_round():
    with pytest.raises(SettingsError, match="new_score"):
        GallerySettings(known_score=0.5, new_score=0.6)


def test_answers_do_not_depend_on_a_restart(tmp_path):
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(30, DIMENSION)).astype(np.float32)
    with open_gallery(tmp_path / "a", MODEL, DIMENSION) as gallery:
        gallery.enroll_all([Enrolment(vector, 1) for vector in vectors])
        before = gallery.identify_each(vectors + 0.1)
    with open_gallery(tmp_path / "a") as gallery:
        assert gallery.identify_each(vectors + 0.1) == before


def test_a_graph_answers_as_all_comparisons_do(tmp_path):
    pytest.importorskip("faiss")
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(300, DIMENSION)).astype(np.float32)
    queries = vectors[:50] + 0.1
    settings = GallerySettings(exact_up_to=100)
    with open_gallery(tmp_path / "a", MODEL, DIMENSION, settings) as gallery:
        known = gallery.enroll_all([Enrolment(vector, 1) for vector in vectors])
        exact = gallery.identify_each(queries)
        gallery.compact()
        for one in known[60:70]:
            gallery.forget(one.identity_id)
    with open_gallery(tmp_path / "a", settings=settings) as gallery:  # with the graph, less ten, and
        later = gallery.enroll(Enrolment(rng.normal(size=DIMENSION).astype(np.float32), 2))  # one more
        assert gallery.store.check() == []
        assert gallery.identify(gallery.prototypes(later.identity_id)[0].vector).best == later.identity_id
        pairs = list(zip(gallery.identify_each(queries), exact, strict=True))
        assert all(found.score == pytest.approx(wanted.score, abs=2e-3) for found, wanted in pairs)
        assert sum(found.best == wanted.best for found, wanted in pairs) >= 49


def test_works_without_faiss(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with open_gallery(tmp_path / "a", MODEL, DIMENSION) as gallery:
        ids = enrolled(gallery, 0, 1, 2)
        assert gallery.identify(look(1)).identity_id == ids[1]
        gallery.forget(ids[1])
        assert gallery.identify(look(1)).verdict is Verdict.NEW
