"""From a box in an image to a point on the ground, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Int64


@dataclass(frozen=True)
class GroundSettings:
    """Settings of the projection to the ground; the sigmas are standard deviations of one axis."""

    ground_height_m: float = setting(0.0, "z of the ground plane in the map frame, metres", live=True)
    ground_sigma_m: float = setting(
        0.05, "how far the ground differs from that plane, metres", minimum=0.001, maximum=100.0, live=True
    )
    pixel_sigma: float = setting(
        0.02, "error of the middle of a box's lower edge, as a share of the box's height", minimum=0.0, maximum=1.0,
        live=True,
    )  # fmt: skip
    min_pixel_sigma_px: float = setting(
        1.0, "least error of the middle of a box's lower edge, pixels", minimum=0.01, maximum=1000.0, live=True
    )
    position_sigma_m: float = setting(
        0.03, "error of the camera's position where its pose comes without covariance, metres", minimum=0.0,
        maximum=100.0, live=True,
    )  # fmt: skip
    rotation_sigma_deg: float = setting(
        0.3, "error of the camera's orientation where its pose comes without covariance, degrees", minimum=0.0,
        maximum=90.0, live=True,
    )  # fmt: skip
    timing_sigma_s: float = setting(
        0.02, "error of the image's stamp against the pose's, seconds", minimum=0.0, maximum=10.0, live=True
    )
    object_speed_m_s: float = setting(
        1.5, "usual speed of objects, metres per second", minimum=0.0, maximum=100.0, live=True
    )
    max_range_m: float = setting(
        60.0, "objects farther from the camera are left out, metres", minimum=0.1, maximum=1e5, live=True
    )
    max_sigma_m: float = setting(
        5.0, "objects whose position is known worse are left out, metres", minimum=0.01, maximum=1e5, live=True
    )
    border_px: float = setting(
        2.0, "a box that ends so near to the lower border of the image hides its foot, pixels", minimum=-1e6,
        maximum=1000.0, live=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)


class GroundFlag(IntEnum):
    """Why a box has no point on the ground."""

    OK = 0
    HORIZON = 1  # its foot is at or above the horizon, or the lens has no ray there
    FAR = 2  # farther than max_range_m
    UNSURE = 3  # known worse than max_sigma_m
    CUT = 4  # the image ends before the foot


@dataclass(frozen=True)
class GroundPoints:
    """Where N boxes stand.

    Args:
        positions: ``(N, 3)`` metres, map frame; NaN where ``flags`` is HORIZON.
        covariances: ``(N, 3, 3)`` metres squared, positive definite; NaN likewise.
        flags: ``(N,)`` values of GroundFlag; only OK points are to be used.
    """

    positions: Float64
    covariances: Float64
    flags: Int64


@dataclass(frozen=True)
class CameraPose:
    """Where a camera was when the image was exposed, and how well that is known.

    Args:
        camera2map: optical frame to map.
        covariance: ``(6, 6)`` of position (metres, map axes) and of a small rotation about the map's axes (radians,
            at the camera's centre); ``None`` takes the settings' sigmas.
        velocity: ``(6,)`` of the camera in map axes: metres per second, radians per second; zero if ``None``.
    """

    camera2map: Transform
    covariance: Float64 | None = None
    velocity: Float64 | None = None


def project_feet(boxes: Float32, camera: CameraModel, pose: CameraPose, settings: GroundSettings) -> GroundPoints:
    """The foot points of boxes (middle of the lower edge) on the plane ``z = h`` of the map.

    With the camera's centre ``c``, the ray ``d = R r(u, v)`` and ``s = (h - c_z) / d_z``, the point is
    ``p = c + s d``. Let ``P = I - d e_z' / d_z``, the projection along ``d`` onto the plane. Then, to first order::

        dp/du = s P R dr/du      (r' by central differences through the lens model)
        dp/dc = P
        dp/dw = -s P [d]x        (w: a small rotation of the camera about the map's axes)
        dp/dh = d / d_z
        dp/dt = P v + dp/dw w'   (the camera moves by v, w' between the pose's true time and its stamp)

    and the covariance is ``sum J S J'`` over these, plus ``(object speed * timing sigma)^2`` in the plane. It is the
    usual propagation of covariance (Hartley and Zisserman, Multiple view geometry, 2nd ed., section 5.2).

    Args:
        boxes: ``(N, 4)`` xyxy pixels.

    Raises:
        InputError: a pose or its covariance is not finite or of the wrong shape.
    """
    boxes64: Float64 = np.asarray(boxes, np.float64).reshape(-1, 4)
    feet = np.column_stack([(boxes64[:, 0] + boxes64[:, 2]) / 2, boxes64[:, 3]])
    rotation, centre = _checked(pose.camera2map)
    rays = camera.pixels_to_rays(feet) @ rotation.T
    below = settings.ground_height_m - centre[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = below / rays[:, 2]
    hits = np.isfinite(scales) & (scales > 0)
    positions = np.full((len(feet), 3), np.nan)
    covariances = np.full((len(feet), 3, 3), np.nan)
    if hits.any():
        rays, scales = rays[hits], scales[hits]
        positions[hits] = centre + scales[:, None] * rays
        sigma_px = np.maximum(settings.pixel_sigma * (boxes64[hits, 3] - boxes64[hits, 1]), settings.min_pixel_sigma_px)
        slopes = _ray_slopes(feet[hits], camera) @ rotation.T
        covariances[hits] = _covariances(rays, scales, slopes, sigma_px, pose, settings)
    flags = _flags(boxes64, positions, covariances, centre, camera, settings)
    return GroundPoints(positions, covariances, flags)


def _covariances(
    rays: Float64, scales: Float64, slopes: Float64, sigma_px: Float64, pose: CameraPose, settings: GroundSettings
) -> Float64:
    """``(M, 3, 3)``; rays ``(M, 3)`` and slopes ``(M, 2, 3)`` in map axes."""
    onto_plane = np.eye(3) - rays[:, :, None] * np.array([0.0, 0.0, 1.0]) / rays[:, 2, None, None]
    by_pixel = scales[:, None, None] * onto_plane @ slopes.transpose(0, 2, 1)
    by_rotation = -scales[:, None, None] * onto_plane @ _cross_matrices(rays)
    by_pose = np.concatenate([onto_plane, by_rotation], axis=2)
    by_height = rays / rays[:, 2:]
    result = sigma_px[:, None, None] ** 2 * by_pixel @ by_pixel.transpose(0, 2, 1)
    result = result + by_pose @ _pose_covariance(pose, settings) @ by_pose.transpose(0, 2, 1)
    result = result + settings.ground_sigma_m**2 * by_height[:, :, None] * by_height[:, None, :]
    if pose.velocity is not None:
        drift = by_pose @ np.asarray(pose.velocity, np.float64)
        result = result + settings.timing_sigma_s**2 * drift[:, :, None] * drift[:, None, :]
    moved = (settings.object_speed_m_s * settings.timing_sigma_s) ** 2
    result = result + np.diag([moved, moved, 0.0])
    covariances: Float64 = (result + result.transpose(0, 2, 1)) / 2
    return covariances


def _pose_covariance(pose: CameraPose, settings: GroundSettings) -> Float64:
    if pose.covariance is None:
        rotation = np.radians(settings.rotation_sigma_deg)
        return np.diag([settings.position_sigma_m**2] * 3 + [rotation**2] * 3)
    covariance: Float64 = np.asarray(pose.covariance, np.float64)
    if covariance.shape != (6, 6) or not np.isfinite(covariance).all():
        raise InputError(f"pose covariance: expected 6 x 6 finite numbers, got shape {covariance.shape}")
    return covariance


def _ray_slopes(feet: Float64, camera: CameraModel) -> Float64:
    """``(M, 2, 3)``: change of the ray per pixel in x and in y, in the optical frame; 0 beside a lens's limit."""
    half = 0.5
    around = [camera.pixels_to_rays(feet + step) for step in half * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])]
    slopes = np.stack([around[0] - around[1], around[2] - around[3]], axis=1) / (2 * half)
    return np.nan_to_num(slopes)


def _flags(
    boxes: Float64,
    positions: Float64,
    covariances: Float64,
    centre: Float64,
    camera: CameraModel,
    settings: GroundSettings,
) -> Int64:
    hits = np.isfinite(positions).all(axis=1)
    flags = np.full(len(boxes), int(GroundFlag.HORIZON), np.int64)
    flags[hits] = GroundFlag.OK
    sigmas = np.sqrt(np.trace(covariances[hits, :2, :2], axis1=1, axis2=2))
    ranges = np.linalg.norm(positions[hits] - centre, axis=1)
    flags[hits] = np.where(sigmas > settings.max_sigma_m, GroundFlag.UNSURE, flags[hits])
    flags[hits] = np.where(ranges > settings.max_range_m, GroundFlag.FAR, flags[hits])
    flags[boxes[:, 3] >= camera.height - settings.border_px] = GroundFlag.CUT
    return flags


def _checked(camera2map: Transform) -> tuple[Float64, Float64]:
    rotation, centre = camera2map.rotation, camera2map.translation
    if not (np.isfinite(rotation).all() and np.isfinite(centre).all()):
        raise InputError(f"camera pose: expected finite numbers, got translation {centre}; check the camera's tf")
    return rotation, centre


def _cross_matrices(vectors: Float64) -> Float64:
    """``(M, 3, 3)`` with ``[v]x w = v x w``."""
    result = np.zeros((len(vectors), 3, 3))
    x, y, z = vectors.T
    result[:, 0, 1], result[:, 0, 2] = -z, y
    result[:, 1, 0], result[:, 1, 2] = z, -x
    result[:, 2, 0], result[:, 2, 1] = -y, x
    return result
