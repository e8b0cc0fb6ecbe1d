"""How boxes move: a constant-velocity Kalman filter for all tracks of a camera at once.

The state is the centre, the size and their velocities, ``(cx, cy, w, h, vx, vy, vw, vh)`` in pixels and pixels per
second: ``(N, 8)`` means and ``(N, 8, 8)`` covariances. All noise is proportional to the box's size, so that near and
far objects are treated alike, and follows the time that passed, so that irregular stamps are treated right.
"""

from __future__ import annotations

import numpy as np

from mobinet.boxes import xyxy_to_cxcywh
from mobinet.tracking.settings import TrackerSettings
from mobinet.types import Float64

# No box is smaller than this: one that shrinks while it is predicted would turn inside out, and float32 resolves it at
# any image coordinate that the tracker accepts.
MIN_SIZE_PX = 1.0

_POSITION, _VELOCITY = slice(0, 4), slice(4, 8)
_DIAGONAL = np.arange(4)


def measure(boxes: Float64) -> Float64:
    """``(N, 4)`` xyxy boxes to the filter's measurements cx, cy, w, h, sizes at least ``MIN_SIZE_PX``."""
    measurements = xyxy_to_cxcywh(boxes)
    np.maximum(measurements[:, 2:], MIN_SIZE_PX, out=measurements[:, 2:])
    return measurements


def initiate(measurements: Float64, settings: TrackerSettings) -> tuple[Float64, Float64]:
    """States of new tracks: at rest, with a wide velocity.

    Args:
        measurements: ``(N, 4)`` cx, cy, w, h of the first detections.

    Returns:
        ``(N, 8)`` means and ``(N, 8, 8)`` covariances.
    """
    means = np.concatenate((measurements, np.zeros_like(measurements)), axis=1)
    scale = _scale(means)
    covariances = np.zeros((len(means), 8, 8))
    covariances[:, _DIAGONAL, _DIAGONAL] = (settings.measurement_noise * scale) ** 2
    covariances[:, _DIAGONAL + 4, _DIAGONAL + 4] = (settings.initial_speed * scale) ** 2
    return means, covariances


def predict(means: Float64, covariances: Float64, dt_s: float, settings: TrackerSettings) -> tuple[Float64, Float64]:
    """States ``dt_s`` seconds later.

    Process noise is white acceleration in continuous time (Bar-Shalom, Li, Kirubarajan 2001, eq. 6.2.2-12): two short
    steps widen a state as one long step does, so that the result does not depend on the frame rate.

    Args:
        means: ``(N, 8)``.
        covariances: ``(N, 8, 8)``.
        dt_s: time that passed, seconds, positive.

    Returns:
        New arrays of the same shapes; sizes stay at least ``MIN_SIZE_PX``.
    """
    noise = _scale(means) * np.repeat((settings.acceleration_noise, settings.resize_noise), 2)
    density = noise * noise
    moved = means.copy()
    moved[:, _POSITION] += dt_s * means[:, _VELOCITY]
    _keep_size(moved)

    # F P F^T with F = [[I, dt I], [0, I]], block by block
    cross = covariances[:, _POSITION, _VELOCITY]
    speed = covariances[:, _VELOCITY, _VELOCITY]
    widened = covariances.copy()
    widened[:, _POSITION, _POSITION] += dt_s * (cross + cross.transpose(0, 2, 1)) + dt_s**2 * speed
    widened[:, _POSITION, _VELOCITY] += dt_s * speed
    widened[:, _DIAGONAL, _DIAGONAL] += density * (dt_s**3 / 3)
    widened[:, _DIAGONAL, _DIAGONAL + 4] += density * (dt_s**2 / 2)
    widened[:, _DIAGONAL + 4, _DIAGONAL + 4] += density * dt_s
    widened[:, _VELOCITY, _POSITION] = widened[:, _POSITION, _VELOCITY].transpose(0, 2, 1)
    return moved, widened


def project(means: Float64, covariances: Float64, settings: TrackerSettings) -> tuple[Float64, Float64]:
    """The detections to expect.

    Returns:
        ``(N, 4)`` cx, cy, w, h and their ``(N, 4, 4)`` covariances, a detection's noise included.
    """
    spread = covariances[:, _POSITION, _POSITION].copy()
    spread[:, _DIAGONAL, _DIAGONAL] += (settings.measurement_noise * _scale(means)) ** 2
    return means[:, _POSITION], spread


def update(
    means: Float64, covariances: Float64, measurements: Float64, settings: TrackerSettings
) -> tuple[Float64, Float64]:
    """States after one detection each (Kalman 1960).

    Args:
        means: ``(N, 8)``.
        covariances: ``(N, 8, 8)``.
        measurements: ``(N, 4)`` cx, cy, w, h.

    Returns:
        New arrays of the same shapes as the states.
    """
    expected, spread = project(means, covariances, settings)
    to_position = covariances[:, _POSITION, :]
    gain = np.linalg.solve(spread, to_position).transpose(0, 2, 1)
    corrected = means + np.einsum("nij,nj->ni", gain, measurements - expected)
    _keep_size(corrected)
    narrowed = covariances - gain @ to_position
    # rounding must not make a covariance lopsided over thousands of updates
    return corrected, 0.5 * (narrowed + narrowed.transpose(0, 2, 1))


def _scale(means: Float64) -> Float64:
    """``(N, 4)`` size that each measured number's noise is proportional to."""
    sizes = means[:, 2:4]
    return np.concatenate((sizes, sizes), axis=1)


def _keep_size(means: Float64) -> None:
    """Stops the sizes, in place, where they would fall below the smallest one."""
    sizes = means[:, 2:4]
    too_small = sizes < MIN_SIZE_PX
    if too_small.any():
        sizes[too_small] = MIN_SIZE_PX
        means[:, 6:8][too_small] = 0.0
