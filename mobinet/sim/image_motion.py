"""How far things move in a camera's image within a time, from geometry alone: nothing is rendered.

Moving objects are followed by the corners of the boxes around their parts, limbs by their ends, since how they turn
about their axis cannot be seen; scenery by corners and by the points that a coarse grid of the image's rays hits first,
which stand for what is near. What is hidden counts too, so the answer is rather too large. Shadows, and scenery between
the rays that is nearer than at them, are not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mobinet.geometry import Transform
from mobinet.sim.actors import fixtures_of
from mobinet.sim.meshes import bounding_corners
from mobinet.sim.scene import FAR_M, NEAR_M
from mobinet.sim.shapes import Part, Placement, join
from mobinet.types import Float64

if TYPE_CHECKING:
    # it makes one of these for each camera with an exposure
    from mobinet.sim.simulation import CameraView, Simulation

_GRID = (9, 7)
# points this little out of the image still count: what they belong to may be in it
_MARGIN = 0.1


class ImageMotion:
    """Motion in the image of one camera of a simulation."""

    def __init__(self, simulation: Simulation, view: CameraView) -> None:
        self._simulation, self._view = simulation, view
        # the camera does not see the one that carries it
        self._actors = [actor for actor in simulation.actors if actor.name != view.robot.name]
        self._points = [np.array([_outline(part) for part in actor.body.parts]) for actor in self._actors]
        fixtures = fixtures_of(simulation.world)
        parts = [part for fixture in fixtures for part in fixture.parts]
        self._scenery = join(*(fixture.placement for fixture in fixtures))
        self._half = np.array([bounding_corners(part).max(axis=0) for part in parts])
        # a plane is a surface without depth
        self._half[[part.shape == "plane" for part in parts], 2] = 0.0
        self._middle = np.array([bounding_corners(part).mean(axis=0) for part in parts])
        self._scenery_corners = _in_map(self._scenery, np.array([bounding_corners(part) for part in parts]))
        # where the actors were at the times that were asked for last: several ends are tried for one start, and the
        # last of them is the next start
        self._placed: dict[int, Float64] = {}
        camera = view.lens.pinhole
        columns, rows = np.meshgrid(*(np.linspace(0, n - 1, g) for n, g in zip(view.size, _GRID, strict=True)))
        self._rays = camera.pixels_to_rays(np.column_stack([columns.ravel(), rows.ravel()]))

    def displacement_px(self, start_ns: int, end_ns: int) -> float:
        """The furthest that anything in the image moves between two times, pixels."""
        before, after = (self._simulation.optical_pose(self._view, time) for time in (start_ns, end_ns))
        farthest = self._actors_displacement(before, after, start_ns, end_ns)
        if np.array_equal(before.rotation, after.rotation) and np.array_equal(before.translation, after.translation):
            return farthest
        points = np.concatenate([self._scenery_corners, self._seen_points(before)])
        return max(farthest, self._displacement(before, after, points, points))

    def _actors_displacement(self, before: Transform, after: Transform, start_ns: int, end_ns: int) -> float:
        self._placed = {time: self._actors_points(time) for time in (start_ns, end_ns)}
        return self._displacement(before, after, self._placed[start_ns], self._placed[end_ns])

    def _actors_points(self, time_ns: int) -> Float64:
        """``(N, 3)`` points that outline all parts of all actors, in the map."""
        if time_ns in self._placed:
            return self._placed[time_ns]
        placed = (actor.body.place(actor.trajectory.at(time_ns)) for actor in self._actors)
        return np.concatenate([np.zeros((0, 3)), *map(_in_map, placed, self._points)])

    def _displacement(self, before: Transform, after: Transform, starts: Float64, ends: Float64) -> float:
        """Of points ``(N, 3)`` in the map that are in the image before or after."""
        first, seen_first = self._pixels(before, starts)
        last, seen_last = self._pixels(after, ends)
        seen = seen_first | seen_last
        return float(np.linalg.norm(last - first, axis=1)[seen].max(initial=0.0))

    def _pixels(self, optical2map: Transform, points: Float64) -> tuple[Float64, NDArray[np.bool_]]:
        """Where points ``(N, 3)`` are in the image, and which of them are in it."""
        camera = self._view.lens.pinhole
        seen = optical2map.inverse().apply(points)
        depth = np.maximum(seen[:, 2], NEAR_M)
        pixels = seen[:, :2] / depth[:, None] * np.diag(camera.matrix)[:2] + camera.matrix[:2, 2]
        size = np.array([camera.width, camera.height])
        inside = (np.abs(pixels - (size - 1) / 2) <= size * (0.5 + _MARGIN)).all(axis=1) & (seen[:, 2] > NEAR_M)
        return pixels, inside

    def _seen_points(self, optical2map: Transform) -> Float64:
        """``(R, 3)`` where the rays of the grid first hit the box around a piece of scenery, or far away."""
        directions = self._rays @ optical2map.rotation.T
        # each ray in the frame of each box: the slab method (Kay and Kajiya, Ray tracing complex scenes, 1986)
        turned = np.einsum("pji,rj->rpi", self._scenery.rotations, directions)
        offset = np.einsum("pji,pj->pi", self._scenery.rotations, optical2map.translation - self._scenery.positions)
        offset -= self._middle
        half = self._half - self._middle
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([(-half - offset) / turned, (half - offset) / turned])
        enter = np.nanmax(ends.min(axis=0), axis=2)
        leave = np.nanmin(ends.max(axis=0), axis=2)
        hit = np.where((enter <= leave) & (enter > NEAR_M), enter, FAR_M)
        return np.asarray(optical2map.translation + directions * hit.min(axis=1)[:, None])


def _outline(part: Part) -> Float64:
    """``(8, 3)`` points that move as a part does, in its frame."""
    corners = bounding_corners(part)
    return corners * (0.0, 0.0, 1.0) if part.shape in ("capsule", "cylinder") else corners


def _in_map(placement: Placement, points: Float64) -> Float64:
    """``(P * 8, 3)`` points ``(P, 8, 3)`` of parts, from the parts' frames to the map."""
    turned = np.einsum("pij,pkj->pki", placement.rotations, points) + placement.positions[:, None, :]
    return np.asarray(turned.reshape(-1, 3))
