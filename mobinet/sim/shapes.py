"""Simple solids that everything in the world is made of, and where they are at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from mobinet.sim.trajectory import Motion
from mobinet.sim.world import Colour
from mobinet.types import Float64


@dataclass(frozen=True)
class Part:
    """One solid.

    Args:
        shape: "capsule" and "cylinder" (radius, half of the straight length, axis z), "ellipsoid" and "box" (half
            axes), "plane" (half sizes x and y, spacing 0.1), or "mesh".
        size: metres, as the shape needs.
        colour: of the surface, multiplied with its texture.
        texture: a name of :mod:`mobinet.sim.textures`, empty for a plain surface; laid over the solid's x and y.
        mesh: a name of :mod:`mobinet.sim.meshes` for the shape "mesh", whose ``size`` is not used.
        shine: 0 (cloth) to 1 (car paint).
        glow: light that the surface gives off itself, 0..1.
    """

    shape: str
    size: tuple[float, ...]
    colour: Colour
    texture: str = ""
    mesh: str = ""
    shine: float = 0.0
    glow: float = 0.0


class Placement(NamedTuple):
    """Poses of P parts in the map: ``positions`` ``(P, 3)`` metres, ``rotations`` ``(P, 3, 3)``."""

    positions: Float64
    rotations: Float64


class Body(Protocol):
    """Something made of parts whose poses follow from its motion."""

    @property
    def parts(self) -> tuple[Part, ...]: ...

    def place(self, motion: Motion) -> Placement:
        """The parts' poses in the map."""
        ...


@dataclass(frozen=True)
class RigidBody:
    """Parts that keep their places in the frame of the body (x forward, y left, z up, origin on the ground)."""

    parts: tuple[Part, ...]
    placement: Placement

    def place(self, motion: Motion) -> Placement:
        return in_map(self.placement, motion)


def in_map(placement: Placement, motion: Motion) -> Placement:
    """A placement in the frame of a body that stands at ``motion``, in the map."""
    turn = rotation_z(motion.heading)
    return Placement(placement.positions @ turn.T + motion.position, turn @ placement.rotations)


def rotation_z(angle: float) -> Float64:
    """``(3, 3)`` rotation about z by ``angle`` radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def along(starts: Float64, ends: Float64) -> Placement:
    """Solids whose z axis runs from ``starts`` to ``ends``, both ``(P, 3)``, centred between; x stays near forward."""
    axes = ends - starts
    axes = axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-9)
    # a reference that is never parallel to the axis: forward for upright solids, up for those that lie
    lying = np.abs(axes[:, 0]) > 0.9
    reference = np.where(lying[:, None], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    x = reference - (reference * axes).sum(axis=1, keepdims=True) * axes
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rotations = np.stack([x, np.cross(axes, x), axes], axis=2)
    return Placement((starts + ends) / 2, rotations)


def join(*placements: Placement) -> Placement:
    """All parts of several placements, in order."""
    return Placement(
        np.concatenate([placement.positions for placement in placements]),
        np.concatenate([placement.rotations for placement in placements]),
    )


def upright(positions: list[tuple[float, float, float]]) -> Placement:
    """Solids at ``positions`` whose axes are those of the body."""
    return Placement(np.array(positions, np.float64).reshape(-1, 3), np.tile(np.eye(3), (len(positions), 1, 1)))
