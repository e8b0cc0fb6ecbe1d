"""A rig that lives in a simulated world, as people run it: composed and separate, ended by one Ctrl-C."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from mobinet_ros.msg import GroundTruthArray, IdentityArray, TrackArray
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from mobinet_ros import topics

pytest.importorskip("mujoco", reason="needs MuJoCo: pip install './mobinet[sim]'")

WORLD = """
world_version: 1
duration: 600
antialias: false
people: {anna: {path: [[4, -1.5], [4, 1.5]], mode: return, speed: 1}}
robots:
  r1:
    at: [0, 0, 0]
    cameras: {front: {mount: [0, 0, 1, 0, 0, 0], width: 64, height: 48, rate: 5}}
  r2:
    at: [0, 1, 0]
    clock: {offset_s: 0.5}
    cameras: {front: {mount: [0, 0, 1, 0, 0, 0], width: 64, height: 48, rate: 5}}
outages: [{robots: [r2], from: 500, until: 510}]
"""
RIG = """
rig_version: 1
world: yard.yaml
sim: {clock_rate: 20, odometry_rate: 10}
defaults: {detector: {model: "null"}, reid: false, overlay: false, marker: false}
"""


@pytest.fixture
def rig(tmp_path: Path, graph: Any) -> Path:
    graph.environment["ROS_LOG_DIR"] = str(tmp_path / "ros_logs")
    (tmp_path / "yard.yaml").write_text(WORLD)
    (tmp_path / "rig.yaml").write_text(RIG)
    return tmp_path / "rig.yaml"


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def stamp_s(msg: Any) -> float:
    return float(msg.header.stamp.sec + msg.header.stamp.nanosec / 1e9)


@pytest.mark.parametrize("mode", ["--composed", "--separate"])
def test_a_world_runs_and_one_signal_ends_it(graph: Any, rig: Path, mode: str) -> None:
    tracks = {robot: graph.collect(TrackArray, f"/{robot}/front/tracks") for robot in ("r1", "r2")}
    identities = graph.collect(IdentityArray, "/r1/identities")
    truth = graph.collect(GroundTruthArray, "/r1/front/truth", topics.TRUTH.qos)
    process = graph.start("mobinet.cli", "up", str(rig), mode, "--no-table")
    everything = (*tracks.values(), identities, truth)
    assert graph.spin_until(lambda: all(len(received) > 5 for received in everything), 120), graph.logs()
    # simulated time, and r2 stamps by its own clock
    assert 10_000 <= stamp_s(tracks["r1"][0]) < 10_600
    assert round(stamp_s(tracks["r2"][0]) * 10) % 2 == 1
    # the truth belongs to the same images
    assert {stamp_s(msg) for msg in truth} & {stamp_s(msg) for msg in tracks["r1"]}
    assert any(one.name == "anna" for msg in truth for one in msg.objects)
    children = children_of(process.pid)
    assert len(children) == (3 if mode == "--composed" else 7)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, graph.logs()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert "does not end" not in graph.logs()


def test_a_world_that_waits_begins_with_its_readers(graph: Any, rig: Path) -> None:
    clock = graph.collect(Clock, "/clock")
    graph.start_node("sim_node", world=str(rig.parent / "yard.yaml"), wait=120.0)
    assert graph.spin_until(lambda: ("sim_node", "/") in graph.node.get_node_names_and_namespaces(), 60), graph.logs()
    first = graph.collect(Image, "/r1/front/image_raw")
    graph.spin_for(4.0)
    assert not clock  # nobody takes the images of r2
    second = graph.collect(Image, "/r2/front/image_raw")
    assert graph.spin_until(lambda: len(first) > 2 and len(second) > 2, 60), graph.logs()
    assert min(stamp_s(msg) for msg in first) < 10_001  # from the beginning on
