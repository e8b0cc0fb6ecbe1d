"""When instants of a world are due, and how fast it went."""

from __future__ import annotations

import pytest

from mobinet_ros.simulation.pacing import SLACK_S, Pacer

MS = 1_000_000


@pytest.mark.parametrize(
    ("speed", "due_s"),
    [
        (1.0, 100.5),
        (2.0, 100.25),
        (0.5, 101.0),
    ],
)
def test_an_instant_is_due_at_its_time(speed, due_s):
    pacer = Pacer(speed)
    pacer.resume(0, 100.0)
    assert pacer.wait_s(500 * MS, 100.0) == pytest.approx(due_s - 100.0)


def test_as_fast_as_it_can_never_waits():
    pacer = Pacer(0.0)
    pacer.resume(0, 100.0)
    assert pacer.wait_s(500 * MS, 100.0) == 0.0


def test_a_little_late_is_made_up_for():
    pacer = Pacer(1.0)
    pacer.resume(0, 100.0)
    assert pacer.wait_s(100 * MS, 100.1 + 0.9 * SLACK_S) == 0.0
    assert pacer.wait_s(300 * MS, 100.2) == pytest.approx(0.1)


def test_far_behind_is_not():
    pacer = Pacer(1.0)
    pacer.resume(0, 100.0)
    assert pacer.wait_s(100 * MS, 102.1) == 0.0  # two seconds late
    # from then on it is one slack late, not two seconds
    assert pacer.wait_s(400 * MS, 102.1) == pytest.approx(0.3 - SLACK_S)


def test_pauses_are_neither_made_up_for_nor_measured():
    pacer = Pacer(1.0)
    pacer.resume(0, 100.0)
    pacer.note(500 * MS, 101.0)
    pacer.resume(500 * MS, 200.0)
    assert pacer.wait_s(600 * MS, 200.0) == pytest.approx(0.1)
    pacer.note(1000 * MS, 200.5)
    assert (pacer.simulated_s, pacer.wall_s) == pytest.approx((1.0, 1.5))
    assert pacer.realtime_factor == pytest.approx(2 / 3)


def test_nothing_done_has_no_pace():
    assert Pacer(1.0).realtime_factor == 0.0
