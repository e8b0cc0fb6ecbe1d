"""Boxes of one camera in the image of another one that is mounted beside it, and how well they are known there.

A box has no depth, but where it lies in the other image depends on it: parallax is focal length times baseline over
depth. Depth is therefore a distribution, and the box and its error are moments of what it is mapped to. Cameras in one
place have no parallax, and the mapping is their rotation and their lenses alone (Hartley and Zisserman, Multiple view
geometry, 2nd ed., sections 8.4 and 9.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mobinet.boxes import xyxy_to_cxcywh
from mobinet.camera import CameraModel
from mobinet.errors import InputError, SettingsError
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Int64

# Image coordinates count from the upper left corner of the first pixel in boxes, and from its middle in camera models.
_CORNER_TO_CENTRE = 0.5
# A box is mapped by points on the ellipse inside it: what is upright in both images keeps its width when one is tilted.
_ANGLES = np.arange(16) * (2 * np.pi / 16)
# Depths at which a box is mapped: nodes and weights of a mean over a normal distribution.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# Ground is not flat, and objects do not stand in the middle of their foot: its depth is not known better than this.
_LEAST_GROUND_SIGMA = 0.05
_BORDER_PX = 2.0
# Standard deviations of the middle and of the size of a box that is cut, in its size.
_CUT_CENTRE, _CUT_SIZE = 0.25, 0.5
# Boxes of which less is in the other's image are left out; a side has at least a pixel.
_LEAST_SHARE, _LEAST_SIDE_PX = 0.25, 1.0


@dataclass(frozen=True)
class SisterSettings:
    """How well the boxes of a sister camera are known.

    Raises:
        SettingsError: a value is out of range, or ``sister_nearest_m`` is not below ``sister_depth_m``.
    """

    sister_nearest_m: float = setting(
        1.5, "objects are hardly nearer to the sister camera than this, metres", minimum=0.01, maximum=1e4
    )
    sister_depth_m: float = setting(
        6.0, "usual distance of objects where the ground does not tell it, metres", minimum=0.01, maximum=1e4
    )
    sister_centre_noise: float = setting(
        0.1, "standard deviation of the middle of its boxes, in their width and height", minimum=0.001, maximum=10.0
    )
    sister_size_noise: float = setting(
        0.2, "standard deviation of the width and height of its boxes, in their width and height", minimum=0.001,
        maximum=10.0,
    )  # fmt: skip
    sister_calibration_px: float = setting(
        1.5, "error of the calibration between the two, in pixels of the camera that is mapped to", minimum=0.0,
        maximum=1000.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)
        if self.sister_nearest_m >= self.sister_depth_m:
            raise SettingsError(
                f"expected sister_nearest_m below sister_depth_m, got {self.sister_nearest_m} and {self.sister_depth_m}"
            )

    @property
    def log_depth_sigma(self) -> float:
        """Of the logarithm of depth: the nearest one is two of them from the usual one."""
        return float(np.log(self.sister_depth_m / self.sister_nearest_m) / 2)


class MappedBoxes(NamedTuple):
    """K of M boxes, those that lie in the image.

    ``boxes``: ``(K, 4)`` float32 xyxy pixels, cut at the image's border. ``sigmas``: ``(K, 4)`` standard deviations of
    cx, cy, w, h, pixels. ``rows``: ``(K,)`` which of the M boxes they are.
    """

    boxes: Float32
    sigmas: Float64
    rows: Int64


class SisterCamera:
    """Maps boxes of a sister camera, e.g. an event camera, to the image of the camera beside it.

    Args:
        camera: to whose image boxes are mapped.
        sister: whose boxes are mapped.
        sister2camera: from the sister's optical frame to the camera's.
        settings: depth, noise of the boxes, and error of the calibration.

    Raises:
        InputError: the transform is not finite, or turns the sister away from where the camera looks.
    """

    def __init__(
        self,
        camera: CameraModel,
        sister: CameraModel,
        sister2camera: Transform,
        settings: SisterSettings = SisterSettings(),
    ) -> None:
        if not (np.isfinite(sister2camera.rotation).all() and np.isfinite(sister2camera.translation).all()):
            raise InputError(f"sister2camera: expected finite numbers, got {sister2camera}")
        if sister2camera.rotation[2, 2] <= 0:
            raise InputError(
                "sister2camera: the sister looks away from the camera by more than 90 degrees; are both frames optical "
                "ones (z forward), and is it the transform from the sister's to the camera's?"
            )
        self.camera, self.sister, self.sister2camera, self.settings = camera, sister, sister2camera, settings

    def map(self, boxes: Float32, camera2map: Transform | None = None) -> MappedBoxes:
        """Boxes of the sister's image in that of the camera, at the same time.

        Depth is log-normal: as the settings say, and as the foot of a box says where it stands on the ground. A box
        that the border of the sister's image cuts, where the camera's image goes on, is known badly in that direction
        and says nothing of the ground. Boxes of which less than a quarter is in the camera's image are left out.

        Args:
            boxes: ``(M, 4)`` xyxy pixels of the sister's image.
            camera2map: pose of the camera's optical frame, the ground at z = 0; ``None`` where it is not known.
        """
        boxes64 = np.asarray(boxes, np.float64).reshape(-1, 4)
        if not len(boxes64):
            return MappedBoxes(np.zeros((0, 4), np.float32), np.zeros((0, 4)), np.zeros(0, np.int64))
        rays = self._rays(_outlines(boxes64)).reshape(len(boxes64), len(_ANGLES), 3)
        depths, sigmas = self._depths(boxes64, camera2map)
        mapped = np.stack([self._map_at(rays, depths * np.exp(node * sigmas)) for node in _NODES])
        middle = np.einsum("k,kmi->mi", _WEIGHTS, mapped)
        parallax = np.einsum("k,kmi->mi", _WEIGHTS, (mapped - middle) ** 2)
        variances = parallax + self._own_variances(middle) + self._cut_variances(boxes64, middle)
        return self._in_image(middle, np.sqrt(variances))

    def map_points(self, pixels: Float64, depths_m: Float64) -> Float64:
        """``(N, 2)`` pixels of the sister's image, box coordinates, in that of the camera; NaN where they are not seen.

        Args:
            depths_m: ``(N,)`` along the sister's optical axis, metres.
        """
        points = self._rays(pixels) * np.asarray(depths_m)[:, None]
        return self.camera.project(self.sister2camera.apply(points)) + _CORNER_TO_CENTRE

    def _rays(self, pixels: Float64) -> Float64:
        """``(N, 3)`` directions in the sister's frame whose third number is 1."""
        rays = self.sister.pixels_to_rays(np.asarray(pixels, np.float64) - _CORNER_TO_CENTRE)
        with np.errstate(invalid="ignore", divide="ignore"):
            unit: Float64 = np.where(rays[:, 2:] > 1e-6, rays / rays[:, 2:], np.nan)
        return unit

    def _map_at(self, rays: Float64, depths: Float64) -> Float64:
        """``(M, 4)`` cx, cy, w, h of outlines ``(M, P, 3)`` at depths ``(M,)``; NaN where a point is not seen."""
        points = self.sister2camera.apply(rays * depths[:, None, None]).reshape(-1, 3)
        points[~np.isfinite(points).all(axis=1)] = (0.0, 0.0, -1.0)  # projected to NaN, as what is behind the camera
        pixels = (self.camera.project(points) + _CORNER_TO_CENTRE).reshape(*rays.shape[:2], 2)
        return xyxy_to_cxcywh(np.concatenate((pixels.min(axis=1), pixels.max(axis=1)), axis=1))

    def _depths(self, boxes: Float64, camera2map: Transform | None) -> tuple[Float64, Float64]:
        """``(M,)`` medians in metres, and ``(M,)`` standard deviations of their logarithms."""
        usual, spread = np.log(self.settings.sister_depth_m), self.settings.log_depth_sigma
        count = len(boxes)
        if camera2map is None:
            return np.full(count, self.settings.sister_depth_m), np.full(count, spread)
        ground, ground_sigma = self._ground_depths(boxes, camera2map @ self.sister2camera)
        share = np.where(np.isfinite(ground_sigma), spread**2 / (spread**2 + ground_sigma**2), 0.0)
        depths = np.exp(usual + share * (np.where(share > 0, ground, usual) - usual))
        return depths, spread * np.sqrt(1 - share)

    def _ground_depths(self, boxes: Float64, sister2map: Transform) -> tuple[Float64, Float64]:
        """``(M,)`` logarithms of the depth at which boxes stand, and their errors; infinite where none is known."""
        heights = boxes[:, 3] - boxes[:, 1]
        noise = self.settings
        foot_px = heights * np.hypot(noise.sister_centre_noise, 0.5 * noise.sister_size_noise)
        columns = 0.5 * (boxes[:, 0] + boxes[:, 2])
        logs = [
            self._log_depth(np.column_stack((columns, boxes[:, 3] + shift)), sister2map)
            for shift in (-foot_px, np.zeros(len(boxes)), foot_px)
        ]
        sigmas = np.maximum(0.5 * np.abs(logs[0] - logs[2]), _LEAST_GROUND_SIGMA)
        sigmas[boxes[:, 3] >= self.sister.height - _BORDER_PX] = np.inf  # its foot is not seen
        sigmas[~np.isfinite(sigmas)] = np.inf
        return logs[1], sigmas

    def _log_depth(self, feet: Float64, sister2map: Transform) -> Float64:
        """``(N,)`` of points on the ground, along the sister's axis; NaN at and above the horizon."""
        falls = self._rays(feet) @ sister2map.rotation[2]
        with np.errstate(invalid="ignore", divide="ignore"):
            depths: Float64 = np.log(-sister2map.translation[2] / falls)
        return depths

    def _own_variances(self, mapped: Float64) -> Float64:
        """``(M, 4)`` of the detector and of the calibration: its noise grows as the boxes do."""
        sizes, noise = mapped[:, 2:], self.settings
        own = np.concatenate((noise.sister_centre_noise * sizes, noise.sister_size_noise * sizes), axis=1)
        return own**2 + noise.sister_calibration_px**2

    def _cut_variances(self, boxes: Float64, mapped: Float64) -> Float64:
        """``(M, 4)`` for boxes that end where the sister's image does and the camera's does not."""
        size = np.array((self.sister.width, self.sister.height))
        low, high = boxes[:, :2] <= _BORDER_PX, boxes[:, 2:] >= size - _BORDER_PX
        half, limits = 0.5 * mapped[:, 2:], np.array((self.camera.width, self.camera.height))
        cut = low & (mapped[:, :2] - half > _BORDER_PX) | high & (mapped[:, :2] + half < limits - _BORDER_PX)
        unknown = cut * mapped[:, 2:]
        return np.concatenate((_CUT_CENTRE * unknown, _CUT_SIZE * unknown), axis=1) ** 2

    def _in_image(self, mapped: Float64, sigmas: Float64) -> MappedBoxes:
        """Cuts boxes cx, cy, w, h at the border and drops those that hardly reach into the image."""
        half = 0.5 * mapped[:, 2:]
        limits = np.array((self.camera.width, self.camera.height))
        with np.errstate(invalid="ignore"):
            corners = np.concatenate(
                (np.clip(mapped[:, :2] - half, 0, limits), np.clip(mapped[:, :2] + half, 0, limits)), axis=1
            )
            sides = corners[:, 2:] - corners[:, :2]
            large, inside = sides.min(axis=1) >= _LEAST_SIDE_PX, sides.prod(axis=1) / mapped[:, 2:].prod(axis=1)
            (rows,) = (large & (inside >= _LEAST_SHARE)).nonzero()
        return MappedBoxes(corners[rows].astype(np.float32), sigmas[rows], rows)


def _outlines(boxes: Float64) -> Float64:
    """``(M * P, 2)`` points on the ellipses inside of ``(M, 4)`` boxes xyxy."""
    middle, half = 0.5 * (boxes[:, :2] + boxes[:, 2:]), 0.5 * (boxes[:, 2:] - boxes[:, :2])
    circle = np.column_stack((np.cos(_ANGLES), np.sin(_ANGLES)))
    outlines: Float64 = middle[:, None] + circle * half[:, None]
    return outlines.reshape(-1, 2)
