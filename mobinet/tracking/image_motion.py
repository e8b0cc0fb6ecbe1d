"""How the picture of a camera moved from one image to the next, seen in the images themselves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Image

# Each cell of the picture gives its best corner at most: one plane or one busy corner of the picture is not all of it.
_CELL_PX = 12
# Of the smaller eigenvalue of the gradients, as cv2.cornerMinEigenVal scales it; there is noise alone below.
_LEAST_CORNER = 1e-4
_WINDOW, _LEVELS = (15, 15), 3
# A corner that is followed to the next image and back must come back to where it was.
_RETURN_PX = 0.7
_AGREE_PX = 1.0
_LEAST_CORNERS = 12
# A camera that moves leaves hardly a corner in its place, but something large that passes a resting one may take most
# of them along.
_STILL_PX, _STILL_SHARE = 0.5, 0.2
# What agrees must enclose this share of the picture: less may be one object, and says little of the rest.
_LEAST_SPREAD = 0.15


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
        200, "how many corners are followed from image to image", minimum=20, maximum=5000, live=True
    )
    motion_agreement: float = setting(
        0.4, "least share of the corners that one motion must explain, or none is taken", minimum=0.0, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


class ImageMotion:
    """Sees the motion of one camera in its images.

    Corners outside of the boxes (objects move on their own) are followed by sparse optical flow in images made smaller,
    there and back (Kalal et al., Forward-Backward Error, ICPR 2010), and a homography is fitted to them with RANSAC. It
    is exact for a turn and for the ground that the objects stand on. Shift, turn and scale alone (BoT-SORT, Aharon et
    al. 2022, section 3.2) explain only half of the corners of a wide lens that turns.

    No motion is taken where too few corners come back, where no motion explains enough of them, or where those that
    agree lie in one part of the picture; that nothing moved where many corners stay.
    """

    def __init__(self, settings: ImageMotionSettings = ImageMotionSettings()) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """Forgets the image before."""
        self._before: Image | None = None
        self._corners: Float32 = np.zeros((0, 2), np.float32)

    def observe(self, image: Image, boxes: Float32) -> Float64 | None:
        """The motion since the image before; ``None`` for the first one and where it cannot be told.

        Args:
            image: ``(H, W, 3)`` or ``(H, W)`` uint8.
            boxes: ``(N, 4)`` xyxy of objects in this image, whose corners are left out when the next one comes.

        Returns:
            ``(3, 3)`` homography of pixels of the image before to those of this one.
        """
        scale = min(1.0, self.settings.motion_width_px / image.shape[1])
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image, np.uint8)
        if scale < 1:
            grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        elif grey is image:
            # the caller may use its array again
            grey = grey.copy()
        before, corners = self._before, self._corners
        self._before, self._corners = grey, find_corners(grey, boxes * scale, self.settings.motion_points)
        if before is None or before.shape != grey.shape:
            return None
        there, here = _followed(before, grey, corners)
        motion = _fit(there, here, self.settings.motion_agreement, grey.size)
        if motion is None:
            return None
        resize = np.diag([scale, scale, 1.0])
        unscaled: Float64 = np.linalg.inv(resize) @ motion @ resize
        return unscaled


def find_corners(grey: Image, boxes: Float32, count: int) -> Float32:
    """``(N, 2)`` x, y of the best corners (Shi, Tomasi 1994) outside of ``boxes``, at most one a cell of the picture.

    Args:
        grey: ``(H, W)``.
        boxes: ``(M, 4)`` xyxy.
        count: most corners.
    """
    strength = cv2.cornerMinEigenVal(grey, 3)
    for x1, y1, x2, y2 in np.clip(boxes, 0, max(grey.shape)).astype(int).tolist():
        strength[y1 : y2 + 1, x1 : x2 + 1] = 0
    height, width = grey.shape[0] // _CELL_PX, grey.shape[1] // _CELL_PX
    cells = strength[: height * _CELL_PX, : width * _CELL_PX].reshape(height, _CELL_PX, width, _CELL_PX)
    cells = cells.swapaxes(1, 2).reshape(height * width, _CELL_PX**2)
    if not len(cells):
        return np.zeros((0, 2), np.float32)
    best = cells.argmax(axis=1)
    values = cells[np.arange(len(cells)), best]
    chosen = np.argsort(-values, kind="stable")[:count]
    chosen = chosen[values[chosen] > _LEAST_CORNER]
    row, column = np.divmod(chosen, width)
    y, x = np.divmod(best[chosen], _CELL_PX)
    return np.stack((column * _CELL_PX + x, row * _CELL_PX + y), axis=1).astype(np.float32)


def _followed(before: Image, grey: Image, corners: Float32) -> tuple[Float32, Float32]:
    """``(N, 2)`` twice: those corners that are found again, in the image before and in this one."""
    if len(corners) < _LEAST_CORNERS:
        return corners[:0], corners[:0]
    there, back = np.empty_like(corners), np.empty_like(corners)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, grey, corners, there, winSize=_WINDOW, maxLevel=_LEVELS)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(grey, before, moved, back, winSize=_WINDOW, maxLevel=_LEVELS)
    returned = np.abs(back - corners).max(axis=1) < _RETURN_PX
    good = (found.ravel() == 1) & (found_back.ravel() == 1) & returned
    return corners[good], moved[good]


def _fit(before: Float32, now: Float32, agreement: float, area: int) -> Float64 | None:
    """``(3, 3)`` from corners before to now, both ``(N, 2)``; ``None`` where they do not tell.

    Args:
        agreement: least share of the corners that must agree.
        area: of the picture, square pixels.
    """
    if len(before) < _LEAST_CORNERS:
        return None
    if (np.abs(now - before).max(axis=1) < _STILL_PX).mean() >= _STILL_SHARE:
        return np.eye(3)
    motion, agrees = cv2.findHomography(before, now, cv2.RANSAC, _AGREE_PX)
    if motion is None:
        return None
    inliers = before[agrees.ravel() == 1]
    if len(inliers) < max(_LEAST_CORNERS, agreement * len(before)):
        return None
    spread = cv2.contourArea(cv2.convexHull(inliers))
    return np.asarray(motion, np.float64) if spread >= _LEAST_SPREAD * area else None
