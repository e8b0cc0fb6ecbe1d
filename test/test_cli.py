"""The command as a user runs it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from mobinet import __version__
from mobinet.cli import ROS_COMMANDS, ROS_SIM_COMMANDS


def mobinet(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mobinet.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_version():
    assert mobinet("--version").stdout.strip() == f"mobinet {__version__}"


def test_every_command_is_listed():
    listed = mobinet("--help").stdout
    for name in ("models", *ROS_COMMANDS):
        assert f"    {name} " in listed, name


def test_every_action_of_sim_is_listed():
    listed = mobinet("sim", "--help").stdout
    for name in ("list", "render", *ROS_SIM_COMMANDS):
        assert f"    {name} " in listed, name


def test_error_is_one_line_with_exit_status_2():
    result = mobinet("models", "pull", "no-such-network")
    assert result.returncode == 2
    assert result.stderr.startswith("mobinet: ")
    assert "no-such-network" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(importlib.util.find_spec("rclpy") is not None, reason="ROS is installed: nothing is missing")
@pytest.mark.parametrize(
    "names", [*((name,) for name in sorted(ROS_COMMANDS)), *(("sim", name) for name in sorted(ROS_SIM_COMMANDS))]
)
def test_without_ros_a_command_says_how_to_get_it(names):
    result = mobinet(*names, "--any-option")
    assert f"mobinet {' '.join(names)} needs ROS 2" in result.stderr
    assert result.returncode == 2
    assert "needs ROS 2" in result.stderr
    assert "pip install" in result.stderr
