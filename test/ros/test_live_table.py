"""The live table: figures from observations, problems first, plain lines without a terminal."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from mobinet_ros.health import ERROR, OK, WARN
from mobinet_ros.running import live_table
from mobinet_ros.running.live_table import LiveTable, show

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> LiveTable:
    return LiveTable([("r1", "front"), ("r2", "front")], clock, clock)


def feed(table: LiveTable, clock: Clock, seconds: float, rate_hz: float, age_ms: float = 30.0) -> None:
    for _ in range(int(seconds * rate_hz)):
        clock.now += int(SECOND / rate_hz)
        table.observe_tracks("r1", "front", clock.now - int(age_ms * 1e6), clock.now, count=4)


def drawn(table: LiveTable) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(table.render())
    return out.getvalue()


def row(table: LiveTable, name: str) -> list[str]:
    """Cells of the row that starts with ``name``."""
    line = next(line for line in drawn(table).splitlines() if f" {name} " in line)
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_rate_age_and_count(table: LiveTable, clock: Clock) -> None:
    feed(table, clock, seconds=5, rate_hz=10)
    assert row(table, "r1/front") == ["r1/front", "10.0", "30", "4", "0"]


def test_a_camera_that_never_spoke_has_no_figures(table: LiveTable) -> None:
    assert row(table, "r2/front") == ["r2/front", "-", "-", "-", "0"]


def test_the_rate_falls_when_messages_stay_out(table: LiveTable, clock: Clock) -> None:
    feed(table, clock, seconds=5, rate_hz=10)
    clock.now += 2 * SECOND
    assert 0 < float(row(table, "r1/front")[1]) < 5
    clock.now += 2 * SECOND
    assert row(table, "r1/front")[1] == "-"


def test_a_clock_that_jumps_back_does_not_freeze_the_rate(table: LiveTable, clock: Clock) -> None:
    feed(table, clock, seconds=5, rate_hz=10)
    clock.now -= 100 * SECOND
    feed(table, clock, seconds=5, rate_hz=20)
    assert row(table, "r1/front")[1] == "20.0"


def test_drops_are_counted_where_they_happen(table: LiveTable) -> None:
    table.observe_diagnostic("/r1/front/camera_node", OK, "ok", {"state": "active", "skipped_images": "3"})
    table.observe_diagnostic(
        "/r1/detector_node", OK, "ok", {"state": "active", "overtaken_images": "5", "images": "99"}
    )
    assert row(table, "r1/front")[4] == "3"
    assert row(table, "r1") == ["r1", "0", "8", "2/2 nodes active"]


def test_identities_and_states(table: LiveTable) -> None:
    table.observe_identities("r2", 7)
    table.observe_diagnostic("/r2/tracker_node", WARN, "inactive", {"state": "inactive"})
    assert row(table, "r2") == ["r2", "7", "0", "0/1 nodes active"]


def test_the_worst_problem_comes_first_and_well_nodes_are_not_named(table: LiveTable) -> None:
    table.observe_diagnostic("/r1/a_node", WARN, "no publisher")
    table.observe_diagnostic("/r1/b_node", ERROR, "no such file")
    table.observe_diagnostic("/r1/c_node", OK, "ok")
    text = drawn(table)
    assert text.index("/r1/b_node: no such file") < text.index("/r1/a_node: no publisher")
    assert "c_node" not in text


def test_a_node_that_fell_silent_is_a_problem(table: LiveTable, clock: Clock) -> None:
    table.observe_diagnostic("/r1/a_node", OK, "ok")
    clock.now += 10 * SECOND
    assert "/r1/a_node: nothing heard for 10 s" in drawn(table)


def test_many_problems_do_not_fill_the_screen(table: LiveTable) -> None:
    for index in range(30):
        table.observe_diagnostic(f"/r1/n{index}_node", WARN, "late")
    assert drawn(table).count("late") == live_table.MAX_PROBLEMS
    assert "and 22 more" in drawn(table)


def test_plain_is_one_line_with_the_same_figures(table: LiveTable, clock: Clock) -> None:
    feed(table, clock, seconds=5, rate_hz=10)
    table.observe_identities("r1", 2)
    table.observe_diagnostic("/r1/a_node", WARN, "no publisher")
    line = table.plain()
    assert "\n" not in line
    for part in ("r1/front 10.0 Hz 30 ms 4 tracks", "r1 2", "! /r1/a_node: no publisher"):
        assert part in line


def test_without_a_terminal_plain_lines_come(table: LiveTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_table, "PLAIN_PERIOD_S", 0.01)
    out, stopping = io.StringIO(), threading.Event()
    thread = threading.Thread(target=show, args=(table, stopping, out))
    thread.start()
    while out.getvalue().count("\n") < 2:
        stopping.wait(0.01)
    stopping.set()
    thread.join(5)
    assert out.getvalue().startswith("r1/front 0.0 Hz")


def test_simulated_time_that_jumps_silences_nobody(clock: Clock) -> None:
    machine = Clock()
    table = LiveTable([("r1", "front")], clock, machine)
    table.observe_diagnostic("/r1/tracker_node", OK, "", {"state": "active"})
    clock.now += 10_000 * SECOND
    assert "nothing heard" not in table.plain()
    machine.now += 10 * SECOND
    assert "nothing heard for 10 s" in table.plain()
