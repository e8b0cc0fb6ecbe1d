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
from mobinet.types import Float32, Float64, Int64


def without_camera_bias(
    vectors: Float32,
    cameras: NDArray[Any],
    ridge: float = 100.0,
    least: int = 8,
    tracks: Int64 | None = None,
) -> Float32:
    """``(N, D)`` unit vectors: ``(C + r I)^-1 (x - m)`` with mean ``m`` and covariance ``C`` of a camera's views.

    What all views of a camera share (light, background, angle) is in the mean, and directions in which they vary most
    for the camera's own reasons count less. The mean of few objects is what tells them apart: of its distance to the
    mean of all views only the share is taken out that their number does not explain (the positive-part estimator of
    James and Stein, 1961), so that nothing much is lost where cameras are alike.

    Args:
        vectors: ``(N, D)`` float32.
        cameras: ``(N,)`` which camera each is from.
        ridge: r, as a multiple of the mean variance of a direction; a large one takes out the mean alone, a small one
            also what tells objects apart where there are few of them.
        least: cameras with fewer views are only moved by the mean of all.
        tracks: ``(N,)`` of which track each is: views of one are no evidence of several objects. All apart by default.

    Raises:
        InputError: not one camera for each vector, or ``ridge`` not above 0.
    """
    check_vectors("vectors", vectors)
    cameras = np.asarray(cameras)
    if cameras.shape != (len(vectors),):
        raise InputError(f"cameras: expected one for each of {len(vectors)} vectors, got shape {cameras.shape}")
    if not ridge > 0:
        raise InputError(f"ridge: expected above 0, got {ridge}")
    if len(vectors) < least:
        return unit_vectors(vectors)
    tracks = np.arange(len(vectors)) if tracks is None else tracks
    middle = vectors.mean(axis=0, dtype=np.float64)
    cleaned = vectors - middle
    for camera in np.unique(cameras):
        mine = np.flatnonzero(cameras == camera)
        if len(mine) >= least:
            cleaned[mine] = _clean(cleaned[mine], ridge, len(np.unique(tracks[mine])))
    # all views alike: there is nothing but the mean
    empty = np.linalg.norm(cleaned, axis=1) < 1e-6
    return unit_vectors(np.where(empty[:, None], vectors, cleaned))


def _clean(views: Float64, ridge: float, objects: int) -> Float64:
    """Of one camera, relative to the mean of all."""
    shift = views.mean(axis=0)
    centred = views - shift
    covariance = centred.T @ centred / len(views)
    total = float(np.trace(covariance))
    if total == 0:
        return views
    by_chance = total / objects
    certain = max(0.0, 1 - by_chance / max(float(shift @ shift), 1e-12))
    damped = covariance + ridge * total / len(covariance) * np.eye(len(covariance))
    scale = (ridge + 1) * total / len(covariance)
    cleaned: Float64 = np.linalg.solve(damped, (views - certain * shift).T).T * scale
    return cleaned
