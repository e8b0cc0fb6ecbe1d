"""The doctor over the real middleware: nodes with one fault each run in another process, and are named."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: make test ROS=kilted")

ROOT = Path(__file__).resolve().parents[2]
SCENES = Path(__file__).with_name("doctor_faults.py")
DOCTOR = "import sys; from mobinet.cli import main; sys.exit(main())"


def environment() -> dict[str, str]:
    """A domain that is hardly anybody else's, on this machine only."""
    domain = random.Random(os.urandom(4)).randrange(1, 102)
    return {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


@contextmanager
def scene(name: str, variables: dict[str, str]) -> Iterator[None]:
    """Runs a scene's nodes in a process of their own."""
    command = [sys.executable, str(SCENES), name]
    with subprocess.Popen(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def doctor(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DOCTOR, "doctor", "--seconds", "2", *arguments]
    return subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def diagnose(name: str, *arguments: str) -> dict[str, Any]:
    variables = environment()
    with scene(name, variables):
        done = doctor(variables, "--json", *arguments)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["status"] == done.returncode
    return report


@pytest.fixture(scope="module")
def faulty() -> dict[str, Any]:
    return diagnose("faults")


@pytest.mark.parametrize(
    ("check", "severity", "words"),
    [
        # a subscriber whose topic is called otherwise: the publisher's name is offered
        ("no-publisher", "error", ("/near/image:", "/near/tracker", "did you mean /near/image_raw", "/near/camera")),
        # nobody at all
        ("no-publisher", "warning", ("/alone/target", "/alone/tracker")),
        # each policy, both sides
        ("qos", "error", ("/qos/camera offers best_effort", "/qos/viewer asks for reliable")),
        ("qos", "error", ("/qos/namer offers volatile", "/qos/reader asks for transient_local")),
        ("qos", "error", ("/qos/slow offers deadline infinite", "/qos/strict asks for deadline 1 s")),
        ("qos", "error", ("/qos/lax offers liveliness automatic", "/qos/watcher asks for liveliness manual_by_topic")),
        # one topic, two types; one type, two definitions
        ("different-types", "error", ("/types/talker publishes std_msgs", "/types/listener expects geometry_msgs")),
        ("type-hash", "error", ("/hash/new_build publishes RIHS01_07070707", "/hash/old_build expects RIHS01_")),
        ("zero-stamp", "error", ("/zero/image_raw", "/zero/camera")),
        ("future-stamp", "error", ("/ahead/image_raw", "/ahead/camera", "in the future")),
        ("stale-stamp", "error", ("/old/image_raw", "/old/camera", "2.5 years")),
        ("no-camera-info", "error", ("/bare/camera", "/bare/image_raw", "/bare/cooperation")),
        ("camera-info-size", "error", ("/size/camera_info", "16x6", "8x6")),
        (
            "no-transform",
            "error",
            ("'map'", "'lost/optical'", "tree of 'map'", "tree of 'lost/odom'", "/lost/cooperation"),
        ),
        ("silent", "warning", ("/quiet/image_raw", "/quiet/camera")),
        ("not-active", "error", ("/managed/detector", "unconfigured")),
        ("no-model", "error", ("/model/detector", "model", "/nowhere/net.onnx")),
        ("duplicate-node", "error", ("2 nodes", "/double/camera")),
        ("diagnostics", "error", ("/sick/camera", "lens cap on")),
    ],
)
def test_fault_is_named_with_both_sides(faulty: dict[str, Any], check: str, severity: str, words: list[str]) -> None:
    found = [f for f in faulty["findings"] if f["check"] == check and f["severity"] == severity]
    assert any(all(word in f["what"] for word in words) for f in found), faulty["findings"]


def test_every_finding_has_a_cure(faulty: dict[str, Any]) -> None:
    assert faulty["status"] == 2
    assert all(f["cure"] for f in faulty["findings"])
    activate = next(f["cure"] for f in faulty["findings"] if f["check"] == "not-active")
    assert "ros2 lifecycle set /managed/detector configure" in activate


def test_a_fault_is_told_of_the_faulty_only(faulty: dict[str, Any]) -> None:
    # the size scene has the wrong size and nothing else
    assert {f["check"] for f in faulty["findings"] if "/size/" in f["what"]} == {"camera-info-size"}


def test_nothing_is_found_in_a_healthy_graph() -> None:
    report = diagnose("healthy")
    assert [f for f in report["findings"] if f["severity"] != "note"] == []
    assert report["status"] == 0
    assert report["topics"]["/r1/image_raw"] > 5


def test_mixture_of_times_is_named_and_stamps_on_the_clock_are_no_fault(tmp_path: Path) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("rig_version: 1\nrobots: {r9: {cameras: {front: {source: street.avi}}}}\n")
    report = diagnose("mixed_time", "--rig", str(rig))
    found = {f["check"]: f["what"] for f in report["findings"] if f["severity"] != "note"}
    assert "/r9/tracker" in found["missing-node"]
    assert "/sim/tracker" in found["mixed-time"]
    assert "/sim/camera" in found["mixed-time"]
    assert "stale-stamp" not in found


def test_empty_graph_says_where_it_looked() -> None:
    variables = environment()
    done = doctor(variables)
    assert done.returncode == 2
    assert f"no node is in sight (domain {variables['ROS_DOMAIN_ID']}" in done.stdout
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST" in done.stdout


def test_wrong_rig_is_refused_before_looking(tmp_path: Path) -> None:
    done = doctor(environment(), "--rig", str(tmp_path / "none.yaml"))
    assert done.returncode == 3
    assert "none.yaml" in done.stderr
