"""Starts the processes of a rig, brings back those that die, and ends all of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mobinet.settings import check_settings, setting
from mobinet_ros.rig.node_specs import ProcessSpec

WRONG_SETTINGS = 2
"""Exit status of a process whose rig or parameters are wrong: another start would end the same way."""

# what people must see of a process's output: problems, and the address of the view
_SHOWN = re.compile(r"\[(WARN|ERROR|FATAL)\]|^error: |^Traceback |^\w*(Error|Exception)\b|the view is at ")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class SupervisorSettings:
    """How a process that died is brought back, and how one is ended."""

    first_delay_s: float = setting(0.5, "wait before the first restart, doubled each time, seconds", minimum=0.0)
    longest_delay_s: float = setting(15.0, "longest wait before a restart, seconds", minimum=0.0)
    most_failures: int = setting(6, "a process that died so often in a row is given up", minimum=1)
    healthy_s: float = setting(30.0, "a process that ran this long counts as healthy again, seconds", minimum=0.0)
    interrupt_s: float = setting(12.0, "time to end after SIGINT, then SIGTERM follows, seconds", minimum=0.0)
    terminate_s: float = setting(3.0, "time to end after SIGTERM, then SIGKILL follows, seconds", minimum=0.0)
    last_lines: int = setting(12, "lines of its log shown when a process is given up", minimum=0, maximum=1000)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class _Child:
    spec: ProcessSpec
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0
    restarts: int = 0
    given_up: bool = False
    shown: int = 0
    partial: bytes = b""


@dataclass(frozen=True)
class ChildState:
    """What a table shows of a process: ``pid`` is 0 while it does not run."""

    name: str
    pid: int
    restarts: int
    given_up: bool


def module_command(spec: ProcessSpec) -> list[str]:
    """Runs the executable's module with this Python."""
    return [sys.executable, "-m", f"mobinet_ros.{spec.executable}", *spec.arguments]


@dataclass
class Supervisor:
    """The processes of one rig. Use as a context manager: leaving it ends all of them.

    Args:
        specs: what to run.
        environment: of every process, e.g. ``clean_environment()``.
        folder: gets a log file a process; made when missing.
        report: is called with one line for people: a warning of a process, a death, a restart.
        settings: of restarts and endings.
        command: what runs a spec.
    """

    specs: Sequence[ProcessSpec]
    environment: Mapping[str, str]
    folder: Path
    report: Callable[[str], None]
    settings: SupervisorSettings = field(default_factory=SupervisorSettings)
    command: Callable[[ProcessSpec], list[str]] = module_command

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._children = [_Child(spec, self.folder / f"{spec.name.replace('/', '.')}.log") for spec in self.specs]

    def __enter__(self) -> Supervisor:
        try:
            for child in self._children:
                self._start(child)
        except BaseException:  # an interrupt or a failed start must not leave the others running
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def children(self) -> list[ChildState]:
        return [ChildState(c.spec.name, _pid(c), c.restarts, c.given_up) for c in self._children]

    @property
    def failed(self) -> list[str]:
        """Names of the processes that were given up."""
        return [child.spec.name for child in self._children if child.given_up]

    @property
    def hopeless(self) -> bool:
        """Whether every process was given up."""
        return len(self.failed) == len(self._children)

    def poll(self) -> None:
        """Looks after the processes; call it a few times a second."""
        now = time.monotonic()
        for child in self._children:
            self._show_new_lines(child)
            if child.process is not None and child.process.poll() is not None:
                self._note_death(child, child.process.returncode, now)
            if child.process is None and not child.given_up and now >= child.due:
                child.restarts += 1
                self._start(child)

    def stop(self) -> None:
        """Ends every process: SIGINT, then SIGTERM, then SIGKILL for what is left.

        What they print while they end stays in their logs.
        """
        for child in self._children:
            self._show_new_lines(child)
        waits = ((signal.SIGINT, self.settings.interrupt_s), (signal.SIGTERM, self.settings.terminate_s))
        try:
            for number, patience_s in waits:
                self._signal_all(number)
                if self._wait_all(patience_s):
                    break
        except KeyboardInterrupt:  # the user is in a hurry
            self.report("not waiting any longer")
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                self.report(f"{child.spec.name} does not end, killed")
        self._signal_all(signal.SIGKILL)
        self._wait_all(self.settings.terminate_s)

    def _start(self, child: _Child) -> None:
        environment = {**self.environment, "PYTHONUNBUFFERED": "1", **child.spec.environment}
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(
                self.command(child.spec),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches us alone: we decide the order of ending
                preexec_fn=partial(_prepare_child, os.getpid()),  # noqa: PLW1509  system calls, which take no lock
            )
        child.started = time.monotonic()

    def _note_death(self, child: _Child, status: int, now: float) -> None:
        child.process = None
        child.failures = 1 if now - child.started >= self.settings.healthy_s else child.failures + 1
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        if status == WRONG_SETTINGS or child.failures >= self.settings.most_failures:
            child.given_up = True
            reason = "its settings are wrong" if status == WRONG_SETTINGS else f"{child.failures} times in a row"
            tail = "".join(f"\n    {line}" for line in self._tail(child))
            self.report(f"{child.spec.name} {how} ({reason}) and is not started again; {child.log} ends with:{tail}")
            return
        delay_s = min(self.settings.first_delay_s * 2 ** (child.failures - 1), self.settings.longest_delay_s)
        child.due = now + delay_s
        self.report(f"{child.spec.name} {how}: starts again in {delay_s:.1f} s (log: {child.log})")

    def _show_new_lines(self, child: _Child) -> None:
        with contextlib.suppress(FileNotFoundError), child.log.open("rb") as log:
            log.seek(child.shown)
            fresh = log.read()
            child.shown += len(fresh)
            *lines, child.partial = (child.partial + fresh).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                if _SHOWN.search(text):
                    self.report(f"{child.spec.name}: {text}")

    def _tail(self, child: _Child) -> list[str]:
        text = child.log.read_text(errors="replace").rstrip()
        return text.splitlines()[-self.settings.last_lines :] if self.settings.last_lines else []

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, number)

    def _wait_all(self, patience_s: float) -> bool:
        """Whether all have ended before ``patience_s`` was over."""
        deadline = time.monotonic() + patience_s
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(deadline - time.monotonic(), 0.001))
            except subprocess.TimeoutExpired:
                return False
        return True


def _pid(child: _Child) -> int:
    return child.process.pid if child.process is not None and child.process.poll() is None else 0


def _prepare_child(parent: int) -> None:
    """Runs in the new process, before its program.

    The kernel is asked to send SIGINT when this process dies without ending its children, e.g. by SIGKILL. SIGINT may
    be ignored here, as in a shell's background job, and would stay so.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be asked
        os._exit(1)
