"""How the picture moved since the one before: from the camera's own rotation, or from the images.

A motion is a ``(3, 3)`` float64 homography that takes pixels (x, y, 1) of the image before to those of the present one,
up to scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.tracking.table import TrackTable
from mobinet.types import Float32, Float64, Image, Int64

_MOST_STRETCH = 4.0
# A camera that moves leaves hardly a corner in its place, but something large that passes a resting one may take most
# of them along.
_STILL_PX, _STILL_SHARE = 0.5, 0.2
# What agrees must reach over half of the picture each way: less may be one object.
_LEAST_SPREAD = 0.5


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
        check_motion(name, matrix)
    homography: Float64 = camera_matrix @ camera2before.T @ np.linalg.inv(camera_matrix)
    return homography


def check_motion(name: str, matrix: Float64) -> None:
    """Raises InputError unless ``matrix`` is a finite, invertible ``(3, 3)``."""
    if np.shape(matrix) != (3, 3) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise InputError(f"{name}: expected a finite, invertible matrix of shape (3, 3), got {np.asarray(matrix)}")


def move(table: TrackTable, motion: Float64) -> None:
    """Takes the tracks, their velocities and spreads along with the picture (as BoT-SORT, Aharon et al. 2022, eq. 2).

    The motion is linearised at each centre; sizes are scaled alike in both directions. Tracks that it would throw
    behind the camera or stretch beyond reason stay where they are.
    """
    boxes, velocities, observed = table.boxes, table.velocities, table.observed
    centres, jacobians = _map(motion, boxes[:, :2])
    (a, b), (c, d) = jacobians.transpose(1, 2, 0)
    scales = np.sqrt(np.abs(a * d - b * c))
    sound = np.isfinite(centres).all(axis=1) & (scales < _MOST_STRETCH) & (scales > 1 / _MOST_STRETCH)
    rows: Int64 = sound.nonzero()[0]
    centres, jacobians, scales = centres[rows], jacobians[rows], scales[rows, None]
    seen, _ = _map(motion, observed[rows, :2])
    observed[rows, :2] = np.where(np.isfinite(seen), seen, observed[rows, :2])
    observed[rows, 2:] *= scales
    boxes[rows, :2] = centres
    boxes[rows, 2:] *= scales
    velocities[rows, :2] = np.einsum("nij,nj->ni", jacobians, velocities[rows, :2])
    velocities[rows, 2:] *= scales
    for spread in (table.variances, table.covariances, table.velocity_variances):
        # x and y stay independent in the filter: what the motion mixes is added up
        spread[rows, :2] = np.einsum("nij,nj->ni", jacobians * jacobians, spread[rows, :2])
        spread[rows, 2:] *= scales * scales


def _map(motion: Float64, points: Float64) -> tuple[Float64, Float64]:
    """``(N, 2)`` where points go and ``(N, 2, 2)`` the derivative there; NaN behind the camera."""
    mapped = points @ motion[:, :2].T + motion[:, 2]
    depth = mapped[:, 2]
    # the origin is before the camera, whatever the sign that the homography came with
    depth = np.where(depth * np.sign(np.linalg.det(motion)) > 1e-9, depth, np.nan)[:, None]
    places = mapped[:, :2] / depth
    jacobians = (motion[None, :2, :2] - places[:, :, None] * motion[None, 2:, :2]) / depth[:, :, None]
    return places, jacobians


@dataclass(frozen=True)
class ImageMotionSettings:
    """How the motion is seen in the images.

    Raises:
        SettingsError: a value is out of range.
    """

    motion_width_px: int = setting(
        320, "images are made as small as this before they are compared", minimum=64, maximum=4096, live=True
    )
    motion_points: int = setting(
        200, "how many corners are followed from image to image", minimum=10, maximum=5000, live=True
    )
    motion_agreement: float = setting(
        0.4, "least share of the corners that one motion must explain, or none is taken", minimum=0.0, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


class ImageMotion:
    """Sees the motion of one camera in its images.

    Corners outside of the boxes (objects move on their own) are followed by sparse optical flow in images made smaller;
    shift, turn and scale are fitted to them with RANSAC, as in BoT-SORT (Aharon et al. 2022, section 3.2).
    """

    def __init__(self, settings: ImageMotionSettings = ImageMotionSettings()) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """Forgets the image before."""
        self._before: Image | None = None
        self._corners: Float32 | None = None

    def observe(self, image: Image, boxes: Float32) -> Float64 | None:
        """The motion since the image before; ``None`` for the first one and where too few corners agree.

        Args:
            image: ``(H, W, 3)`` or ``(H, W)`` uint8.
            boxes: ``(N, 4)`` xyxy of objects in this image, whose corners are left out when the next one comes.
        """
        scale = min(1.0, self.settings.motion_width_px / image.shape[1])
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        motion = None
        if self._before is not None and self._corners is not None and self._before.shape == grey.shape:
            motion = self._fit(grey.astype(np.uint8), self._corners)
        self._before = grey.astype(np.uint8)
        self._corners = self._find_corners(boxes * scale)
        if motion is None:
            return None
        resize = np.diag([scale, scale, 1.0])
        unscaled: Float64 = np.linalg.inv(resize) @ motion @ resize
        return unscaled

    def _find_corners(self, boxes: Float32) -> Float32 | None:
        image = self._before
        assert image is not None
        mask = np.full(image.shape, 255, np.uint8)
        for x1, y1, x2, y2 in np.clip(boxes, 0, max(image.shape)).astype(int).tolist():
            mask[y1 : y2 + 1, x1 : x2 + 1] = 0
        found = cv2.goodFeaturesToTrack(image, self.settings.motion_points, 0.01, 5, mask=mask)
        return None if found is None else found.astype(np.float32)

    def _fit(self, grey: Image, corners: Float32) -> Float64 | None:
        assert self._before is not None
        moved, status, _ = cv2.calcOpticalFlowPyrLK(
            self._before, grey, corners, np.empty_like(corners), winSize=(15, 15), maxLevel=3
        )
        followed = status.ravel() == 1
        if followed.sum() < 6:
            return None
        corners, moved = corners[followed], moved[followed]
        still = np.abs(moved - corners).max(axis=(1, 2)) < _STILL_PX
        if still.mean() >= _STILL_SHARE:
            return np.eye(3)
        affine, inliers = cv2.estimateAffinePartial2D(corners, moved, method=cv2.RANSAC, ransacReprojThreshold=1.5)
        if affine is None or inliers.sum() < self.settings.motion_agreement * len(corners):
            return None
        spread = np.ptp(corners[inliers.ravel() == 1].reshape(-1, 2), axis=0)
        if (spread < _LEAST_SPREAD * np.array(grey.shape[::-1])).any():
            return None
        return np.vstack((affine, (0.0, 0.0, 1.0)))
