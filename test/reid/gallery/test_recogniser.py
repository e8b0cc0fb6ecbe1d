"""When a track is recognised, and what the gallery learns from it."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.reid.gallery import Enrolment, GallerySettings, Verdict, open_gallery
from mobinet.reid.gallery.recogniser import RecogniserSettings, TrackRecogniser
from mobinet.types import Appearance

from .looks import DIMENSION, MODEL, look

SECOND = 10**9


@pytest.fixture
def gallery(tmp_path):
    with open_gallery(tmp_path / "a", MODEL, DIMENSION, GallerySettings()) as opened:
        yield opened


def recogniser(gallery, **settings):
    return TrackRecogniser(gallery, RecogniserSettings(**{"decide_after": 2, **settings}))


def seen(track_id: int, vector: np.ndarray, quality: float = 0.9) -> Appearance:
    return Appearance(track_id, vector, quality)


def test_nothing_is_said_before_it_was_seen_often_enough(gallery):
    known = gallery.enroll(Enrolment(look(0), 1)).identity_id
    one = recogniser(gallery, decide_after=3)
    looks = [look(0), look(0), look(0, 0.7), look(0), look(0), look(0)]  # the third is unsure: it begins again
    said = [one.recognise([seen(5, vector)], i * SECOND) for i, vector in enumerate(looks)]
    assert [len(now) for now in said] == [0, 0, 0, 0, 0, 1]
    assert (said[-1][0].track_id, said[-1][0].known.identity_id) == (5, known)


def test_poor_views_are_not_looked_at(gallery):
    one = recogniser(gallery, decide_after=1)
    assert one.recognise([seen(1, look(0), 0.1)], 0) == []
    assert len(one.recognise([seen(1, look(0), 0.5)], 0)) == 1


@pytest.mark.parametrize(("policy", "count"), [("never", 0), ("asked", 0), ("confirmed", 1)])
def test_who_is_new_is_enrolled_as_the_policy_says(gallery, policy, count):
    one = recogniser(gallery, enroll=policy)
    for step in range(4):
        said = one.recognise([seen(1, look(0))], step * SECOND, {1: "person"})
    assert len(gallery) == count == one.enrolled
    assert said[0].match.verdict is (Verdict.KNOWN if count else Verdict.NEW)
    if count:
        assert said[0].known.class_name == "person"


def test_who_is_new_but_seen_poorly_is_not_enrolled(gallery):
    one = recogniser(gallery, enroll="confirmed")
    for step in range(4):
        one.recognise([seen(1, look(0), 0.5)], step * SECOND)
    assert len(gallery) == 0


def test_a_new_one_is_told_with_the_id_it_got(gallery):
    one = recogniser(gallery, enroll="confirmed")
    one.recognise([seen(1, look(0))], 0)
    (said,) = one.recognise([seen(1, look(0))], SECOND)
    assert said.match.verdict is Verdict.NEW
    assert said.known == next(gallery.identities())


def test_a_track_adds_to_its_identity_now_and_then(gallery):
    known = gallery.enroll(Enrolment(look(0), 1)).identity_id
    one = recogniser(gallery, decide_after=1, learn_every_s=5.0)
    for step in range(12):
        one.recognise([seen(1, look(0, 0.05))], step * SECOND)
    assert one.learnt == 3  # at 0, 5 and 10 seconds
    assert gallery.find(known).observations == 4
    assert gallery.find(known).last_seen_ns == 10 * SECOND


@pytest.mark.parametrize("settings", [{"learn_every_s": 0.0}, {"enroll": "never"}])
def test_a_track_adds_nothing_where_it_shall_not(gallery, settings):
    gallery.enroll(Enrolment(look(0), 1))
    one = recogniser(gallery, decide_after=1, **settings)
    one.recognise([seen(1, look(0))], 0)
    assert one.learnt == 0


def test_nobody_is_in_one_image_twice(gallery):
    known = gallery.enroll(Enrolment(look(0), 1)).identity_id
    one = recogniser(gallery, decide_after=1)
    said = one.recognise([seen(1, look(0, 0.3)), seen(2, look(0))], 0)
    assert {s.track_id: s.match.verdict for s in said} == {1: Verdict.UNSURE, 2: Verdict.KNOWN}
    assert said[1].known.identity_id == known


def test_forgets_tracks(gallery):
    one = recogniser(gallery, max_tracks=2)
    one.recognise([seen(track, look(track)) for track in (1, 2, 3)], 0)
    assert one.appearance(1) is None
    assert one.appearance(3).embedding.tolist() == look(3).tolist()
    one.forget([3, 99])
    assert one.appearance(3) is None
    one.reset()
    assert one.appearance(2) is None


def test_says_nobody_of_somebody_forgotten_meanwhile(gallery):
    known = gallery.enroll(Enrolment(look(0), 1)).identity_id
    one = recogniser(gallery, decide_after=1, learn_every_s=0.0)
    assert one.recognise([seen(1, look(0))], 0)[0].known.identity_id == known
    gallery.forget(known)
    assert one.recognise([seen(1, look(0))], 1)[0].match.verdict is Verdict.NEW
