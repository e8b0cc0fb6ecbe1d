"""``mobinet demo``: its rigs, what it counts, and the whole of it in a simulated world and on the recording."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mobinet_ros.msg import IdentityArray

from mobinet.errors import SettingsError, SourceError
from mobinet.recordings.sources import SourceSettings, open_source
from mobinet_ros.rig import load_rig
from mobinet_ros.running.demo import chosen_rig, default_data_folder, free_port, introduction, recorded_rig
from mobinet_ros.running.demo_rig import write_video_rig
from mobinet_ros.running.demo_world import bounds_of_world, truth_of
from mobinet_ros.running.summary import ClockSummary, RunSummary
from mobinet_ros.running.truth_summary import TrueBox

CAMERAS = [("r1", "front"), ("r2", "front")]


def test_without_recordings_it_says_what_is_missing_and_that_any_video_does(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"FastestDet\.onnx.*MOBINET_DATA=DIR.*make demo VIDEO=path"):
        recorded_rig(tmp_path)


@pytest.mark.parametrize("size", [(320, 240), (642, 122)])
def test_any_video_makes_a_rig_of_three_overlapping_moving_windows(tmp_path: Path, size: tuple[int, int]) -> None:
    video = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10, size)
    for level in (0, 90, 180):
        writer.write(np.full((size[1], size[0], 3), level, np.uint8))
    writer.release()
    rig = load_rig(write_video_rig(video, tmp_path / "run"))
    assert [robot.name for robot in rig.robots] == ["r1", "r2", "r3"]
    for robot in rig.robots:
        parameters = dict(robot.cameras[0].parameters)
        del parameters["horizontal_fov_deg"]
        source = open_source(SourceSettings(source=robot.cameras[0].source, **parameters))  # the windows stay inside
        assert source.size == (int(size[0] * 0.6), int(size[1] * 0.85))
        source.close()


def test_a_video_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="absent"):
        write_video_rig(tmp_path / "absent.mp4", tmp_path)


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_summary_counts_images_tracks_rates_and_ages() -> None:
    summary = RunSummary(CAMERAS)
    for index in range(11):
        stamp_ns = index * 100_000_000
        summary.add_detections(("r1", "front"), 2)
        summary.add_tracks(("r1", "front"), stamp_ns, stamp_ns + 30_000_000, ["1", "2"] if index else ["1"])
    camera = summary.cameras["r1", "front"]
    assert (camera.images, camera.detections, len(camera.tracks)) == (11, 22, 2)
    assert camera.rate_hz() == pytest.approx(10.0)
    assert camera.age_ms(50) == pytest.approx(30.0)
    assert not summary.worked  # r2 delivered nothing
    assert summary.lines()[2].split() == ["r2/front", "0", "0", "0", "0.0", "-", "-"]


def test_robots_agree_where_both_hold_a_track_for_the_same_identity() -> None:
    summary = RunSummary(CAMERAS)
    first, second, own = ("r1", "front", "1"), ("r2", "front", "1"), ("r1", "front", "2")
    summary.add_identities("r1", {"a": [first, second], "b": [own]})
    summary.add_identities("r2", {"a": [first], "c": [second]})  # r2 holds its own track for somebody else
    assert (summary.compared, summary.equal) == (2, 1)
    assert summary.shared == {"a"}
    assert "agree on 50.0 %" in summary.lines()[-1]


def test_robots_that_do_not_hear_each_other_are_told_so() -> None:
    summary = RunSummary(CAMERAS)
    summary.add_identities("r1", {"a": [("r1", "front", "1")]})
    summary.add_identities("r2", {"b": [("r2", "front", "1")]})
    assert "they did not hear each other" in summary.lines()[-1]


def test_recordings_are_looked_for_beside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOBINET_DATA", raising=False)
    assert default_data_folder() == Path(__file__).resolve().parents[3] / "shared" / "data"


def test_nobody_in_sight_is_no_failure() -> None:
    summary = RunSummary(CAMERAS)
    for robot, camera in CAMERAS:
        summary.add_tracks((robot, camera), 0, 1, [])
        summary.add_identities(robot, {})
    assert summary.worked
    assert "nothing was tracked" in summary.lines()[-1]


WORLD = """
world_version: 1
duration: 60
antialias: false
people:
  anna: {path: [[4, 4.2], [-4, 4.3]], speed: 0.6, mode: return, shirt: red}
  bert: {path: [[-3, 5.4], [3, 5.2]], speed: 0.7, mode: return, shirt: blue}
robots:
  r1: {at: [-1, 0, 90], cameras: {front: {mount: [0, 0, 1.2, 0, 0, 0], width: 320, height: 240, rate: 5}}}
  r2: {at: [1, 0, 90], cameras: {front: {mount: [0, 0, 1.2, 0, 0, 0], width: 320, height: 240, rate: 5}}}
"""
RIG = """
rig_version: 1
world: yard.yaml
sim: {loop: true, clock_rate: 20, odometry_rate: 10}
defaults: {detector: {model: street-detector}, overlay: false, marker: false}
"""


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    (tmp_path / "yard.yaml").write_text(WORLD)
    (tmp_path / "rig.yaml").write_text(RIG)
    return tmp_path / "rig.yaml"


def test_two_robots_in_a_world_are_judged_against_the_truth(graph: Any, yard: Path, tmp_path: Path) -> None:
    pytest.importorskip("mujoco", reason="needs MuJoCo: pip install './mobinet[sim]'")
    pytest.importorskip("trackeval", reason="needs TrackEval")
    graph.environment["ROS_LOG_DIR"] = str(tmp_path / "ros_logs")
    figures = tmp_path / "figures.json"
    options = ("--world", str(yard), "--view", "none", "--no-table", "--duration", "12", "--json", str(figures))
    process = graph.start("mobinet.cli", "demo", *options)
    graph.spin_until(lambda: process.poll() is not None, 120)  # it ends with its world, or by its own bound
    assert process.poll() == 0, graph.logs()
    said, text = json.loads(figures.read_text()), graph.logs()
    assert set(said["cameras"]) == {"r1/front", "r2/front"}
    for camera in said["cameras"].values():
        assert camera["images"] > 10
        assert 0.1 < camera["hota"] <= 1, text
    assert 0 < said["idf1"] <= 1
    assert said["realtime_factor"] > 0
    assert "against the truth" in text
    assert "identities over all cameras: IDF1" in text


def test_the_world_ends_when_it_was_asked_to(yard: Path) -> None:
    arguments = argparse.Namespace(video=None, recorded=False, data=None, world=str(yard), speed=0.5, duration=12.0)
    rig = chosen_rig(arguments, yard.parent)
    assert (rig.sim["duration"], rig.sim["loop"], rig.sim["speed"]) == (12.0, False, 0.5)
    clock = ClockSummary()
    bounds = bounds_of_world(rig, 12.0, clock)
    clock.add(10_011_000_000_000, 0)
    assert not bounds["ended"]()
    clock.add(10_011_900_000_000, 0)
    assert bounds["ended"]()
    assert 24 < bounds["duration_s"] < 72  # where simulated time is slower than that


def test_without_a_bound_the_world_begins_again_and_again(yard: Path) -> None:
    arguments = argparse.Namespace(video=None, recorded=False, data=None, world=str(yard), speed=None, duration=0.0)
    rig = chosen_rig(arguments, yard.parent)
    clock = ClockSummary()
    bounds = bounds_of_world(rig, 0.0, clock)
    clock.add(10**15, 0)
    assert rig.sim["loop"] is True
    assert bounds["duration_s"] == 0.0
    assert not bounds["ended"]()


def test_the_demonstration_is_a_world_unless_told_otherwise(tmp_path: Path) -> None:
    arguments = argparse.Namespace(video=None, recorded=False, data=None, world="demo", speed=None, duration=0.0)
    rig = chosen_rig(arguments, tmp_path)
    assert [robot.name for robot in rig.robots] == ["r1", "r2"]
    assert "simulated world 'patrol'" in introduction(rig, 5.0)


def test_only_classes_that_are_looked_for_are_judged(yard: Path) -> None:
    yard.write_text(RIG.replace("street-detector", "street-detector, classes: [person]"))
    truth = truth_of(load_rig(yard))
    anna = TrueBox("anna", "person", (0.0, 0.0, 40.0, 80.0), 1.0)
    van = TrueBox("van", "car", (100.0, 0.0, 200.0, 80.0), 1.0)
    truth.add_truth(("r1", "front"), 0, [anna, van])
    truth.add_tracks(("r1", "front"), 0, [])
    scores = truth.scores()
    assert scores is not None
    assert scores.cameras["r1/front"].fn == 1  # nobody looks for the van


def test_three_robots_agree_on_the_recording(graph: Any, data_dir: Path, tmp_path: Path) -> None:
    graph.environment["ROS_LOG_DIR"] = str(tmp_path / "ros_logs")
    received = [graph.collect(IdentityArray, f"/{robot}/identities") for robot in ("r1", "r2", "r3")]
    process = graph.start(
        "mobinet.cli", "demo", "--data", str(data_dir), "--view", "none", "--no-table", "--duration", "90"
    )

    def all_see_somebody_together() -> bool:
        newest = [messages[-1].identities if messages else [] for messages in received]
        return all(any(len({key.robot for key in row.tracks}) > 1 for row in rows) for rows in newest)

    assert graph.spin_until(all_see_somebody_together, 80), graph.logs()
    graph.spin_for(5.0)  # the command's own observer may have been found later than ours
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) == 0, graph.logs()
    text = graph.logs()
    for name in ("r1/front", "r2/front", "r3/front", "the robots agree on"):
        assert name in text
