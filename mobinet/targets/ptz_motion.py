"""Where a target is headed, in the angles of the mount: they do not change when the camera turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.targets.ptz_base import wrapped
from mobinet.types import Float64

_MOST_SURPRISE = 7.0  # standard deviations; what jumps further is not a motion
_UNKNOWN_RATE = 3.0  # heights of the target per second, standard deviation, at its first sight


@dataclass(frozen=True)
class Heading:
    """A target at a time.

    Args:
        angles: ``(2,)`` pan and tilt at which it is in the middle, radians.
        rates: ``(2,)`` radians per second.
        sigma: standard deviation of the angles, radians.
    """

    angles: Float64
    rates: Float64
    sigma: float


class TargetMotion:
    """A Kalman filter with constant velocity for pan and tilt, which share one covariance.

    Continuous white noise of acceleration (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and
    Navigation, 2001, section 6.2.2); noises are in heights of the target, since near targets look faster.
    """

    def __init__(self) -> None:
        self.forget()

    @property
    def stamp_ns(self) -> int | None:
        """Of the newest observation; None before the first."""
        return self._stamp_ns

    def forget(self) -> None:
        """A new target."""
        self._stamp_ns: int | None = None
        self._diffusion = 0.0
        self._state: Float64 = np.zeros((2, 2))  # rows: angle, rate; columns: pan, tilt
        self._covariance: Float64 = np.zeros((2, 2))

    def observe(self, stamp_ns: int, angles: Float64, height: float, noise: float, acceleration: float) -> None:
        """Takes in where the target was seen; what is not newer than the last is passed over.

        Args:
            angles: ``(2,)`` pan and tilt, radians.
            height: of the target, radians.
            noise: standard deviation, heights.
            acceleration: standard deviation of how much the rate changes within a second, heights per second.
        """
        if self._stamp_ns is None:
            self._begin(stamp_ns, angles, height, noise)
            return
        if stamp_ns <= self._stamp_ns:
            return
        self._diffusion = (acceleration * height) ** 2
        state, covariance = self._moved(stamp_ns)
        innovation = np.array([wrapped(float(d)) for d in angles - state[0]])
        variance = float(covariance[0, 0] + (noise * height) ** 2)
        if float(innovation @ innovation) > _MOST_SURPRISE**2 * variance:
            self._begin(stamp_ns, angles, height, noise)
            return
        weight = covariance[:, 0] / variance
        self._state = state + np.outer(weight, innovation)
        self._covariance = covariance - np.outer(weight, covariance[0])
        self._stamp_ns = stamp_ns

    def at(self, stamp_ns: int) -> Heading:
        """Where the target is at a time, not before its newest observation."""
        state, covariance = self._moved(stamp_ns)
        return Heading(state[0], state[1], float(np.sqrt(max(covariance[0, 0], 0.0))))

    def _begin(self, stamp_ns: int, angles: Float64, height: float, noise: float) -> None:
        self._state = np.stack([angles, np.zeros(2)])
        self._covariance = np.diag([(noise * height) ** 2, (_UNKNOWN_RATE * height) ** 2])
        self._stamp_ns = stamp_ns

    def _moved(self, stamp_ns: int) -> tuple[Float64, Float64]:
        seconds = 0.0 if self._stamp_ns is None else max(stamp_ns - self._stamp_ns, 0) * 1e-9
        step = np.array([[1.0, seconds], [0.0, 1.0]])
        added = self._diffusion * np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
        return step @ self._state, step @ self._covariance @ step.T + added
