"""What objects cover of the ground, and how far apart two of them are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.obstacles import CAR_SIZE
from mobinet.sim.world import ObjectClass
from mobinet.types import Float64

_CORNERS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [-1.0, 1.0]])


@dataclass(frozen=True)
class Footprint:
    """A rectangle about the origin of a body, x forward, widened by a radius: a circle, a rectangle, or between.

    Args:
        half_size: of the rectangle along x and y, metres; zeros for a circle.
        radius: metres.
    """

    half_size: tuple[float, float]
    radius: float = 0.0

    @property
    def reach(self) -> float:
        """From the origin to the farthest point, metres."""
        return float(np.hypot(*self.half_size)) + self.radius


FOOTPRINTS: Mapping[ObjectClass, Footprint] = {
    ObjectClass.PERSON: Footprint((0.0, 0.0), 0.25),
    ObjectClass.CYCLIST: Footprint((0.87, 0.25)),
    ObjectClass.CAR: Footprint((CAR_SIZE[0] / 2, CAR_SIZE[1] / 2)),
    ObjectClass.ROBOT: Footprint((0.30, 0.29)),
}


def gaps(first: Footprint, first_poses: Float64, second: Footprint, second_poses: Float64) -> Float64:
    """Shortest distances between two footprints, exact.

    Between two convex polygons apart, a corner of one is nearest to the other; whether they are apart is told by the
    axes of their edges (separating axis theorem; Ericson, Real-Time Collision Detection, 2005, 5.2.1).

    Args:
        first_poses, second_poses: ``(N, 3)`` x, y in metres and heading in radians.

    Returns:
        ``(N,)`` metres, 0 where they touch or overlap.
    """
    to_second, to_first = _relative(first, first_poses, second_poses), _relative(second, second_poses, first_poses)
    distance = np.minimum(_outside(to_second, second).min(axis=1), _outside(to_first, first).min(axis=1))
    apart = np.logical_or(_apart(to_second, second), _apart(to_first, first))
    distance = np.where(apart, distance, 0.0)
    return np.asarray(np.maximum(distance - first.radius - second.radius, 0.0))


def meeting_point(first: Footprint, first_pose: Float64, second: Footprint, second_pose: Float64) -> Float64:
    """``(2,)`` middle between the nearest points of two footprints that do not overlap, poses ``(3,)``."""
    to_second = _nearest(first, first_pose, second, second_pose)
    to_first = _nearest(second, second_pose, first, first_pose)[::-1]
    start, end = min(to_second, to_first, key=lambda pair: float(np.linalg.norm(pair[1] - pair[0])))
    length = float(np.linalg.norm(end - start))
    along = (length + first.radius - second.radius) / (2 * length) if length > 1e-9 else 0.5
    return np.asarray(start + along * (end - start))


def _nearest(owner: Footprint, owner_pose: Float64, other: Footprint, other_pose: Float64) -> tuple[Float64, Float64]:
    """The corner of ``owner`` that is nearest to the rectangle of ``other``, and the point there, in the map."""
    corners = _relative(owner, owner_pose[None], other_pose[None])[0]
    points = np.clip(corners, -np.array(other.half_size), other.half_size)
    best = int(np.linalg.norm(corners - points, axis=1).argmin())
    cos, sin = np.cos(other_pose[2]), np.sin(other_pose[2])
    turn = np.array([[cos, -sin], [sin, cos]])
    return turn @ corners[best] + other_pose[:2], turn @ points[best] + other_pose[:2]


def _relative(owner: Footprint, poses: Float64, other_poses: Float64) -> Float64:
    """``(N, 4, 2)`` corners of ``owner``'s rectangle in the frame of the other one."""
    angle = poses[:, 2] - other_poses[:, 2]
    offset = poses[:, :2] - other_poses[:, :2]
    cos, sin = np.cos(other_poses[:, 2]), np.sin(other_poses[:, 2])
    centre = np.stack([cos * offset[:, 0] + sin * offset[:, 1], cos * offset[:, 1] - sin * offset[:, 0]], axis=1)
    corners = _CORNERS * np.array(owner.half_size)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = np.stack([cos * corners[:, 0] - sin * corners[:, 1], sin * corners[:, 0] + cos * corners[:, 1]], axis=2)
    return np.asarray(centre[:, None, :] + turned)


def _outside(corners: Float64, other: Footprint) -> Float64:
    """``(N, 4)`` distances of corners to the other rectangle, in whose frame they are."""
    beyond = np.maximum(np.abs(corners) - np.array(other.half_size), 0.0)
    return np.asarray(np.hypot(beyond[..., 0], beyond[..., 1]))


def _apart(corners: Float64, other: Footprint) -> NDArray[np.bool_]:
    """``(N,)`` whether an axis of the other rectangle separates the two."""
    half = np.array(other.half_size)
    return np.asarray(((corners.min(axis=1) > half) | (corners.max(axis=1) < -half)).any(axis=1))
