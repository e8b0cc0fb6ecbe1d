"""Two robots, each with a node of its own, and what they agree on."""

from __future__ import annotations

import time

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from mobinet_ros.msg import Envelope
from tf2_msgs.msg import TFMessage

from mobinet.camera import CameraModel
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.types import Track, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import (
    make_header,
    model_to_camera_info,
    stamp_to_ns,
    tracks_to_msg,
    transform_to_msg,
)

MODEL = CameraModel.pinhole(640, 480, 1.2)
# two cameras 3 m above the ground that look down at the same place from opposite sides
POSES = {
    "r1": Transform.from_euler(0, 0.5, 0, np.array([0.0, 0.0, 3.0])),
    "r2": Transform.from_euler(0, 0.5, np.pi, np.array([10.0, 0.0, 3.0])),
}
CAMERA2MAP = {robot: pose @ OPTICAL2BODY for robot, pose in POSES.items()}


class Robot:
    """What a cooperation node hears from its robot: intrinsics, tracks, and where the camera is."""

    def __init__(self, graph, name, **parameters):
        self.graph, self.name = graph, name
        self.frame = f"{name}/front_optical"
        graph.start_node("cooperation_node", f"/{name}", robot=name, cameras="[front]", **parameters)
        make = graph.node.create_publisher
        self.tracks = make(topics.TRACKS.type, f"/{name}/front/tracks", topics.TRACKS.qos)
        self.infos = make(topics.CAMERA_INFO.type, f"/{name}/front/camera_info", topics.CAMERA_INFO.qos)
        self.identities = graph.collect(topics.IDENTITIES.type, f"/{name}/identities")
        self.sightings = graph.collect(topics.SIGHTINGS.type, f"/{name}/sightings")

    def see(self, stamp_ns, *points, first_id=1):
        """Publishes tracks of people that stand at these map points."""
        header = make_header(stamp_ns, self.frame)
        self.infos.publish(model_to_camera_info(MODEL, header))
        feet = MODEL.project(CAMERA2MAP[self.name].inverse().apply(np.array([(x, y, 0.0) for x, y in points])))
        tracks = [
            Track(
                track_id=first_id + i,
                box=np.array([u - 15, v - 80, u + 15, v], np.float32),
                score=0.9,
                class_name="person",
                state=TrackState.CONFIRMED,
                velocity=np.zeros(2, np.float32),
                first_stamp_ns=stamp_ns - 10**9,
                last_stamp_ns=stamp_ns,
                detection_index=i,
            )
            for i, (u, v) in enumerate(feet)
        ]
        self.tracks.publish(tracks_to_msg(tracks, header))

    def map(self):
        """The newest identities: id -> robots whose tracks show it."""
        newest = self.identities[-1].identities if self.identities else []
        return {i.id: {k.robot for k in i.tracks} for i in newest}


@pytest.fixture
def pair(graph):
    """Two robots whose transforms are known."""
    latched = graph.node.create_publisher(TFMessage, "/tf_static", topics.TF_STATIC.qos)
    rows = [transform_to_msg(pose, "map", f"{robot}/front_optical", 1) for robot, pose in CAMERA2MAP.items()]
    latched.publish(TFMessage(transforms=rows))
    robots = Robot(graph, "r1"), Robot(graph, "r2")
    # the first version does not repeat what was said before the others listened: wait until they do
    node, peers = graph.node, topics.PEERS.name
    assert graph.spin_until(lambda: node.count_subscribers(peers) == 2 and node.count_publishers(peers) == 2)
    graph.spin_for(2.0)
    return robots


def look(graph, robots, points, until, start_ns=None, timeout_s=30):
    """All robots see the points ten times a second until the condition holds."""
    end = time.monotonic() + timeout_s
    begun = time.time_ns()
    while time.monotonic() < end:
        now = time.time_ns()
        for robot in robots:
            robot.see(now if start_ns is None else start_ns + now - begun, *points)
        if graph.spin_until(until, 0.1):
            return True
    return False


def test_two_robots_agree_without_a_server(graph, pair):
    people = [(5.0, 1.0), (5.0, -1.5)]

    def agreed():
        first, second = (robot.map() for robot in pair)
        return first == second and len(first) == 2 and all(seen == {"r1", "r2"} for seen in first.values())

    assert look(graph, pair, people, agreed), (pair[0].map(), pair[1].map(), graph.logs())
    positions = sorted((i.position.y, i.position.x) for i in pair[0].identities[-1].identities)
    np.testing.assert_allclose(positions, sorted((y, x) for x, y in people), atol=0.2)
    assert pair[0].identities[-1].header.frame_id == "map"
    sighting = pair[0].sightings[-1].sightings[0]
    assert (sighting.robot, sighting.camera) == ("r1", "front")


def test_robot_that_falls_silent_leaves_the_other_its_map(graph, pair):
    people = [(5.0, 1.0)]
    assert look(graph, pair, people, lambda: any(len(s) == 2 for s in pair[0].map().values())), graph.logs()
    (identity,) = pair[0].map()
    # r2 says nothing any more: the identity stays, shown by r1 alone
    assert look(graph, pair[:1], people, lambda: pair[0].map() == {identity: {"r1"}}), pair[0].map()


APART_S = (5.0, 12.0)
APART = f"""
world_version: 1
duration: 60
robots:
  r1: &robot
    at: [0, 0, 0]
    cameras:
      top: {{mount: [0, 0, 1, 0, 0, 0], width: 32, height: 24, horizontal_fov_deg: 70, rate: 1}}
  r2: *robot
outages:
  - {{robots: [r2], from: {APART_S[0]}, until: {APART_S[1]}}}
"""


def test_robots_that_lose_contact_find_each_other_again(graph, drawing, tmp_path):
    path = tmp_path / "apart.yaml"
    path.write_text(APART)
    latched = graph.node.create_publisher(TFMessage, "/tf_static", topics.TF_STATIC.qos)
    rows = [transform_to_msg(pose, "map", f"{robot}/front_optical", 1) for robot, pose in CAMERA2MAP.items()]
    latched.publish(TFMessage(transforms=rows))
    robots = [Robot(graph, name, peers_topic=f"/{name}/radio") for name in ("r1", "r2")]
    graph.start_node("sim_node", world=path, autostart=False)
    assert graph.change_state("/sim_node", Transition.TRANSITION_CONFIGURE), graph.logs()
    clock = graph.collect(topics.CLOCK.type, "/clock")
    radios = [f"/{robot.name}/radio" for robot in robots]
    assert graph.spin_until(lambda: all(graph.node.count_subscribers(name) == 2 for name in radios)), graph.logs()
    graph.spin_for(1.0)
    assert graph.change_state("/sim_node", Transition.TRANSITION_ACTIVATE), graph.logs()

    def now_s():
        return stamp_to_ns(clock[-1].clock) / 1e9 - 10_000 if clock else 0.0

    def seen_by(*names):
        return all(list(robot.map().values()) == [set(names or {robot.name})] for robot in robots)

    people = [(5.0, 1.0)]
    assert look(graph, robots, people, lambda: seen_by("r1", "r2")), graph.logs()
    assert now_s() < APART_S[1]
    # each goes on with what it sees itself
    assert look(graph, robots, people, seen_by), (now_s(), graph.logs())
    assert APART_S[0] < now_s() < APART_S[1]
    assert look(graph, robots, people, lambda: seen_by("r1", "r2")), (now_s(), graph.logs())
    assert now_s() >= APART_S[1]


def test_replay_that_starts_again_begins_a_new_map(graph, pair):
    people = [(5.0, 1.0)]
    assert look(graph, pair, people, lambda: any(len(s) == 2 for s in pair[0].map().values())), graph.logs()
    old = set(pair[0].map())
    hour_ago = time.time_ns() - 3600 * 10**9
    sightings = pair[0].sightings
    sightings.clear()
    assert look(graph, pair[:1], people, lambda: bool(sightings), start_ns=hour_ago)
    assert graph.spin_until(lambda: not old & set(pair[0].map()))
    assert "jumped back" in graph.logs()


def test_missing_transform_is_named(graph):
    robot = Robot(graph, "r1")
    said = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")

    def named():
        return any("frame 'map' is unknown" in s.message for m in said for s in m.status)

    assert look(graph, [robot], [(5.0, 1.0)], named), graph.logs()
    assert robot.sightings == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"protocol": 9}, "protocol"),
        ({"payload": list(b"nonsense")}, "r9"),
        ({"robot": "r1"}, "r1"),  # another robot with this one's name
    ],
)
def test_foreign_envelope_is_refused_and_reported(graph, changes, named):
    robot = Robot(graph, "r1")
    said = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")
    peers = graph.node.create_publisher(topics.PEERS.type, topics.PEERS.name, topics.PEERS.qos)
    envelope = {"protocol": 1, "robot": "r9", "boot_id": 5, "seq": 0, "payload": list(b"\x01")}
    numbers = iter(range(10_000))

    def refused():
        peers.publish(Envelope(**{**envelope, **changes, "seq": next(numbers)}))
        return any(v.key.startswith("refused_") for m in said for s in m.status for v in s.values)

    assert graph.spin_until(refused), graph.logs()
    assert graph.spin_until(lambda: any(named in s.message for m in said for s in m.status))
    assert robot.map() == {}
