"""Rigid transforms. A transform named ``camera2map`` takes points in the camera's frame to the map's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.errors import InputError
from mobinet.types import Float64


@dataclass(frozen=True)
class Transform:
    """A rotation and a translation: ``p_target = rotation @ p_source + translation``.

    Args:
        rotation: ``(3, 3)`` float64, orthonormal.
        translation: ``(3,)`` float64, metres.
    """

    rotation: Float64
    translation: Float64

    @classmethod
    def identity(cls) -> Transform:
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_quaternion(cls, xyzw: Float64, translation: Float64) -> Transform:
        """From a quaternion ``(x, y, z, w)`` of any non-zero length; raises InputError otherwise."""
        quaternion = np.asarray(xyzw, np.float64)
        norm = float(np.linalg.norm(quaternion))
        if quaternion.shape != (4,) or not np.isfinite(norm) or norm < 1e-9:
            raise InputError(f"quaternion: expected four finite numbers x, y, z, w, not all zero, got {quaternion}")
        x, y, z, w = quaternion / norm
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return cls(rotation, np.asarray(translation, np.float64))

    @classmethod
    def from_euler(cls, roll: float, pitch: float, yaw: float, translation: Float64) -> Transform:
        """From fixed-axis roll, pitch, yaw in radians (REP 103)."""
        cr, sr, cp, sp, cy, sy = (f(a) for a in (roll, pitch, yaw) for f in (np.cos, np.sin))
        rotation = np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )
        return cls(rotation, np.asarray(translation, np.float64))

    def quaternion(self) -> Float64:
        """``(4,)`` unit quaternion x, y, z, w with w >= 0."""
        m = self.rotation
        # the largest of the four squared components is computed directly, the others from it: stable everywhere
        squares = np.array([1 + m[0, 0] - m[1, 1] - m[2, 2], 1 - m[0, 0] + m[1, 1] - m[2, 2]])
        squares = np.append(squares, [1 - m[0, 0] - m[1, 1] + m[2, 2], 1 + m[0, 0] + m[1, 1] + m[2, 2]])
        largest = int(np.argmax(squares))
        scale = 0.5 / np.sqrt(squares[largest])
        x, y, z, w = (
            (squares[0], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]),
            (m[0, 1] + m[1, 0], squares[1], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]),
            (m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], squares[2], m[1, 0] - m[0, 1]),
            (m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], squares[3]),
        )[largest]
        quaternion: Float64 = np.array([x, y, z, w]) * (scale if w >= 0 else -scale)
        return quaternion

    def interpolate(self, other: Transform, fraction: float) -> Transform:
        """The transform ``fraction`` (0..1) of the way to ``other``: translation linear, rotation spherical.

        Spherical linear interpolation: Shoemake, Animating rotation with quaternion curves, 1985.
        """
        start, end = self.quaternion(), other.quaternion()
        cosine = float(start @ end)
        if cosine < 0:  # the same rotation, on the near side of the sphere
            end, cosine = -end, -cosine
        angle = np.arccos(min(cosine, 1.0))
        if angle < 1e-6:
            blend = start + fraction * (end - start)
        else:
            blend = np.sin((1 - fraction) * angle) * start + np.sin(fraction * angle) * end
        translation = (1 - fraction) * self.translation + fraction * other.translation
        return Transform.from_quaternion(blend, translation)

    def apply(self, points: Float64) -> Float64:
        """``(..., 3)`` points in the source frame to the target frame."""
        return points @ self.rotation.T + self.translation

    def inverse(self) -> Transform:
        return Transform(self.rotation.T, -self.rotation.T @ self.translation)

    def __matmul__(self, other: Transform) -> Transform:
        """``(b2c @ a2b)`` is ``a2c``."""
        return Transform(self.rotation @ other.rotation, self.apply(other.translation))


# Axes of a camera's body frame (REP 103: x forward, y left, z up) from those of its optical frame (x right, y down,
# z forward).
OPTICAL2BODY = Transform(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))
