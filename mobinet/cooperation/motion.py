"""Constant-velocity Kalman filter in the map: state (x, y, z, vx, vy, vz), metres and metres per second.

All functions take leading dimensions, so that many objects are predicted at once. Model: white noise acceleration
(Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking and navigation, 2001, section 6.2.2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mobinet.types import Float64


class Motion(NamedTuple):
    """Where objects are and how they move.

    Args:
        mean: ``(..., 6)``.
        covariance: ``(..., 6, 6)``.
    """

    mean: Float64
    covariance: Float64


def start(position: Float64, covariance: Float64, velocity: Float64 | None, speed_sigma: float) -> Motion:
    """A new object from one position ``(3,)`` with covariance ``(3, 3)`` and perhaps a velocity ``(3,)``."""
    mean = np.concatenate([position, np.zeros(3) if velocity is None else velocity])
    full = np.zeros((6, 6))
    full[:3, :3] = covariance
    full[3:, 3:] = np.eye(3) * max(speed_sigma, 1e-3) ** 2
    return Motion(mean, full)


def predict(motion: Motion, seconds: Float64 | float, acceleration: float) -> Motion:
    """The objects ``seconds`` later (scalar or ``(...)``, not negative)."""
    dt = np.asarray(seconds, np.float64)
    transition = np.zeros((*dt.shape, 6, 6))
    transition[..., range(6), range(6)] = 1.0
    transition[..., range(3), range(3, 6)] = dt[..., None]
    noise = np.zeros_like(transition)
    power = acceleration**2
    noise[..., range(3), range(3)] = power * dt[..., None] ** 3 / 3
    noise[..., range(3), range(3, 6)] = noise[..., range(3, 6), range(3)] = power * dt[..., None] ** 2 / 2
    noise[..., range(3, 6), range(3, 6)] = power * dt[..., None]
    mean = (transition @ motion.mean[..., None])[..., 0]
    return Motion(mean, transition @ motion.covariance @ np.swapaxes(transition, -1, -2) + noise)


def squared_distance(motion: Motion, position: Float64, covariance: Float64) -> float:
    """Squared Mahalanobis distance of a position ``(3,)`` from one object, in the plane."""
    difference = position[:2] - motion.mean[:2]
    return float(difference @ np.linalg.solve(motion.covariance[:2, :2] + covariance[:2, :2], difference))


def update(motion: Motion, position: Float64, covariance: Float64) -> Motion:
    """One object after it was measured at ``position`` ``(3,)`` with ``covariance`` ``(3, 3)`` (Joseph's form)."""
    innovation = motion.covariance[:3, :3] + covariance
    gain = np.linalg.solve(innovation, motion.covariance[:3, :]).T
    mean = motion.mean + gain @ (position - motion.mean[:3])
    keep = np.eye(6)
    keep[:, :3] -= gain
    result = keep @ motion.covariance @ keep.T + gain @ covariance @ gain.T
    return Motion(mean, (result + result.T) / 2)


def fuse(motions: Motion) -> Motion:
    """One estimate from N of the same object whose errors may be correlated in unknown ways.

    Covariance intersection with equal weights (Julier and Uhlmann, A non-divergent estimation algorithm in the
    presence of unknown correlations, 1997): never more certain than the evidence allows.
    """
    if len(motions.mean) == 1:
        return Motion(motions.mean[0], motions.covariance[0])
    information = np.linalg.inv(motions.covariance)
    covariance = np.linalg.inv(information.mean(axis=0))
    mean = covariance @ (information @ motions.mean[..., None]).mean(axis=0)[:, 0]
    return Motion(mean, (covariance + covariance.T) / 2)
