"""The launch file, where ros2 launch is installed: its arguments, and a rig that runs and ends."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

launch = pytest.importorskip("launch", reason="needs a ROS distribution: launch is not on PyPI")
launch_ros = pytest.importorskip("launch_ros", reason="needs a ROS distribution: launch_ros is not on PyPI")
if not hasattr(launch, "LaunchService"):
    pytest.skip("the package 'launch' of PyPI is another project", allow_module_level=True)

from mobinet_ros.msg import TrackArray  # noqa: E402

from mobinet_ros.environment import share_path  # noqa: E402  behind the guards

NAV2_ARGUMENTS = {"rig", "namespace", "use_sim_time", "params_file", "autostart", "composed", "log_level", "rviz"}
RIG = """
rig_version: 1
defaults: {detector: {model: "null"}, reid: false, cooperation: false, overlay: false, marker: false}
robots:
  r1: {cameras: {front: {source: images, rate: 10, loop: true}}}
"""
RUNNER = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
path, *arguments = sys.argv[1:]
pairs = [tuple(argument.split(":=", 1)) for argument in arguments]
service = LaunchService(argv=[])
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=pairs)])
)
sys.exit(service.run())
"""


@pytest.fixture
def launch_file() -> Path:
    return share_path("launch/multi_cam.launch.py")


@pytest.fixture
def description(launch_file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("multi_cam_launch", launch_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def test_it_takes_nav2_s_arguments_and_describes_them(description: Any) -> None:
    arguments = {argument.name: argument for argument in description.get_launch_arguments()}
    assert set(arguments) == NAV2_ARGUMENTS
    assert all(argument.description for argument in arguments.values())


@pytest.mark.parametrize("composed", ["true", "false"])
def test_a_rig_runs_and_ends(graph: Any, launch_file: Path, tmp_path: Path, composed: str) -> None:
    (tmp_path / "images").mkdir()
    for index in range(3):
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), np.full((48, 64, 3), 50 * index, np.uint8))
    (tmp_path / "rig.yaml").write_text(RIG)
    environment = {**graph.environment, "ROS_LOG_DIR": str(tmp_path / "ros_logs")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    tracks = graph.collect(TrackArray, "/fleet/r1/front/tracks")
    arguments = [f"rig:={tmp_path / 'rig.yaml'}", f"composed:={composed}", "namespace:=fleet"]
    with (tmp_path / "launch.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(launch_file), *arguments],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    graph.processes.append(process)
    assert graph.spin_until(lambda: len(tracks) > 5, 60), (tmp_path / "launch.log").read_text()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, (tmp_path / "launch.log").read_text()
