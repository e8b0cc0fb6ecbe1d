"""A gallery over the middleware: recognitions of tracks, services, restarts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from mobinet_ros.msg import Appearance as AppearanceMsg
from mobinet_ros.msg import GalleryStatus, Recognition, TrackKey
from mobinet_ros.srv import Enroll, Forget, Identify, Merge, Search, Split

from mobinet.reid.gallery import open_gallery
from mobinet.types import Appearance, Track, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import appearances_to_msg, make_header, tracks_to_msg
from mobinet_ros.image_conversions import ImageMessageFactory

MODEL, DIMENSION = "net:0123456789ab", 8
NODE = "/r1/gallery_node"


def look(place: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[place]


def view(place: int) -> AppearanceMsg:
    return AppearanceMsg(embedding=look(place), quality=1.0)


@pytest.fixture
def show(graph):
    """Publishes descriptions of tracks, {track id: place}, until recognitions of the last image came."""
    tracks = graph.node.create_publisher(topics.TRACKS.type, "/r1/front/tracks", topics.TRACKS.qos)
    described = graph.node.create_publisher(topics.APPEARANCES.type, "/r1/front/appearances", topics.APPEARANCES.qos)
    recognitions = graph.collect(topics.RECOGNITIONS.type, "/r1/front/recognitions")
    stamps = iter(range(1, 10000))

    def publish(seen: dict[int, int], model: str = MODEL):
        header = make_header(next(stamps) * 10**9, "r1/front_optical")
        box, still = np.array([0, 0, 9, 9], np.float32), np.zeros(2, np.float32)
        listed = [Track(i, box, 0.9, "person", TrackState.CONFIRMED, still, 1, 1, 0) for i in seen]
        tracks.publish(tracks_to_msg(listed, header))
        looks = [Appearance(i, look(place), 0.9) for i, place in seen.items()]
        described.publish(appearances_to_msg(looks, model, header))
        graph.spin_for(0.1)
        return header

    def show_until(seen: dict[int, int]):
        def complete() -> bool:
            header = publish(seen)
            found = [message for message in recognitions if message.header == header]
            return bool(found) and len(found[0].recognitions) == len(seen)

        assert graph.spin_until(complete), graph.logs()
        return {int(one.track.track_id): one for one in recognitions[-1].recognitions}

    show_until.once = publish
    return show_until


def start(graph, tmp_path, **parameters):
    return graph.start_node(
        "gallery_node", "/r1", cameras="[front]", gallery=tmp_path / "{robot}.gallery", decide_after=2, **parameters
    )


def test_tracks_are_enrolled_and_known_after_a_restart(graph, tmp_path, show):
    process = start(graph, tmp_path, enroll="confirmed")
    first = show({1: 0, 2: 3})
    known = show({1: 0, 2: 3})
    assert {one.verdict for one in known.values()} == {Recognition.KNOWN}
    assert len({one.id for one in known.values()}) == 2
    assert known[1].track == TrackKey(robot="r1", camera="front", track_id="1")
    # what was NEW was told with the id that it got
    assert {one.id for one in first.values()} <= {one.id for one in known.values()}
    process.kill()
    process.wait()
    start(graph, tmp_path, enroll="confirmed")
    again = show({7: 3, 8: 0})
    assert (again[7].id, again[8].id) == (known[2].id, known[1].id)
    hits = graph.call(Search, f"{NODE}/search", Search.Request()).hits
    assert {hit.identity.id for hit in hits} == {one.id for one in known.values()}
    assert {hit.identity.class_id for hit in hits} == {"person"}


def test_pictures_are_kept_where_asked_for(graph, tmp_path):
    start(graph, tmp_path, enroll="confirmed", thumbnails=True)
    publishers = {
        topic: graph.node.create_publisher(topic.type, f"/r1/front/{topic.name}", topic.qos)
        for topic in (topics.IMAGE, topics.TRACKS, topics.APPEARANCES)
    }
    recognitions = graph.collect(topics.RECOGNITIONS.type, "/r1/front/recognitions")
    image = np.zeros((60, 80, 3), np.uint8)
    image[10:40, 20:50] = (0, 0, 255)  # the object, red
    stamps = iter(range(1, 5000))

    def known() -> bool:
        header = make_header(next(stamps) * 10**9, "r1/front_optical")
        box, still = np.array([20, 10, 50, 40], np.float32), np.zeros(2, np.float32)
        publishers[topics.IMAGE].publish(ImageMessageFactory().fill(image, header))
        graph.spin_for(0.1)
        track = Track(1, box, 0.9, "car", TrackState.CONFIRMED, still, 1, 1, 0)
        publishers[topics.TRACKS].publish(tracks_to_msg([track], header))
        graph.spin_for(0.1)
        publishers[topics.APPEARANCES].publish(appearances_to_msg([Appearance(1, look(0), 0.9)], MODEL, header))
        graph.spin_for(0.1)
        return any(one.verdict == Recognition.KNOWN for message in recognitions for one in message.recognitions)

    assert graph.spin_until(known), graph.logs()
    with open_gallery(tmp_path / "r1.gallery", read_only=True) as gallery:
        jpeg = gallery.thumbnail(next(gallery.identities()).identity_id)
    assert jpeg is not None
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (30, 30, 3)
    np.testing.assert_allclose(picture.mean(axis=(0, 1)), (0, 0, 255), atol=8)


def test_services(graph, tmp_path, show):
    start(graph, tmp_path)

    def enroll(place: int, **fields) -> Enroll.Response:
        return graph.call(Enroll, f"{NODE}/enroll", Enroll.Request(views=[view(place)], model=MODEL, **fields))

    def identify(place: int) -> Recognition:
        request = Identify.Request(views=[view(place)], model=MODEL)
        return graph.call(Identify, f"{NODE}/identify", request).recognition

    anna, bert = enroll(0, label="anna").identity, enroll(3).identity
    assert (anna.views, anna.label, bert.label) == (1, "anna", "")
    assert (identify(0).verdict, identify(0).id) == (Recognition.KNOWN, anna.id)
    assert identify(5).verdict == Recognition.NEW
    merged = graph.call(Merge, f"{NODE}/merge", Merge.Request(first="anna", second=bert.id)).identity
    assert (merged.id, list(merged.aliases), merged.views) == (anna.id, [bert.id], 2)
    assert list(identify(3).aliases) == [bert.id]
    split = graph.call(Split, f"{NODE}/split", Split.Request(alias=bert.id))
    assert (split.remaining.id, split.split_off.id) == (anna.id, bert.id)
    hits = graph.call(Search, f"{NODE}/search", Search.Request(views=[view(3)], model=MODEL, count=1)).hits
    assert [hit.identity.id for hit in hits] == [bert.id]
    # nobody is enrolled unasked; a live track can be
    assert show({4: 6})[4].verdict == Recognition.NEW
    track = TrackKey(camera="front", track_id="4")
    cora = graph.call(Enroll, f"{NODE}/enroll", Enroll.Request(track=track, label="cora"))
    assert cora.status.code == GalleryStatus.OK
    assert show({4: 6})[4].label == "cora"
    gone = graph.call(Forget, f"{NODE}/forget", Forget.Request(id="anna"))
    assert (gone.status.code, list(gone.ids), gone.views) == (GalleryStatus.OK, [anna.id], 1)
    assert identify(0).verdict == Recognition.NEW


def test_is_let_go_of_and_taken_up_again(graph, tmp_path):
    start(graph, tmp_path)
    request = Enroll.Request(views=[view(0)], model=MODEL, label="anna")
    known = graph.call(Enroll, f"{NODE}/enroll", request).identity.id
    assert graph.change_state(NODE, Transition.TRANSITION_DEACTIVATE)
    inactive = graph.call(Forget, f"{NODE}/forget", Forget.Request(id="anna"))
    assert (inactive.status.code, "not active" in inactive.status.message) == (GalleryStatus.FAILED, True)
    assert graph.change_state(NODE, Transition.TRANSITION_CLEANUP)
    # the file is free now
    with open_gallery(tmp_path / "r1.gallery") as gallery:
        gallery.rename(known, label="bert")
    assert graph.change_state(NODE, Transition.TRANSITION_CONFIGURE)
    assert graph.change_state(NODE, Transition.TRANSITION_ACTIVATE)
    found = graph.call(Identify, f"{NODE}/identify", Identify.Request(views=[view(0)], model=MODEL))
    assert (found.recognition.id, found.recognition.label) == (known, "bert")


def test_says_what_is_wrong(graph, tmp_path, show):
    start(graph, tmp_path)
    said = graph.said_by(NODE)

    def status(kind: type, name: str, request: object) -> GalleryStatus:
        return graph.call(kind, f"{NODE}/{name}", request).status

    empty = status(Forget, "forget", Forget.Request(id="anna"))
    assert (empty.code, "not open yet" in empty.message) == (GalleryStatus.FAILED, True)
    assert status(Enroll, "enroll", Enroll.Request(views=[view(0)], model=MODEL)).code == GalleryStatus.OK
    assert status(Forget, "forget", Forget.Request(id="anna")).code == GalleryStatus.UNKNOWN_ID
    short = AppearanceMsg(embedding=look(0)[:4], quality=1.0)
    assert status(Identify, "identify", Identify.Request(views=[short], model=MODEL)).code == GalleryStatus.BAD_INPUT
    zero = AppearanceMsg(embedding=0 * look(0), quality=1.0)
    assert status(Identify, "identify", Identify.Request(views=[zero], model=MODEL)).code == GalleryStatus.BAD_INPUT
    assert status(Identify, "identify", Identify.Request(model=MODEL)).code == GalleryStatus.BAD_INPUT
    other = status(Identify, "identify", Identify.Request(views=[view(0)], model="net:swapped"))
    assert (other.code, MODEL in other.message) == (GalleryStatus.OTHER_NETWORK, True)
    track = TrackKey(camera="front", track_id="99")
    assert status(Identify, "identify", Identify.Request(track=track)).code == GalleryStatus.BAD_INPUT
    show.once({1: 0}, model="net:swapped")
    assert graph.spin_until(lambda: any("net:swapped" in line for line in said())), graph.logs()
