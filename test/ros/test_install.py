"""What ``ros2 run``, ``ros2 launch`` and a shell find in an installed package, by pip or by colcon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_prefix, get_package_share_directory

from mobinet_ros import topics

ROOT = Path(__file__).resolve().parents[2]
NODES = sorted(p.stem for p in ROOT.glob("mobinet_ros/*_node.py"))


@pytest.mark.parametrize("name", [*NODES, "container"])
def test_every_node_is_an_executable_of_the_package(name):
    executable = Path(get_package_prefix("mobinet_ros")) / "lib/mobinet_ros" / name
    assert os.access(executable, os.X_OK), executable


@pytest.mark.parametrize("path", ["launch/multi_cam.launch.py", "config/fastdds.xml", "config/rigs/pets.yaml"])
def test_shared_files_are_installed(path):
    installed = Path(get_package_share_directory("mobinet_ros")) / path
    assert installed.read_bytes() == (ROOT / path).read_bytes()


def test_installed_executable_runs_as_a_node(graph):
    executable = Path(get_package_prefix("mobinet_ros")) / "lib/mobinet_ros/tracker_node"
    process = subprocess.Popen(
        [sys.executable, executable, "--ros-args", "-r", "__ns:=/r1"], env=graph.environment, cwd="/"
    )
    graph.processes.append(process)
    publisher = graph.node.create_publisher(topics.DETECTIONS.type, "/r1/detections", topics.DETECTIONS.qos)
    assert graph.spin_until(lambda: publisher.get_subscription_count() == 1)


def test_mobinet_command_is_on_the_path():
    prefix = Path(get_package_prefix("mobinet_ros")) / "bin"
    command = shutil.which("mobinet", path=f"{prefix}{os.pathsep}{Path(sys.executable).parent}")
    assert command is not None
    listed = subprocess.run([command, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout
    assert "doctor" in listed
    assert "needs ROS 2" not in listed
