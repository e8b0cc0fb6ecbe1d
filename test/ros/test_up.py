"""``mobinet up`` as people run it: real processes, one of them killed, all of them ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from mobinet_ros.msg import TrackArray
from vision_msgs.msg import Detection2DArray

from mobinet_ros.container import node_class
from mobinet_ros.parameters import BUILT_IN
from mobinet_ros.rig import LaunchSettings, load_rig, rig_node_specs
from mobinet_ros.rig.parameters import known_parameters

MODULE = "mobinet.cli"
RIG = """
rig_version: 1
defaults:
  camera: {rate: 10, loop: true, horizontal_fov_deg: 60, source: images, mount: [0, 0, 2, 0, 0.2, 0]}
  detector: {model: "null"}
  reid: false
  cooperation: false
  overlay: false
  marker: false
robots:
  r1: {pose: [0, 0, 0, 0, 0, 0], cameras: {front: {}}}
  r2: {pose: [1, 0, 0, 0, 0, 0], cameras: {front: {}}}
"""


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    """Two robots, each with a camera that shows a few grey images again and again."""
    (tmp_path / "images").mkdir()
    for index in range(4):
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), np.full((48, 64, 3), 40 * index, np.uint8))
    path = tmp_path / "rig.yaml"
    path.write_text(RIG)
    return path


def start(graph: Any, tmp_path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    graph.environment["ROS_LOG_DIR"] = str(tmp_path / "ros_logs")
    return graph.start(MODULE, "up", *arguments, "--no-table")  # type: ignore[no-any-return]


def child_of(process: subprocess.Popen[bytes], *words: str) -> int:
    """The process id of the child whose command line has these words, 0 for none."""
    for child in children_of(process):
        command = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        if set(words) <= set(command):
            return child
    return 0


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def grows(received: list[Any], by: int = 5) -> Callable[[], bool]:
    """A condition: so many more messages than now."""
    before = len(received)
    return lambda: len(received) >= before + by


@pytest.mark.parametrize(
    ("mode", "words"),
    [("--composed", ("mobinet_ros.container", "r1")), ("--separate", ("mobinet_ros.tracker_node", "__ns:=/r1"))],
)
def test_a_killed_process_comes_back_and_the_graph_works(
    graph: Any, rig: Path, tmp_path: Path, mode: str, words: tuple[str, ...]
) -> None:
    first = graph.collect(TrackArray, "/r1/front/tracks")
    second = graph.collect(TrackArray, "/r2/front/tracks")
    process = start(graph, tmp_path, str(rig), mode)
    assert graph.spin_until(lambda: len(first) > 5 and len(second) > 5, 60), graph.logs()
    killed = child_of(process, *words)
    others = set(children_of(process)) - {killed}
    os.kill(killed, signal.SIGKILL)
    assert graph.spin_until(lambda: child_of(process, *words) not in (0, killed), 20), graph.logs()
    assert graph.spin_until(grows(first), 60), graph.logs()
    assert graph.spin_until(grows(second), 10), graph.logs()
    assert others <= set(children_of(process))  # nobody else was touched


def test_killing_one_node_loses_only_its_own_output(graph: Any, rig: Path, tmp_path: Path) -> None:
    detections = graph.collect(Detection2DArray, "/r1/front/detections")
    tracks = graph.collect(TrackArray, "/r1/front/tracks")
    process = start(graph, tmp_path, str(rig), "--separate")
    assert graph.spin_until(lambda: len(tracks) > 5, 60), graph.logs()
    tracker = child_of(process, "mobinet_ros.tracker_node", "__ns:=/r1")
    os.kill(tracker, signal.SIGSTOP)  # as dead as killed, and nobody brings it back
    graph.spin_for(0.5)
    before = len(tracks)
    assert graph.spin_until(grows(detections, by=10), 20), graph.logs()
    assert len(tracks) == before
    os.kill(tracker, signal.SIGCONT)
    assert graph.spin_until(grows(tracks), 20), graph.logs()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_everything(graph: Any, rig: Path, tmp_path: Path, number: signal.Signals) -> None:
    tracks = graph.collect(TrackArray, "/r1/front/tracks")
    process = start(graph, tmp_path, str(rig))
    assert graph.spin_until(lambda: bool(tracks), 60), graph.logs()
    children = children_of(process)
    process.send_signal(number)
    assert process.wait(30) == 0
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert "does not end" not in graph.logs()


def test_cameras_that_share_a_start_show_the_same_instant(graph: Any, rig: Path, tmp_path: Path) -> None:
    stamps = {robot: graph.collect(TrackArray, f"/{robot}/front/tracks") for robot in ("r1", "r2")}
    start(graph, tmp_path, str(rig))
    assert graph.spin_until(lambda: all(len(received) > 10 for received in stamps.values()), 60), graph.logs()
    seen = [{(m.header.stamp.sec, m.header.stamp.nanosec) for m in received} for received in stamps.values()]
    assert len(seen[0] & seen[1]) > 5


def test_the_namespace_and_the_parameter_file_are_obeyed(graph: Any, rig: Path, tmp_path: Path) -> None:
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text('"/**":\n  ros__parameters:\n    autostart: false\n')
    process = start(graph, tmp_path, str(rig), "--namespace", "fleet", "--params-file", str(parameters))
    assert graph.spin_until(
        lambda: ("camera_node", "/fleet/r1/front") in graph.node.get_node_names_and_namespaces(), 60
    ), graph.logs()
    tracks = graph.collect(TrackArray, "/fleet/r1/front/tracks")
    graph.spin_for(2.0)
    assert process.poll() is None
    assert not tracks  # nobody activated the nodes


def test_a_wrong_rig_ends_at_once_with_one_clear_line(graph: Any, rig: Path, tmp_path: Path) -> None:
    rig.write_text(RIG.replace("horizontal_fov_deg", "horizontal_fov"))
    process = start(graph, tmp_path, str(rig))
    assert process.wait(60) == 2
    assert "rig.yaml:4: camera: unknown key 'horizontal_fov'; known: " in graph.logs()
    assert "Traceback" not in graph.logs()


def test_a_missing_parameter_file_is_refused(graph: Any, rig: Path, tmp_path: Path) -> None:
    process = start(graph, tmp_path, str(rig), "--params-file", str(tmp_path / "absent.yaml"))
    assert process.wait(60) == 2
    assert "absent.yaml' does not exist" in graph.logs()


FULL_RIG = """
rig_version: 1
robots:
  r1: {pose: [0, 0, 0, 0, 0, 0], cameras: {front: {source: images, rate: 5, mount: [0, 0, 1, 0, 0, 0]}}}
"""


def test_rig_and_nodes_know_the_same_parameters(rig: Path, domain: int) -> None:
    """A stage's keys in the rig are those that its node declares, and what the rig gives no node calls misspelt."""
    rig.write_text(FULL_RIG)
    rclpy.init(args=[], domain_id=domain)
    try:
        for spec in rig_node_specs(load_rig(rig), LaunchSettings(view="rerun", start_time_ns=1, use_sim_time=True)):
            node = node_class(spec.executable)(cli_args=spec.ros_arguments())
            try:
                assert node.parameters.misspelt() == []
                stage = spec.executable.removesuffix("_node")
                declared = {name for name in node.list_parameters([], 0).names if not name.startswith(BUILT_IN)}
                if stage != "static_tf":  # made by the rig, not set in it
                    assert declared == known_parameters(stage), stage
            finally:
                node.close()
    finally:
        rclpy.shutdown()
