"""A sourced ROS distribution must not reach into the environment of the wheels, and is left alone elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mobinet_ros import environment

ROOT = Path(__file__).resolve().parents[2]
SOURCED = {
    "PYTHONPATH": "/opt/ros/humble/lib/python3.10/site-packages:/home/me/mine",
    "LD_LIBRARY_PATH": "/opt/ros/humble/lib:/usr/local/cuda/lib64",
    "PATH": "/opt/ros/humble/bin:/usr/bin",
    "AMENT_PREFIX_PATH": "/home/me/ws/install/stuff:/opt/ros/humble",
    "COLCON_PREFIX_PATH": "/home/me/ws/install",
    "ROS_DISTRO": "humble",
    "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp",
    "ROS_DOMAIN_ID": "7",
    "HOME": "/home/me",
}


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix that looks like a virtual environment with the ROS wheels, and is this Python's."""
    marker = tmp_path / "share/ament_index/resource_index/packages/rclpy"
    marker.parent.mkdir(parents=True)
    marker.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


def test_on_the_wheels_a_sourced_distribution_is_taken_out(wheels: Path) -> None:
    cleaned = environment.clean_environment(SOURCED)
    assert cleaned == {
        "PYTHONPATH": "/home/me/mine",
        "LD_LIBRARY_PATH": "/usr/local/cuda/lib64",
        "PATH": "/usr/bin",
        "AMENT_PREFIX_PATH": str(wheels),
        "ROS_DOMAIN_ID": "7",
        "HOME": "/home/me",
    }


def test_a_workspace_s_own_entries_go_too(wheels: Path) -> None:
    leaked = {**SOURCED, "PYTHONPATH": "/home/me/ws/install/stuff/lib/python3.10/site-packages"}
    assert "PYTHONPATH" not in environment.clean_environment(leaked)


def test_cleaning_twice_changes_nothing(wheels: Path) -> None:
    once = environment.clean_environment(SOURCED)
    assert environment.clean_environment(once) == once


def test_without_wheels_everything_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert environment.clean_environment(SOURCED) == SOURCED


def test_a_workspace_that_runs_us_is_left_as_it_is(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Path(environment.__file__).resolve().parents[1]
    sourced = {**SOURCED, "AMENT_PREFIX_PATH": f"{workspace}:{wheels}"}
    assert environment.clean_environment(sourced) == sourced
    # but the command of the virtual environment is its own master
    monkeypatch.setattr(sys, "argv", [str(wheels / "bin" / "mobinet")])
    assert environment.clean_environment(sourced)["AMENT_PREFIX_PATH"] == str(wheels)


def test_a_process_with_a_leaked_distribution_starts_again_clean(tmp_path: Path) -> None:
    if not environment.runs_on_wheels():
        pytest.skip("a distribution is sourced: nothing can leak in")
    # a message package of another build, first on the path
    leaked = tmp_path / "opt" / "lib"
    (leaked / "std_msgs").mkdir(parents=True)
    (leaked / "std_msgs" / "__init__.py").write_text("raise ImportError('of another distribution')")
    program = tmp_path / "command.py"
    program.write_text(
        "import sys\nfrom mobinet_ros import environment\nenvironment.prepare()\n"
        "import os, std_msgs.msg\nprint(sys.argv[1:], os.environ['AMENT_PREFIX_PATH'])"
    )
    sourced = {"PYTHONPATH": f"{leaked}:{ROOT}", "AMENT_PREFIX_PATH": str(tmp_path / "opt"), "ROS_DISTRO": "humble"}
    command = [sys.executable, str(program), "a b", "c"]
    answer = subprocess.run(command, check=False, env={**os.environ, **sourced}, capture_output=True, text=True)
    assert answer.stdout.strip() == f"['a b', 'c'] {sys.prefix}", answer.stderr
