"""What a camera does to all of its views, taken out of their vectors.

Per-camera ridge whitening, after the camera-invariant features (FIC) of Gu et al., "1st Place Solution to VisDA-2020:
Bias Elimination for Domain Adaptive Pedestrian Re-identification" (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.reid.vectors import check_vectors, unit_vectors
from mobinet.types import Float32


def without_camera_bias(vectors: Float32, cameras: NDArray[Any], ridge: float = 10.0, least: int = 8) -> Float32:
    """``(N, D)`` unit vectors: ``(C + r I)^-1 (x - m)`` with mean ``m`` and covariance ``C`` of a camera's views.

    What all views of a camera share (light, background, angle) is in the mean, and directions in which they vary most
    for the camera's own reasons count less. It needs many objects a camera: the mean of few is what tells them apart.

    Args:
        vectors: ``(N, D)`` float32.
        cameras: ``(N,)`` which camera each is from.
        ridge: r, as a multiple of the mean variance of a direction; a large one takes out the mean alone, a small one
            also what tells objects apart where there are few of them.
        least: cameras with fewer views are left as they are.

    Raises:
        InputError: not one camera for each vector, or ``ridge`` not above 0.
    """
    check_vectors("vectors", vectors)
    cameras = np.asarray(cameras)
    if cameras.shape != (len(vectors),):
        raise InputError(f"cameras: expected one for each of {len(vectors)} vectors, got shape {cameras.shape}")
    if not ridge > 0:
        raise InputError(f"ridge: expected above 0, got {ridge}")
    whitened = vectors.copy()
    for camera in np.unique(cameras):
        of_camera = cameras == camera
        if of_camera.sum() >= least:
            whitened[of_camera] = _whiten(vectors[of_camera].astype(np.float64), ridge)
    return unit_vectors(whitened)


def _whiten(views: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    centred = views - views.mean(axis=0)
    covariance = centred.T @ centred / len(views)
    variance = float(np.trace(covariance)) / len(covariance)
    if variance == 0:
        return views
    damped = covariance + ridge * variance * np.eye(len(covariance))
    return np.asarray(np.linalg.solve(damped, centred.T).T)
