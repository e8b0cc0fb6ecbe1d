"""How a process that holds nodes ends."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from mobinet_ros import topics

SCRIPT = """
import sys, threading
from mobinet.errors import SettingsError
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run

class Node(StageNode):
    def __init__(self):
        super().__init__("lone_node")

    def activate(self):
        {action}
        print("ready", flush=True)

sys.exit(run(Node))
"""


def start(graph, action):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(action=action)],
        env=graph.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_it_without_a_word(graph, number):
    process = start(graph, "pass")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_broken_thread_ends_the_process_for_a_restart(graph):
    process = start(graph, "threading.Thread(target=lambda: 1 / 0).start()")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "ZeroDivisionError" in errors


def test_broken_callback_is_reported_and_the_node_goes_on(graph):
    process = start(graph, "self.every(0.1, lambda: 1 / 0)")
    said = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")
    assert graph.spin_until(lambda: any("ZeroDivisionError" in s.message for m in said for s in m.status))
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


@pytest.mark.parametrize("arguments", [["-p", "foo"], ["--params-file", "/no/such/file.yaml"], ["--no-such-option"]])
def test_wrong_ros_argument_is_one_line(graph, arguments):
    process = graph.start("mobinet_ros.tracker_node", "--ros-args", *arguments)
    assert process.wait(30) == 2
    assert "Traceback" not in graph.logs()
    assert "error: " in graph.logs()
