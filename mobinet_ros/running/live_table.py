"""The table that a terminal shows of a running network, or plain lines where there is no terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mobinet_ros.health import ERROR, OK, WARN

RATE_WINDOW_NS = 3_000_000_000
SILENT_AFTER_NS = 4_000_000_000
PLAIN_PERIOD_S = 5.0
REFRESHES_PER_S = 4.0
MAX_PROBLEMS = 8
DROP_COUNTERS = ("dropped", "overtaken", "skipped", "damaged", "publish_failed")

_STYLES = {OK: "green", WARN: "yellow", ERROR: "bold red"}


@dataclass
class CameraRow:
    """What is known of one camera's tracks."""

    received_ns: deque[int] = field(default_factory=lambda: deque(maxlen=400))
    age_ms: float = 0.0
    count: int = 0

    def rate_hz(self, now_ns: int) -> float:
        """Messages a second within the window; 0 when nothing came in it."""
        while self.received_ns and not 0 <= now_ns - self.received_ns[0] <= RATE_WINDOW_NS:
            self.received_ns.popleft()
        if len(self.received_ns) < 2:
            return 0.0
        # up to now, so that the rate falls when messages stay out
        return (len(self.received_ns) - 1) * 1e9 / max(1, now_ns - self.received_ns[0])


@dataclass
class NodeRow:
    """What a node last said on /diagnostics."""

    level: bytes
    message: str
    state: str
    drops: int
    heard_ns: int


class LiveTable:
    """Fed by ``observe_*``, read by ``render`` and ``plain``; every method may be called from any thread.

    Args:
        cameras: (robot, camera) in the order of the rows.
        clock: now in nanoseconds, the clock of the stamps.
        machine_clock: the same by the machine's time, which goes on while a simulated one stands still or jumps.
    """

    def __init__(
        self,
        cameras: Sequence[tuple[str, str]],
        clock: Callable[[], int] = time.time_ns,
        machine_clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._clock, self._machine_clock = clock, machine_clock
        self._cameras = {(robot, camera): CameraRow() for robot, camera in cameras}
        self._identities: dict[str, int] = {robot: 0 for robot, _ in cameras}
        self._nodes: dict[str, NodeRow] = {}
        self._lock = threading.RLock()

    def observe_tracks(self, robot: str, camera: str, stamp_ns: int, received_ns: int, count: int) -> None:
        with self._lock:
            row = self._cameras.setdefault((robot, camera), CameraRow())
            row.received_ns.append(received_ns)
            row.age_ms = (received_ns - stamp_ns) / 1e6
            row.count = count

    def observe_identities(self, robot: str, count: int) -> None:
        with self._lock:
            self._identities[robot] = count

    def observe_diagnostic(
        self, name: str, level: bytes, message: str, values: Mapping[str, str] | None = None
    ) -> None:
        """One status of /diagnostics; ``name`` is the node's full name, ``values`` its state and counters."""
        values = values or {}
        drops = sum(int(v) for k, v in values.items() if k.startswith(DROP_COUNTERS) and v.isdecimal())
        with self._lock:
            self._nodes[name] = NodeRow(level, message, values.get("state", ""), drops, self._machine_clock())

    def render(self) -> RenderableType:
        """The table as rich draws it."""
        with self._lock:
            now = self._clock()
            return Group(self._camera_table(now), self._robot_table(), *self._problem_lines())

    def plain(self) -> str:
        """One line for logs."""
        with self._lock:
            now = self._clock()
            cameras = [
                f"{robot}/{camera} {row.rate_hz(now):.1f} Hz {row.age_ms:.0f} ms {row.count} tracks"
                for (robot, camera), row in self._cameras.items()
            ]
            identities = ", ".join(f"{robot} {count}" for robot, count in self._identities.items())
            problems = [f"{name}: {message}" for name, _, message in self._problems()]
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            warning = [f"! {problems[0]}{more}"] if problems else []
            return " | ".join([*cameras, f"identities: {identities}", self._nodes_text(""), *warning])

    def _camera_table(self, now_ns: int) -> Table:
        table = Table(expand=False)
        table.add_column("camera", no_wrap=True)
        for name in ("rate Hz", "age ms", "tracks", "drops"):
            table.add_column(name, justify="right")
        for (robot, camera), row in self._cameras.items():
            rate = row.rate_hz(now_ns)
            shown = [f"{rate:.1f}", f"{row.age_ms:.0f}", str(row.count)] if rate else ["-", "-", "-"]
            drops = self._drops(f"/{robot}/{camera}/")
            table.add_row(f"{robot}/{camera}", *shown, str(drops), style="" if rate else "yellow")
        return table

    def _robot_table(self) -> Table:
        table = Table(expand=False)
        table.add_column("robot", no_wrap=True)
        for name in ("identities", "drops", "nodes"):
            table.add_column(name, justify="right")
        for robot, count in self._identities.items():
            table.add_row(robot, str(count), str(self._drops(f"/{robot}/")), self._nodes_text(f"/{robot}/"))
        return table

    def _problem_lines(self) -> list[Text]:
        problems = self._problems()
        lines = [Text(f"{name}: {message}", style=_STYLES[level]) for name, level, message in problems[:MAX_PROBLEMS]]
        if len(problems) > MAX_PROBLEMS:
            lines.append(Text(f"and {len(problems) - MAX_PROBLEMS} more", style="dim"))
        return lines

    def _problems(self) -> list[tuple[str, bytes, str]]:
        """(node, level, message) of whatever is not well, the worst first."""
        now_ns = self._machine_clock()
        problems = []
        for name, row in self._nodes.items():
            silent_s = abs(now_ns - row.heard_ns) / 1e9
            if silent_s * 1e9 > SILENT_AFTER_NS:
                problems.append((name, ERROR, f"nothing heard for {silent_s:.0f} s; its process may have died"))
            elif row.level != OK:
                problems.append((name, row.level if row.level == WARN else ERROR, row.message))
        return sorted(problems, key=lambda problem: (problem[1] != ERROR, problem[0]))

    def _drops(self, prefix: str) -> int:
        return sum(row.drops for name, row in self._nodes.items() if prefix in name)

    def _nodes_text(self, prefix: str) -> str:
        rows = [row for name, row in self._nodes.items() if prefix in name and row.state]
        return f"{sum(row.state == 'active' for row in rows)}/{len(rows)} nodes active"


def show(table: LiveTable, stopping: threading.Event, out: IO[str] | None = None) -> None:
    """Shows the table until ``stopping`` is set: redrawn in place on a terminal, elsewhere a line every few seconds."""
    out = out or sys.stdout
    console = Console(file=out)
    if not console.is_terminal:
        while not stopping.wait(PLAIN_PERIOD_S):
            out.write(table.plain() + "\n")
            out.flush()
        return
    with Live(console=console, refresh_per_second=REFRESHES_PER_S, get_renderable=table.render):
        stopping.wait()
