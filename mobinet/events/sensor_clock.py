"""A camera's own clock in the robot's time, and packets that were lost, both by what packets say of themselves."""

from __future__ import annotations

import math

from mobinet.errors import InputError

_SEQ_COUNT = 1 << 64


class SensorClock:
    """Maps a camera's time to the robot's, by the stamps of its packets.

    A packet's stamp belongs to its beginning: its first word of time, or its ``time_base`` where the encoding uses it.
    Drivers stamp when data arrive at the host, which jitters by some milliseconds, while the camera's clock runs evenly
    and differs by some millionths. So the difference of both is smoothed: it is the mean at first, and follows with a
    time constant later. A difference that changes at once by more than ``jump_s`` is a clock that was set, or a driver
    that began anew: it is taken as it is.

    Args:
        time_constant_s: of the smoothing.
        jump_s: the largest jitter of stamps.
    """

    def __init__(self, time_constant_s: float = 1.0, jump_s: float = 0.5) -> None:
        if not (time_constant_s > 0 and jump_s > 0):
            raise InputError(f"clock: expected positive time_constant_s and jump_s, got {time_constant_s} and {jump_s}")
        self._time_constant_ns, self._jump_ns = time_constant_s * 1e9, round(jump_s * 1e9)
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        self._offset_ns: int | None = None
        self._last_ns, self._count = 0, 0

    @property
    def known(self) -> bool:
        """Whether there was a packet yet."""
        return self._offset_ns is not None

    @property
    def offset_ns(self) -> int:
        """What is added to times of the camera, numbers or arrays, nanoseconds.

        Raises:
            InputError: there was no packet yet.
        """
        if self._offset_ns is None:
            raise InputError("clock: times of the camera are not known before its first packet; observe one first")
        return self._offset_ns

    def observe(self, stamp_ns: int, sensor_ns: int) -> bool:
        """Takes the stamp of the next packet and the camera's time at its beginning.

        Returns:
            Whether time began anew: at the first packet, and where either clock jumped.
        """
        change_ns = stamp_ns - sensor_ns - (self._offset_ns or 0)
        if self._offset_ns is None or abs(change_ns) > self._jump_ns:
            self._offset_ns, self._last_ns, self._count = stamp_ns - sensor_ns, sensor_ns, 1
            return True
        passed_ns = max(sensor_ns - self._last_ns, 0)
        self._last_ns, self._count = sensor_ns, self._count + 1
        weight = max(1 / self._count, 1 - math.exp(-passed_ns / self._time_constant_ns))
        self._offset_ns += round(weight * change_ns)
        return False

    def to_robot_ns(self, sensor_ns: int) -> int:
        """The robot's time at a time of the camera; raises InputError before the first packet."""
        return sensor_ns + self.offset_ns

    def to_sensor_ns(self, robot_ns: int) -> int:
        """The camera's time at a time of the robot; raises InputError before the first packet."""
        return robot_ns - self.offset_ns


class LossCounter:
    """Counts packets that never came, by the numbers that the driver gives them.

    Numbers rise by one and wrap after 2^64. One that goes back, or that leaps by more than ``longest_gap``, is a driver
    that began anew: the middleware keeps the order of one publisher's messages. The same number again is a copy.

    ``lost`` and ``restarts`` are the totals.
    """

    def __init__(self, longest_gap: int = 1_000_000) -> None:
        self.lost, self.restarts = 0, 0
        self._longest_gap = longest_gap
        self._last: int | None = None

    def count(self, seq: int) -> int:
        """Takes the number of the next packet that came; answers how many are missing just before it."""
        last, self._last = self._last, seq
        if last is None or seq == last:
            return 0
        missing = (seq - last) % _SEQ_COUNT - 1
        if missing > self._longest_gap:
            self.restarts += 1
            return 0
        self.lost += missing
        return missing
