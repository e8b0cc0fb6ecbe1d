"""Clocks of robots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import SettingsError
from mobinet.sim.clocks import RobotClock

SECOND = 1_000_000_000
clocks = st.builds(
    RobotClock, st.floats(-3600, 3600, allow_subnormal=False), st.floats(-10_000, 10_000, allow_subnormal=False)
)
times = st.integers(0, 3600 * SECOND)


@pytest.mark.parametrize(
    ("clock", "world_ns", "stamp_ns"),
    [
        (RobotClock(), 123_456_789, 123_456_789),
        (RobotClock(offset_s=0.25), SECOND, 1_250_000_000),
        (RobotClock(offset_s=-0.25), 0, -250_000_000),
        (RobotClock(drift_ppm=100), 10 * SECOND, 10 * SECOND + 1_000_000),  # 100 us a second too fast
        (RobotClock(offset_s=1, drift_ppm=-50), 100 * SECOND, 101 * SECOND - 5_000_000),
    ],
)
def test_what_a_clock_shows(clock, world_ns, stamp_ns):
    assert clock.stamp_ns(world_ns) == stamp_ns
    assert clock.world_ns(stamp_ns) == world_ns


@given(clocks, times)
def test_there_and_back_is_the_same_nanosecond_or_its_neighbour(clock, world_ns):
    assert abs(clock.world_ns(clock.stamp_ns(world_ns)) - world_ns) <= 1


@given(clocks, times, st.integers(1000, SECOND))
def test_a_clock_never_runs_backwards(clock, world_ns, later_ns):
    assert clock.stamp_ns(world_ns + later_ns) > clock.stamp_ns(world_ns)


@pytest.mark.parametrize(("offset_s", "drift_ppm"), [(float("nan"), 0.0), (0.0, 20_000.0), (4000.0, 0.0)])
def test_impossible_clocks_are_refused(offset_s, drift_ppm):
    with pytest.raises(SettingsError):
        RobotClock(offset_s, drift_ppm)
