"""Camera models: between pixels and rays, with the distortions that ROS calibrations use.

Pixel centres are at integer coordinates, as in OpenCV. Rays are in the optical frame: x right, y down, z forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from mobinet.errors import InputError, RecordingError, SettingsError
from mobinet.types import Float64

# Accepted numbers of coefficients of each model (sensor_msgs/distortion_models).
DISTORTION_MODELS: Mapping[str, tuple[int, ...]] = {
    "plumb_bob": (0, 4, 5),
    "rational_polynomial": (8, 12, 14),
    "equidistant": (0, 4),
}

# A pixel whose ray does not come back to it within this distance has no ray: the distortion has no inverse there.
_MAX_ROUND_TRIP_PX = 0.5


@dataclass(frozen=True)
class CameraModel:
    """Intrinsic parameters of one camera.

    Args:
        width, height: image size in pixels.
        matrix: ``(3, 3)`` float64 intrinsic matrix, pixels.
        distortion: ``(D,)`` float64 coefficients in OpenCV's order; empty for an ideal lens.
        model: a key of ``DISTORTION_MODELS``.

    Raises:
        InputError: sizes, shapes or values that no camera has (a camera_info of zeros is an uncalibrated camera).
    """

    width: int
    height: int
    matrix: Float64
    distortion: Float64
    model: str = "plumb_bob"

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, np.float64)
        distortion = np.asarray(self.distortion, np.float64).reshape(-1)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "distortion", distortion)
        if self.width < 1 or self.height < 1:
            raise InputError(f"camera model: expected a positive image size, got {self.width} x {self.height}")
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
            raise InputError(
                f"camera model: expected a 3x3 matrix with positive focal lengths, got {matrix.tolist()}; "
                "an uncalibrated camera has zeros: calibrate it or give its calibration file"
            )
        counts = DISTORTION_MODELS.get(self.model)
        if counts is None:
            raise InputError(f"camera model: distortion '{self.model}' is not one of {', '.join(DISTORTION_MODELS)}")
        if len(distortion) not in counts or not np.isfinite(distortion).all():
            raise InputError(
                f"camera model: {self.model} expects {' or '.join(map(str, counts))} finite coefficients, "
                f"got {distortion.tolist()}"
            )

    @classmethod
    def pinhole(cls, width: int, height: int, horizontal_fov_rad: float) -> CameraModel:
        """An ideal camera with square pixels and its axis through the middle of the image."""
        if not 0 < horizontal_fov_rad < np.pi:
            raise InputError(f"field of view: expected 0 to pi rad, got {horizontal_fov_rad}")
        focal = width / 2 / np.tan(horizontal_fov_rad / 2)
        matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]], np.float64)
        return cls(width, height, matrix, np.zeros(0))

    @classmethod
    def from_calibration_yaml(cls, path: str | Path) -> CameraModel:
        """Reads the YAML that ROS's camera_calibration writes.

        Raises:
            RecordingError: the file cannot be read or is not YAML.
            SettingsError: a key is missing or its value does not fit; the message names it.
        """
        path = Path(path)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            # an OSError's own text repeats the path
            reason = error.strerror if isinstance(error, OSError) else error
            raise RecordingError(f"calibration '{path}' cannot be read: {reason}; check the file") from error
        if not isinstance(content, dict):
            raise SettingsError(f"calibration '{path}': expected a mapping with image_width, camera_matrix, ...")
        distortion = _numbers(content, path, "distortion_coefficients")
        matrix = _numbers(content, path, "camera_matrix")
        if len(matrix) != 9:
            raise SettingsError(f"calibration '{path}': camera_matrix.data: expected 9 numbers, got {len(matrix)}")
        model = str(content.get("distortion_model", "plumb_bob"))
        width, height = _size(content, path, "image_width"), _size(content, path, "image_height")
        try:
            return cls(width, height, matrix.reshape(3, 3), distortion, model)
        except InputError as error:
            raise SettingsError(f"calibration '{path}': {error}") from error

    def shifted(self, x: int, y: int, width: int, height: int) -> CameraModel:
        """The camera of the window with upper left pixel ``(x, y)``; it may reach outside the image."""
        matrix = self.matrix.copy()
        matrix[:2, 2] -= (x, y)
        return replace(self, width=width, height=height, matrix=matrix)

    def scaled(self, width: int, height: int) -> CameraModel:
        """The camera of the same picture resized to ``width x height`` pixels (as cv2.resize does it)."""
        factors = np.array([width / self.width, height / self.height])
        matrix = self.matrix.copy()
        matrix[:2, :2] *= factors[:, None]
        matrix[:2, 2] = (matrix[:2, 2] + 0.5) * factors - 0.5
        return replace(self, width=width, height=height, matrix=matrix)

    def zoomed(self, factor: float) -> CameraModel:
        """The camera with all focal lengths times a factor; principal point and distortion stay."""
        matrix = self.matrix.copy()
        matrix[[0, 1], [0, 1]] *= factor
        return replace(self, matrix=matrix)

    def pixels_to_rays(self, pixels: Float64) -> Float64:
        """Undistorted viewing directions of pixels.

        Args:
            pixels: ``(N, 2)`` x, y.

        Returns:
            ``(N, 3)`` unit vectors in the optical frame; NaN rows where the distortion model has no inverse.
        """
        pixels = np.ascontiguousarray(pixels, np.float64).reshape(-1, 2)
        if len(pixels) == 0:
            return np.zeros((0, 3))
        points = pixels[:, None, :]
        if self.model == "equidistant":
            flat = cv2.fisheye.undistortPoints(points, self.matrix, self._coefficients())
        else:
            criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-9)
            flat = cv2.undistortPointsIter(points, self.matrix, self._coefficients(), None, None, criteria)
        rays = np.column_stack([flat.reshape(-1, 2), np.ones(len(pixels))])
        with np.errstate(invalid="ignore"):
            missed = ~(np.abs(self.project(rays) - pixels).max(axis=1) <= _MAX_ROUND_TRIP_PX)
        rays[missed] = np.nan
        return _as_float64(rays / np.linalg.norm(rays, axis=1, keepdims=True))

    def project(self, points: Float64) -> Float64:
        """``(N, 3)`` points in the optical frame to ``(N, 2)`` pixels; NaN for points not in front of the camera."""
        points = np.ascontiguousarray(points, np.float64).reshape(-1, 3)
        pixels = np.full((len(points), 2), np.nan)
        front = np.flatnonzero(points[:, 2] > 1e-9)
        if len(front):
            function = cv2.fisheye.projectPoints if self.model == "equidistant" else cv2.projectPoints
            result, _ = function(points[front, None, :], np.zeros(3), np.zeros(3), self.matrix, self._coefficients())
            pixels[front] = result.reshape(-1, 2)
        return pixels

    def _coefficients(self) -> Float64:
        return self.distortion if len(self.distortion) else np.zeros(4)


def _as_float64(values: Any) -> Float64:
    return np.asarray(values, np.float64)


def _size(content: Mapping[str, Any], path: Path, key: str) -> int:
    value = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SettingsError(f"calibration '{path}': {key}: expected a positive integer, got {value!r}")
    return value


def _numbers(content: Mapping[str, Any], path: Path, key: str) -> Float64:
    block = content.get(key)
    data = block.get("data") if isinstance(block, dict) else None
    if not isinstance(data, list) or not all(isinstance(v, (int, float)) for v in data):
        raise SettingsError(f"calibration '{path}': {key}.data: expected a list of numbers, got {data!r}")
    return np.array(data, np.float64)
