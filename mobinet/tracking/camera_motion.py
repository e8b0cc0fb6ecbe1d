"""How the picture moved since the one before, and tracks that are taken along.

A motion is a ``(3, 3)`` float64 homography that takes pixels (x, y, 1) of the image before to those of the present one,
up to scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.geometry import Transform
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64

_MOST_STRETCH = 4.0
# Nothing is taken farther away than this: an object there is not seen again, and numbers stay far from overflowing.
_FARTHEST_PX = 1e7
# Condition number: a picture moved by 10,000 pixels has 1e8, a matrix that float64 cannot invert has 1e16.
_MOST_SKEWED = 1e13
_LEAST_HEIGHT_M = 0.05


def rotation_homography(camera_matrix: Float64, camera2before: Float64) -> Float64:
    """The motion of a camera that turned: K R K^-1 (Hartley and Zisserman 2004, section 8.4).

    It is exact for what is far away; that the camera moved along is left to the tracker's filter, because how far a
    point moves then depends on its depth.

    Args:
        camera_matrix: ``(3, 3)`` K, pixels.
        camera2before: ``(3, 3)`` rotation from the present optical frame to that of the image before.

    Raises:
        InputError: a matrix has another shape or is not finite.
    """
    for name, matrix in (("camera_matrix", camera_matrix), ("camera2before", camera2before)):
        checked_motion(name, matrix)
    homography: Float64 = camera_matrix @ camera2before.T @ np.linalg.inv(camera_matrix)
    return homography


def ground_homography(camera_matrix: Float64, before2map: Transform, camera2map: Transform) -> Float64:
    """The motion of a camera that turned and moved, for points on the ground: K (R + t n^T / h) K^-1.

    Hartley and Zisserman 2004, equation 13.2, with R and t from the optical frame before to the present one, n the way
    down and h the height of the camera before. Far away it is that of the turn alone.

    Args:
        camera_matrix: ``(3, 3)`` K, pixels.
        before2map, camera2map: of the optical frames at both times; the ground is z = 0. A camera below it gets the
            motion of its turn.

    Raises:
        InputError: the matrix has another shape or is not finite.
    """
    checked_motion("camera_matrix", camera_matrix)
    height = float(before2map.translation[2])
    before2camera = camera2map.inverse() @ before2map
    if height < _LEAST_HEIGHT_M:
        return rotation_homography(camera_matrix, before2camera.rotation.T)
    down = -before2map.rotation[2]
    plane = before2camera.rotation + np.outer(before2camera.translation, down) / height
    homography: Float64 = camera_matrix @ plane @ np.linalg.inv(camera_matrix)
    return homography


def checked_motion(name: str, matrix: Float64) -> Float64:
    """``matrix`` as ``(3, 3)`` float64, scaled so that its largest number is 1.

    Raises:
        InputError: it is not a finite, invertible matrix of that shape.
    """
    try:
        motion = np.asarray(matrix, np.float64)
    except (TypeError, ValueError):
        motion = np.empty(0)
    if motion.shape == (3, 3) and np.isfinite(motion).all() and motion.any():
        scaled: Float64 = motion / np.abs(motion).max()
        if np.linalg.cond(scaled) < _MOST_SKEWED:
            return scaled
    raise InputError(f"{name}: expected a finite, invertible matrix of shape (3, 3), got {matrix!r}")


def move(table: TrackTable, motion: Float64) -> None:
    """Takes the tracks, their velocities and spreads along with the picture (as BoT-SORT, Aharon et al. 2022, eq. 2).

    The motion is linearised at the foot of each box, because the homography of a camera that drives is that of the
    ground; sizes are scaled alike in both directions. Tracks that it would throw behind the camera or stretch beyond
    reason stay where they are.
    """
    boxes, velocities, observed = table.boxes, table.velocities, table.observed
    feet, jacobians = _map(motion, _feet(boxes))
    (a, b), (c, d) = jacobians.transpose(1, 2, 0)
    scales = np.sqrt(np.abs(a * d - b * c))
    stretched = np.maximum(np.abs(jacobians).max(axis=(1, 2)), scales)
    sound = (stretched < _MOST_STRETCH) & (scales > 1 / _MOST_STRETCH)
    rows: Int64 = (sound & _near(feet) & _near(boxes[:, 2:] * scales[:, None])).nonzero()[0]
    feet, jacobians, scales = feet[rows], jacobians[rows], scales[rows, None]
    seen, _ = _map(motion, _feet(observed[rows]))
    _stand(observed, rows, np.where(_near(seen)[:, None], seen, _feet(observed[rows])), scales)
    _stand(boxes, rows, feet, scales)
    velocities[rows, :2] = np.einsum("nij,nj->ni", jacobians, velocities[rows, :2])
    velocities[rows, 2:] *= scales
    for spread in (table.variances, table.covariances, table.velocity_variances):
        # x and y stay independent in the filter: what the motion mixes is added up
        spread[rows, :2] = np.einsum("nij,nj->ni", jacobians * jacobians, spread[rows, :2])
        spread[rows, 2:] *= scales * scales


def _near(places: Float64) -> NDArray[np.bool_]:
    """``(N,)`` which rows of ``places``, ``(N, 2)``, are numbers, and not beyond ``_FARTHEST_PX``."""
    near: NDArray[np.bool_] = np.all(np.abs(places) < _FARTHEST_PX, axis=1)
    return near


def _feet(boxes: Float64) -> Float64:
    """``(N, 2)`` the middle of the lower side of cx, cy, w, h."""
    return boxes[:, :2] + np.array((0.0, 0.5)) * boxes[:, 2:]


def _stand(boxes: Float64, rows: Int64, feet: Float64, scales: Float64) -> None:
    """Scales boxes cx, cy, w, h and puts them on these feet, in place."""
    sizes = boxes[rows, 2:] * scales
    boxes[rows, :2] = feet - np.array((0.0, 0.5)) * sizes
    boxes[rows, 2:] = sizes


def _map(motion: Float64, points: Float64) -> tuple[Float64, Float64]:
    """``(N, 2)`` where points go and ``(N, 2, 2)`` the derivative there; NaN behind the camera."""
    mapped = points @ motion[:, :2].T + motion[:, 2]
    depth = mapped[:, 2]
    # the origin is before the camera, whatever the sign that the homography came with
    depth = np.where(depth * np.sign(np.linalg.det(motion)) > 1e-9, depth, np.nan)[:, None]
    places = mapped[:, :2] / depth
    jacobians = (motion[None, :2, :2] - places[:, :, None] * motion[None, 2:, :2]) / depth[:, :, None]
    return places, jacobians
