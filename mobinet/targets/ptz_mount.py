"""A camera that pans, tilts and zooms, as software: what a simulated or virtual camera obeys."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting
from mobinet.targets.ptz_axis import approach
from mobinet.targets.ptz_base import PtzState
from mobinet.targets.ptz_history import PtzHistory

_STEP_NS = 4_000_000
_POSITION_GAIN = 6.0  # rate for each angle to a position, 1/s
_ZOOM_POSITION_GAIN = 4.0


@dataclass(frozen=True)
class PtzMountSettings:
    """What the mount of a camera can do."""

    pan_limits_deg: tuple[float, ...] = setting(
        (-170.0, 170.0), "least and greatest pan, degrees, positive to the left", minimum=-360.0, maximum=360.0
    )
    tilt_limits_deg: tuple[float, ...] = setting(
        (-60.0, 60.0), "least and greatest tilt, degrees, positive upwards", minimum=-90.0, maximum=90.0
    )
    zoom_limits: tuple[float, ...] = setting(
        (1.0, 10.0), "least and greatest zoom, multiples of the shortest focal length", minimum=1.0, maximum=100.0
    )
    max_rate_deg: float = setting(90.0, "fastest turn, degrees per second", minimum=0.1, maximum=1000.0)
    max_acceleration_deg: float = setting(
        360.0, "greatest change of the rate, degrees per second squared", minimum=0.1, maximum=10_000.0
    )
    zoom_rate: float = setting(0.7, "fastest zoom, growth of ln(zoom) per second", minimum=0.01, maximum=10.0)
    latency: float = setting(0.05, "from a command until it moves, s", minimum=0.0, maximum=2.0)
    watchdog: float = setting(0.5, "a rate ends when no command came for so long, s", minimum=0.05, maximum=60.0)
    home_deg: tuple[float, ...] = setting(
        (0.0, 0.0), "pan and tilt at the beginning, degrees", minimum=-360.0, maximum=360.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
        for name in ("pan_limits_deg", "tilt_limits_deg", "zoom_limits", "home_deg"):
            values = getattr(self, name)
            if len(values) != 2 or (name != "home_deg" and values[0] > values[1]):
                raise SettingsError(f"{name}: expected two numbers, the lesser first, got {list(values)}")
        for value, (low, high) in zip(self.home_deg, (self.pan_limits_deg, self.tilt_limits_deg), strict=True):
            if not low <= value <= high:
                raise SettingsError(f"home_deg: {value:g} is outside of its limits, {low:g} to {high:g}")


@dataclass(frozen=True)
class MountOrder:
    """Something a mount is told.

    Args:
        stamp_ns: when.
        values: pan and tilt, radians, and ln(zoom); or their rates per second.
        is_rate: whether they are rates.
    """

    stamp_ns: int
    values: tuple[float, float, float]
    is_rate: bool


class PtzMount:
    """Moves by orders with bounded rate and acceleration, some time after they come; safe to use from two threads.

    Args:
        settings: what it can do.
    """

    def __init__(self, settings: PtzMountSettings | None = None) -> None:
        self.settings = settings or PtzMountSettings()
        self._lock = threading.Lock()
        turn = [math.radians(self.settings.max_rate_deg), math.radians(self.settings.max_acceleration_deg)]
        zoom = [self.settings.zoom_rate, 4 * self.settings.zoom_rate]
        self._most = (turn, turn, zoom)
        angles = [
            (math.radians(low), math.radians(high))
            for low, high in (self.settings.pan_limits_deg, self.settings.tilt_limits_deg)
        ]
        low, high = self.settings.zoom_limits
        self._ranges = (*angles, (math.log(low), math.log(high)))
        self._start()

    def _start(self) -> None:
        pan, tilt = (math.radians(angle) for angle in self.settings.home_deg)
        self._values, self._rates = [pan, tilt, self._ranges[2][0]], [0.0, 0.0, 0.0]
        self._orders: deque[MountOrder] = deque()
        self._order: MountOrder | None = None
        self._now_ns: int | None = None
        self._past = PtzHistory(0)

    def turn(self, stamp_ns: int, pan_rate: float, tilt_rate: float, zoom_rate: float) -> None:
        """Turns at rates, radians per second, and zooms by the growth of ln(zoom) per second."""
        self._take(MountOrder(stamp_ns, (pan_rate, tilt_rate, zoom_rate), True))

    def go_to(self, stamp_ns: int, pan: float, tilt: float, zoom: float) -> None:
        """Turns to angles, radians, and a zoom; what is outside of the limits ends at them."""
        self._take(MountOrder(stamp_ns, (pan, tilt, math.log(max(zoom, 1e-6))), False))

    def _take(self, order: MountOrder) -> None:
        with self._lock:
            self._orders.append(order)

    def at(self, stamp_ns: int) -> PtzState:
        """Where it looks at a time; the last three seconds can be asked for too, and an earlier time starts it anew."""
        with self._lock:
            if self._now_ns is None or stamp_ns < self._now_ns - 3_000_000_000:
                if self._now_ns is not None:
                    self._start()
                self._now_ns = stamp_ns
                self._past.measure(self._state())
            while self._now_ns < stamp_ns:
                self._step(min(_STEP_NS, stamp_ns - self._now_ns))
            return self._past.at(stamp_ns)

    def newest(self, stamp_ns: int) -> PtzState:
        """Where it looks at a time, or last looked: asked by who must not start it anew."""
        with self._lock:
            return self._state() if self._now_ns is None else self._past.at(min(stamp_ns, self._now_ns))

    def _step(self, step_ns: int) -> None:
        now_ns = (self._now_ns or 0) + step_ns
        due_ns = now_ns - round(self.settings.latency * 1e9)
        while self._orders and self._orders[0].stamp_ns <= due_ns:
            self._order = self._orders.popleft()
        wanted, seconds = self._wanted_rates(due_ns), step_ns * 1e-9
        for axis, (low, high) in enumerate(self._ranges):
            fastest, change = self._most[axis]
            rate = min(max(wanted[axis], -fastest), fastest)
            rate = min(max(rate, self._rates[axis] - change * seconds), self._rates[axis] + change * seconds)
            value = min(max(self._values[axis] + rate * seconds, low), high)
            self._rates[axis] = rate if low < value < high else 0.0
            self._values[axis] = value
        self._now_ns = now_ns
        self._past.measure(self._state())

    def _wanted_rates(self, due_ns: int) -> tuple[float, float, float]:
        order = self._order
        if order is None:
            return 0.0, 0.0, 0.0
        if order.is_rate:
            silent = due_ns - order.stamp_ns > self.settings.watchdog * 1e9
            return (0.0, 0.0, 0.0) if silent else order.values
        gains = (_POSITION_GAIN, _POSITION_GAIN, _ZOOM_POSITION_GAIN)
        pan, tilt, zoom = (
            approach(goal - value, gain, change)
            for goal, value, gain, (_, change) in zip(order.values, self._values, gains, self._most, strict=True)
        )
        return pan, tilt, zoom

    def _state(self) -> PtzState:
        return PtzState(self._now_ns or 0, self._values[0], self._values[1], math.exp(self._values[2]))
