"""What to take from a distance between two views, and what to add to it, as functions on matrices.

Zhu et al., "VOC-ReID: Vehicle Re-identification based on Vehicle-Orientation-Camera" (2020), where the part that is
called background here is the camera's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.reid.vectors import check_pair
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Int64


@dataclass(frozen=True)
class DistanceSettings:
    """How much each part counts; 0 leaves it out.

    Raises:
        SettingsError: a value is out of range.
    """

    orientation_weight: float = setting(
        0.1, "of the distance in orientation, which is taken off: two views of one object differ in it", minimum=0.0
    )
    background_weight: float = setting(
        0.1, "of the distance in background, which is taken off: two cameras differ in it", minimum=0.0
    )
    camera_penalty: float = setting(0.0, "added to the distance of two views of one camera", minimum=0.0)

    def __post_init__(self) -> None:
        check_settings(self)


def cosine_distances(queries: Float32, gallery: Float32) -> Float32:
    """``(Q, G)`` float32, 0 to 2, of ``(Q, D)`` and ``(G, D)`` unit vectors.

    Raises:
        InputError: a shape, type or value that is not so.
    """
    check_pair(queries, gallery)
    distances: Float32 = queries @ gallery.T
    return np.subtract(1, distances, out=distances)


def without_bias(
    identity: Float32,
    orientation: Float32 | None = None,
    background: Float32 | None = None,
    settings: DistanceSettings | None = None,
) -> Float32:
    """``(Q, G)``: ``D_id - a D_orientation - b D_background``.

    Views that share orientation or background look alike for that reason alone; they are moved apart relative to views
    that look alike although these differ.

    Args:
        identity, orientation, background: ``(Q, G)`` distances of the three kinds of vectors; ``None`` for unknown.

    Raises:
        InputError: the matrices differ in shape.
    """
    settings = settings or DistanceSettings()
    corrected = identity.copy()
    for name, distances, weight in (
        ("orientation", orientation, settings.orientation_weight),
        ("background", background, settings.background_weight),
    ):
        if distances is None:
            continue
        if distances.shape != identity.shape:
            raise InputError(f"{name}: expected distances of shape {identity.shape}, got {distances.shape}")
        corrected -= np.float32(weight) * distances
    return corrected


def with_camera_penalty(
    distances: Float32, query_cameras: NDArray[Any], gallery_cameras: NDArray[Any], penalty: float
) -> Float32:
    """``(Q, G)``: views of one camera moved apart by ``penalty``: an object is asked for in other cameras.

    Raises:
        InputError: not one camera for each row and column.
    """
    if distances.shape != (len(query_cameras), len(gallery_cameras)):
        raise InputError(
            f"cameras: expected one for each of {distances.shape[0]} queries and {distances.shape[1]} gallery views, "
            f"got {len(query_cameras)} and {len(gallery_cameras)}"
        )
    same = np.asarray(query_cameras)[:, None] == np.asarray(gallery_cameras)
    return np.asarray(distances + np.float32(penalty) * same, np.float32)


def by_track(distances: Float32, gallery_tracks: Int64) -> Float32:
    """``(Q, G)``: each view of a track at the mean distance of the track: one lucky or spoilt view does not decide.

    Raises:
        InputError: not one track for each column.
    """
    if gallery_tracks.shape != (distances.shape[1],):
        raise InputError(f"tracks: expected one for each of {distances.shape[1]} views, got {gallery_tracks.shape}")
    _, track, counts = np.unique(gallery_tracks, return_inverse=True, return_counts=True)
    sums = np.zeros((len(distances), len(counts)), np.float32)
    for column, index in enumerate(track.ravel()):
        sums[:, index] += distances[:, column]
    return np.asarray((sums / counts)[:, track.ravel()], np.float32)
