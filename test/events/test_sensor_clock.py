from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.events.sensor_clock import LossCounter, SensorClock

MS, SECOND = 10**6, 10**9
START_NS = 1_700_000_000 * SECOND


def test_the_first_stamp_belongs_to_the_first_time() -> None:
    clock = SensorClock()
    assert not clock.known
    assert clock.observe(START_NS, 5 * MS)
    assert clock.to_robot_ns(7 * MS) == START_NS + 2 * MS
    assert clock.to_sensor_ns(START_NS + 2 * MS) == 7 * MS
    times = np.array([5 * MS, 6 * MS])
    assert (times + clock.offset_ns).tolist() == [START_NS, START_NS + MS]


def test_jitter_is_smoothed() -> None:
    clock, random = SensorClock(), np.random.default_rng(3)
    errors = []
    for sensor_ns in range(0, 10 * SECOND, 4 * MS):
        clock.observe(START_NS + sensor_ns + int(random.normal(0, 2 * MS)), sensor_ns)
        errors.append(abs(clock.to_robot_ns(sensor_ns) - START_NS - sensor_ns))
    # a mean of a second's stamps: 2 ms / sqrt(2 * 250) in the long run
    assert np.mean(errors[500:]) < 0.2 * MS


def test_a_clock_that_runs_fast_is_followed() -> None:
    clock = SensorClock()
    for robot_ns in range(0, 20 * SECOND, 4 * MS):
        sensor_ns = robot_ns + robot_ns // 10_000
        assert not clock.observe(START_NS + robot_ns, sensor_ns) or robot_ns == 0
    # it lags by the drift of one time constant: 100 millionths of a second
    assert abs(clock.to_robot_ns(sensor_ns) - START_NS - robot_ns) < 0.11 * MS


@pytest.mark.parametrize(
    ("stamp_ns", "sensor_ns"),
    [
        # the robot's clock was set; the camera's began anew; a wrap was missed
        (START_NS + 100 * SECOND, 8 * MS),
        (START_NS - 100 * SECOND, 8 * MS),
        (START_NS + 8 * MS, 100 * SECOND),
        (START_NS + 17 * SECOND, 8 * MS),
    ],
)
def test_a_jump_begins_anew(stamp_ns: int, sensor_ns: int) -> None:
    clock = SensorClock()
    clock.observe(START_NS, 0)
    assert not clock.observe(START_NS + 5 * MS, 4 * MS)
    assert clock.observe(stamp_ns, sensor_ns)
    assert clock.to_robot_ns(sensor_ns) == stamp_ns


def test_nothing_is_known_before_the_first_packet() -> None:
    clock = SensorClock()
    clock.observe(START_NS, 0)
    clock.reset()
    with pytest.raises(InputError, match="before its first packet"):
        clock.to_robot_ns(0)
    with pytest.raises(InputError, match="positive"):
        SensorClock(time_constant_s=0)


@pytest.mark.parametrize(
    ("numbers", "lost", "restarts"),
    [
        # none, two, and one twice
        ([5, 6, 7], 0, 0),
        ([5, 8, 9], 2, 0),
        ([5, 5, 6], 0, 0),
        # the wrap, without and with a loss
        ([2**64 - 1, 0, 1], 0, 0),
        ([2**64 - 2, 1], 2, 0),
        # a driver that begins anew, from 0 or elsewhere
        ([500, 0, 1], 0, 1),
        ([500, 501, 2**40, 2**40 + 2], 1, 1),
    ],
)
def test_missing_numbers_are_counted(numbers: list[int], lost: int, restarts: int) -> None:
    counter = LossCounter()
    assert sum(counter.count(number) for number in numbers) == lost
    assert (counter.lost, counter.restarts) == (lost, restarts)
