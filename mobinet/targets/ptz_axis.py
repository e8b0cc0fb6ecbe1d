"""One axis of a camera: from an error to a rate that the axis can do."""

from __future__ import annotations

import math
from dataclasses import dataclass

_INTEGRAL_SHARE = 0.25  # of the fastest rate, at most


@dataclass(frozen=True)
class AxisLimits:
    """What an axis can do; radians and seconds.

    Args:
        low, high: least and greatest angle.
        rate, acceleration, jerk: greatest amounts.
    """

    low: float
    high: float
    rate: float
    acceleration: float
    jerk: float


class RateLimiter:
    """Brings a rate to a wanted one with bounded acceleration and jerk, without overshoot.

    The acceleration is the greatest from which steps of the greatest jerk bring it to zero just when the rate is
    reached: the discrete time-optimal law of a double integrator (Han, "From PID to active disturbance rejection
    control", IEEE Transactions on Industrial Electronics 56, 2009, equation 15, for a known step).
    """

    def __init__(self) -> None:
        self.rate = 0.0
        self.acceleration = 0.0

    def step(self, wanted: float, limits: AxisLimits, seconds: float) -> float:
        """The rate after a step of time."""
        gap = min(max(wanted, -limits.rate), limits.rate) - self.rate
        change = limits.jerk * seconds
        fading = math.sqrt(change**2 / 4 + 2 * limits.jerk * abs(gap)) - change / 2
        target = math.copysign(min(fading, limits.acceleration, abs(gap) / seconds), gap)
        # the first step of a fading acceleration must not be longer than the jerk allows, unless it ends the gap
        acceleration = min(max(target, self.acceleration - change), self.acceleration + change)
        self.acceleration = min(max(acceleration, -limits.acceleration), limits.acceleration)
        self.rate = min(max(self.rate + self.acceleration * seconds, -limits.rate), limits.rate)
        return self.rate

    def force(self, rate: float, seconds: float) -> None:
        """Takes another rate, where a limit of the mount overrides smoothness."""
        self.acceleration = (rate - self.rate) / seconds + self.acceleration
        self.rate = rate


@dataclass(frozen=True)
class AxisError:
    """What is wrong with an axis.

    Args:
        error: of the target against the axis, radians.
        target_rate: of the target, radians per second.
        dead_band: error at which a resting axis moves, radians.
        settle_band: error below which it rests again, radians.
    """

    error: float
    target_rate: float
    dead_band: float
    settle_band: float


class AxisController:
    """PI with feed-forward of the target's rate, a dead band with hysteresis, and limits.

    Far away the rate falls with the square root of the error, so that the axis can brake in time (the square root
    controller of multicopters; the braking parabola of time-optimal control). The integral stops growing while the
    rate is limited (conditional integration: Astrom and Hagglund, Advanced PID Control, 2006, section 3.5), and starts
    anew after a rest.
    """

    def __init__(self) -> None:
        self.resting = True
        self._integral = 0.0
        self._limiter = RateLimiter()

    @property
    def rate(self) -> float:
        """The last one, radians per second."""
        return self._limiter.rate

    def follow(
        self, target: AxisError, position: float, gains: tuple[float, float], limits: AxisLimits, seconds: float
    ) -> float:
        """The rate, radians per second, after a step of time.

        Args:
            position: of the axis when the rate begins to work, radians.
            gains: for error and integral, 1/s and 1/s^2.
        """
        self._decide_rest(target)
        if self.resting:
            self._integral = 0.0
            return self.move(0.0, position, limits, seconds)
        gain, integral_gain = gains
        wanted = target.target_rate + approach(target.error, gain, limits.acceleration) + self._integral
        rate = self.move(wanted, position, limits, seconds)
        if abs(wanted - rate) < 0.05 * limits.rate:
            most = _INTEGRAL_SHARE * limits.rate
            grown = self._integral + integral_gain * target.error * seconds
            self._integral = min(max(grown, -most), most)
        return rate

    def approach(self, goal: float, position: float, gain: float, limits: AxisLimits, seconds: float) -> float:
        """The rate on the way to an angle, radians per second."""
        self.resting, self._integral = False, 0.0
        return self.move(approach(goal - position, gain, limits.acceleration), position, limits, seconds)

    def move(self, wanted: float, position: float, limits: AxisLimits, seconds: float) -> float:
        """The rate after a step of time towards a wanted one; it brakes before the limits of the mount."""
        low = -_braking_rate(position - limits.low, limits)
        high = _braking_rate(limits.high - position, limits)
        rate = self._limiter.step(min(max(wanted, low), high), limits, seconds)
        # the mount's end is harder than any comfort
        bounded = min(max(rate, min(limits.low - position, 0.0) / seconds), max(limits.high - position, 0.0) / seconds)
        if bounded != rate:
            self._limiter.force(bounded, seconds)
        return bounded

    def _decide_rest(self, target: AxisError) -> None:
        """A target that will leave the dead band within a second is followed, not waited for."""
        if self.resting:
            self.resting = abs(target.error) <= target.dead_band
        else:
            calm = abs(target.target_rate) < target.dead_band
            self.resting = calm and abs(target.error) < target.settle_band


def approach(error: float, gain: float, acceleration: float) -> float:
    """Rate for an error: proportional near it, and such that half of the acceleration stops it from afar."""
    if gain <= 0:
        return 0.0
    usable = acceleration / 2
    near = usable / gain**2
    if abs(error) <= near:
        return gain * error
    return math.copysign(math.sqrt(2 * usable * (abs(error) - near / 2)), error)


def _braking_rate(distance: float, limits: AxisLimits) -> float:
    """The greatest rate towards an end of the mount that is so far away."""
    return math.sqrt(limits.acceleration * max(distance, 0.0) / 2)
