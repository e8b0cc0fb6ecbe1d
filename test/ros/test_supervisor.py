"""Processes that die, that refuse to end, that are wrong: what the supervisor makes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mobinet.recordings.live import CLOSE_TIMEOUT_S
from mobinet_ros.process import LONGEST_END_S
from mobinet_ros.rig.node_specs import ProcessSpec
from mobinet_ros.running.supervisor import Supervisor, SupervisorSettings

ROOT = Path(__file__).resolve().parents[2]
QUICK = SupervisorSettings(
    first_delay_s=0.05, longest_delay_s=0.1, most_failures=3, healthy_s=60.0, interrupt_s=0.5, terminate_s=0.5
)
FOREVER = "import time; print('ready', flush=True)\nwhile True: time.sleep(1)"


def python(spec: ProcessSpec) -> list[str]:
    return [sys.executable, "-c", spec.arguments[0]]


def supervisor(folder: Path, *programs: str) -> tuple[Supervisor, list[str]]:
    specs = [ProcessSpec(f"r1/p{index}", "", (program,)) for index, program in enumerate(programs)]
    lines: list[str] = []
    return Supervisor(specs, dict(os.environ), folder, lines.append, QUICK, python), lines


def poll_until(watched: Supervisor, condition: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        watched.poll()
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_ready(folder: Path, index: int, starts: int = 1) -> bool:
    return (folder / f"r1.p{index}.log").read_text().count("ready") >= starts


def test_a_killed_process_comes_back_and_the_others_stay(tmp_path: Path) -> None:
    watched, lines = supervisor(tmp_path, FOREVER, FOREVER)
    with watched:
        first, second = (child.pid for child in watched.children)
        assert poll_until(watched, lambda: is_ready(tmp_path, 0))
        os.kill(first, signal.SIGKILL)
        assert poll_until(watched, lambda: watched.children[0].restarts == 1 and is_ready(tmp_path, 0, starts=2))
        assert watched.children[0].pid not in (0, first)
        assert watched.children[1].pid == second
    assert any("r1/p0 was ended by SIGKILL: starts again in" in line for line in lines)
    assert [child.pid for child in watched.children] == [0, 0]


def test_one_that_keeps_dying_is_given_up_with_its_last_lines(tmp_path: Path) -> None:
    watched, lines = supervisor(tmp_path, "print('no camera'); raise SystemExit(1)", FOREVER)
    with watched:
        assert poll_until(watched, lambda: watched.failed == ["r1/p0"])
        assert not watched.hopeless
        assert watched.children[0].restarts == QUICK.most_failures - 1
    assert "3 times in a row" in lines[-1]
    assert "no camera" in lines[-1]


def test_wrong_settings_are_not_tried_again(tmp_path: Path) -> None:
    program = "import sys; print('error: rate is out of range', file=sys.stderr); sys.exit(2)"
    watched, lines = supervisor(tmp_path, program)
    with watched:
        assert poll_until(watched, lambda: watched.hopeless)
        assert watched.children[0].restarts == 0
    assert lines[0] == "r1/p0: error: rate is out of range"
    assert "its settings are wrong" in lines[1]


def test_warnings_are_shown_and_the_rest_is_only_kept(tmp_path: Path) -> None:
    program = f"print('[INFO] fine'); print('[WARN] [1.0] [r1]: late')\n{FOREVER}"
    watched, lines = supervisor(tmp_path, program)
    with watched:
        assert poll_until(watched, lambda: is_ready(tmp_path, 0) and bool(lines))
    assert lines == ["r1/p0: [WARN] [1.0] [r1]: late"]
    assert "[INFO] fine" in (tmp_path / "r1.p0.log").read_text()


@pytest.mark.parametrize(
    ("ignored", "reported"), [(("SIGINT",), False), (("SIGINT", "SIGTERM"), True)], ids=["terminated", "killed"]
)
def test_what_ignores_the_signals_is_ended_all_the_same(
    tmp_path: Path, ignored: tuple[str, ...], reported: bool
) -> None:
    ignoring = "".join(f"signal.signal(signal.{name}, signal.SIG_IGN);" for name in ignored)
    watched, lines = supervisor(tmp_path, f"import signal; {ignoring}{FOREVER}")
    with watched:
        assert poll_until(watched, lambda: is_ready(tmp_path, 0))
        pid = watched.children[0].pid
    assert not Path(f"/proc/{pid}").exists()
    assert ("r1/p0 does not end, killed" in lines) == reported


def test_the_processes_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    program = f"""
import os, sys, time
from pathlib import Path
from mobinet.recordings.live import CLOSE_TIMEOUT_S
from mobinet_ros.process import LONGEST_END_S
from mobinet_ros.rig.node_specs import ProcessSpec
from mobinet_ros.running.supervisor import Supervisor
command = [sys.executable, "-c", {FOREVER!r}]
specs, folder = [ProcessSpec("p", "", ())], Path({str(tmp_path)!r})
with Supervisor(specs, dict(os.environ), folder, print, command=lambda _: command) as s:
    print(s.children[0].pid, flush=True)
    time.sleep(60)
"""
    outer = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert outer.stdout is not None
    child = int(outer.stdout.readline())
    deadline = time.monotonic() + 20
    while "ready" not in (tmp_path / "p.log").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    outer.kill()
    outer.communicate()
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    """Whether it is there and no zombie that waits for its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_may_end_by_itself_before_it_is_pressed():
    # closing cameras and nodes is given up after these times; SIGTERM or SIGKILL before would leak shared memory
    assert SupervisorSettings().interrupt_s > LONGEST_END_S > CLOSE_TIMEOUT_S
