"""What a camera that pans, tilts and zooms tells and takes, and how its angles turn into directions.

Angles are those of the mount: its frame has x forward, y left and z up (REP 103). ``pan`` turns to the left about z,
``tilt`` lifts the view, both in radians; at zero the camera looks along x. ``zoom`` is the focal length in multiples of
the shortest one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mobinet.geometry import Transform
from mobinet.types import Float64


@dataclass(frozen=True)
class PtzState:
    """Where a camera looks at one time.

    Args:
        stamp_ns: of the measurement.
        pan, tilt: radians.
        zoom: at least 1.
    """

    stamp_ns: int
    pan: float
    tilt: float
    zoom: float = 1.0


@dataclass(frozen=True)
class PtzCommand:
    """How a camera shall move until the next command.

    Args:
        stamp_ns: when it was made.
        pan_rate, tilt_rate: radians per second.
        zoom_rate: growth of ``ln(zoom)``, 1 per second: doubling within a second is 0.69.
        goal: where it leads within one period of commands, for cameras that take positions.
    """

    stamp_ns: int
    pan_rate: float
    tilt_rate: float
    zoom_rate: float
    goal: PtzState


def camera2mount(pan: float, tilt: float) -> Transform:
    """The camera's body frame (x along its view) in the frame of its mount."""
    return Transform.from_euler(0.0, -tilt, pan, np.zeros(3))


def direction_to_angles(direction: Float64) -> tuple[float, float]:
    """Pan and tilt, radians, at which a camera looks along ``(3,)`` direction of the mount's frame."""
    x, y, z = direction.tolist()
    return math.atan2(y, x), math.atan2(z, math.hypot(x, y))


def wrapped(angle: float) -> float:
    """The same angle within -pi to pi."""
    return math.remainder(angle, 2 * math.pi)
