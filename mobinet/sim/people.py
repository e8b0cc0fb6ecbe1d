"""People: capsules and ellipsoids with the proportions of a human body, walking.

Lengths are shares of the height (Winter, Biomechanics and Motor Control of Human Movement, 4th edition, figure 4.1).
The gait is driven by the distance gone, one cycle a stride, so feet hardly slide at any speed: the thigh swings
evenly, the knee bends while its thigh swings forward, arms swing against the legs, and the pelvis is as high as the
lower foot allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mobinet.geometry import Transform
from mobinet.sim.interior import SEAT_HEIGHT_M
from mobinet.sim.shapes import Part, Placement, along, in_map, join
from mobinet.sim.trajectory import Motion
from mobinet.sim.world import Look
from mobinet.types import Float64

_THIGH, _SHIN, _ANKLE = 0.245, 0.246, 0.039
_UPPER_ARM, _FOREARM, _HAND = 0.172, 0.157, 0.060
_SHOULDER_Z, _SHOULDER_Y = 0.30, 0.115  # above and beside the hip
_HIP_Y = 0.052
_STRIDE = 0.82
_FULL_SWING_SPEED = 1.2
_THIGH_SWING = np.radians(23.0)
_KNEE_BEND = np.radians(52.0)
# of the rise and fall of the hips, which the spine takes up in part
_RISE_SHARE = 0.6
_HEAD_NOD, _HEAD_LEAN = np.radians(1.2), np.radians(0.6)
_CHEST_NOD, _CHEST_LEAN, _CHEST_TURN = np.radians(1.5), np.radians(1.8), np.radians(4.0)


@dataclass(frozen=True)
class Pose:
    """Joint angles, radians: forward is positive; each ``(2,)`` left and right."""

    thigh: Float64
    knee: Float64
    arm: Float64
    elbow: Float64


def walking_pose(distance: float, speed: float, height: float) -> Pose:
    """The pose after ``distance`` metres at ``speed`` metres per second; at rest, both legs are straight."""
    phase = 2 * np.pi * distance / (_STRIDE * height) + np.array([0.0, np.pi])
    share = min(speed / _FULL_SWING_SPEED, 1.0)
    pace = share * min(max(speed / _FULL_SWING_SPEED, 1.0), 1.5)
    # a wave between cosine and triangle: the leg that carries turns evenly, so its foot stays where it is
    swing = np.arcsin(0.97 * np.cos(phase)) / np.arcsin(0.97)
    lifted = np.maximum(-np.sin(phase), 0.0)  # the thigh moves forward
    return Pose(
        thigh=_THIGH_SWING * pace * swing + np.radians(3.0) * share,
        knee=_KNEE_BEND * pace * lifted + np.radians(6.0) * share,
        arm=-np.radians(20.0) * pace * swing,
        elbow=np.radians(10.0 + 15.0 * pace) * np.ones(2),
    )


def sitting_pose() -> Pose:
    """Thighs level, shins upright, hands on the thighs."""
    return Pose(np.radians([86.0, 84.0]), np.radians([84.0, 88.0]), np.radians([8.0, 12.0]), np.radians([62.0, 56.0]))


def gait_sway(distance: float, speed: float, look: Look, place: str) -> Transform:
    """How what is worn moves with the walker's body: ``moved2still``, in the frame of the body, origin on the ground.

    The height follows the hips, and they the legs. Once a stride, all sways to the side of the foot that
    carries; twice, it nods: Hirasaki, Moore, Raphan, Cohen, Effects of walking velocity on vertical head and body
    movements during locomotion (Experimental Brain Research 127, 1999). The amounts are round numbers of that size.

    Args:
        distance: metres gone.
        speed: metres per second.
        look: of the walker.
        place: one of ``WORN_PLACES``.
    """
    share = min(speed / _FULL_SWING_SPEED, 1.0)
    phase = 2 * np.pi * distance / (_STRIDE * look.height)
    upright = hip_height(look, walking_pose(0.0, 0.0, look.height))
    rise = _RISE_SHARE * (hip_height(look, walking_pose(distance, speed, look.height)) - upright)
    side = 0.018 * share * np.cos(phase)
    nod, lean = (_HEAD_NOD, _HEAD_LEAN) if place == "head" else (_CHEST_NOD, _CHEST_LEAN)
    pitch, roll = share * nod * np.cos(2 * phase), -share * lean * np.cos(phase)
    yaw = 0.0 if place == "head" else share * _CHEST_TURN * np.sin(phase)
    # about the hips for the chest, about the neck for the head
    pivot = np.array([0.0, 0.0, (0.53 if place == "chest" else 0.87) * look.height])
    turn = Transform.from_euler(float(roll), float(pitch), float(yaw), np.zeros(3)).rotation
    return Transform(turn, pivot - turn @ pivot + np.array([0.0, side, rise]))


class PersonBody:
    """Somebody on foot.

    Args:
        look: height, clothes and colours.
        sits: on a seat, and does not walk.
    """

    def __init__(self, look: Look, sits: bool = False) -> None:
        self._look = look
        self._sits = sits

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        return person_parts(self._look)

    def place(self, motion: Motion) -> Placement:
        if self._sits:
            hip = np.array([0.0, 0.0, SEAT_HEIGHT_M + 0.05 * self._look.height])
            return in_map(place_person(self._look, sitting_pose(), hip), motion)
        speed = float(np.linalg.norm(motion.velocity))
        pose = walking_pose(motion.distance, speed, self._look.height)
        return in_map(place_person(self._look, pose), motion)


def person_parts(look: Look) -> tuple[Part, ...]:
    """The solids, in the order of :func:`place_person`."""
    h, w = look.height, look.width
    sleeve = look.shirt if look.long_sleeves else look.skin
    shin = look.skin if look.shorts else look.trousers
    legs = [
        Part("capsule", (0.044 * h * w, _THIGH * h / 2), look.trousers),
        Part("capsule", (0.033 * h * (w if look.shorts else 1.12), _SHIN * h / 2), shin),
        Part("capsule", (0.026 * h, 0.045 * h), look.shoes),
    ]
    arms = [
        Part("capsule", (0.030 * h * w, _UPPER_ARM * h / 2), look.shirt),
        Part("capsule", (0.024 * h * w, _FOREARM * h / 2), sleeve),
        Part("ellipsoid", (0.022 * h, 0.016 * h, 0.042 * h), look.skin),
    ]
    trunk = [
        Part("ellipsoid", (0.066 * h * w, 0.092 * h * w, 0.075 * h), look.trousers),
        Part("ellipsoid", (0.064 * h * w, 0.086 * h * w, 0.15 * h), look.shirt),
        Part("ellipsoid", (0.070 * h * w, 0.108 * h * w, 0.125 * h), look.shirt),
        Part("capsule", (0.036 * h * w, (_SHOULDER_Y - 0.015) * h * w), look.shirt),
        Part("capsule", (0.030 * h, 0.03 * h), look.skin),
        Part("ellipsoid", (0.056 * h, 0.045 * h, 0.066 * h), look.skin),
        Part("ellipsoid", (0.056 * h, 0.049 * h, 0.056 * h), look.hair),
    ]
    backpack = [Part("ellipsoid", (0.06 * h, 0.09 * h, 0.13 * h), look.shoes)] if look.backpack else []
    return (*legs, *legs, *arms, *arms, *trunk, *backpack)


def place_person(look: Look, pose: Pose, hip: Float64 | None = None, lean: float = 0.0) -> Placement:
    """The parts in the body's frame, origin on the ground below the hips.

    Args:
        look: of the person.
        pose: joint angles.
        hip: ``(3,)`` middle of the hips, metres; ``None`` for as high as the lower foot allows.
        lean: of the trunk, forward, radians.
    """
    h = look.height
    hips = np.array([[0.0, _HIP_Y, 0.0], [0.0, -_HIP_Y, 0.0]]) * h
    knees = hips + _THIGH * h * _down(pose.thigh)
    ankles = knees + _SHIN * h * _down(pose.thigh - pose.knee)
    foot_pitch = _foot_pitch(pose)
    if hip is None:
        hip = np.array([0.0, 0.0, hip_height(look, pose)])
    forward = np.column_stack([np.cos(foot_pitch), np.zeros(2), np.sin(foot_pitch)])
    heels = ankles - 0.02 * h * forward
    legs = [(a, b) for i in (0, 1) for a, b in ((hips[i], knees[i]), (knees[i], ankles[i]))]
    feet = [(heels[i], heels[i] + 0.09 * h * forward[i]) for i in (0, 1)]
    segments = [legs[0], legs[1], feet[0], legs[2], legs[3], feet[1]]
    trunk = _place_trunk(look, lean)
    segments += _arm_segments(look, pose, lean)
    limbs = along(np.array([s for s, _ in segments]), np.array([e for _, e in segments]))
    placement = join(limbs, trunk)
    return Placement(placement.positions + hip, placement.rotations)


def hip_height(look: Look, pose: Pose) -> float:
    """How high the lower foot allows the hips to be, metres."""
    legs = _THIGH * _down(pose.thigh) + _SHIN * _down(pose.thigh - pose.knee)
    toes = legs[:, 2] - 0.026 - 0.07 * np.maximum(-np.sin(_foot_pitch(pose)), 0)
    return -float(toes.min()) * look.height


def _foot_pitch(pose: Pose) -> Float64:
    return np.asarray(np.clip(pose.thigh - pose.knee, -0.9, 0.35))


def _arm_segments(look: Look, pose: Pose, lean: float) -> list[tuple[Float64, Float64]]:
    h, found = look.height, []
    for i, side in enumerate((1.0, -1.0)):
        shoulder = np.array([np.sin(lean) * _SHOULDER_Z, side * (_SHOULDER_Y + 0.012) * look.width, 0.0]) * h
        shoulder[2] = np.cos(lean) * _SHOULDER_Z * h
        outward = np.array([0.0, side * 0.07, 0.0])
        upper = _unit(_down(pose.arm)[i] + outward)
        lower = _unit(_down(pose.arm + pose.elbow)[i] + 0.5 * outward)
        elbow = shoulder + _UPPER_ARM * h * upper
        wrist = elbow + _FOREARM * h * lower
        found += [(shoulder, elbow), (elbow, wrist), (wrist, wrist + _HAND * h * lower)]
    return found


def _place_trunk(look: Look, lean: float) -> Placement:
    """Pelvis, belly, chest, shoulders, neck, head, hair and backpack, turned about the hips by ``lean``."""
    h = look.height
    centres: list[tuple[float, float, float]] = [(0, 0, 0.02), (0, 0, 0.13), (0, 0, 0.235), (0, 0, _SHOULDER_Z)]
    centres += [(0, 0, 0.345), (0.012, 0, 0.405), (-0.006, 0, 0.424)]
    if look.backpack:
        centres.append((-0.095, 0, 0.2))
    cos, sin = np.cos(lean), np.sin(lean)
    turn = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    rotations = np.tile(turn, (len(centres), 1, 1))
    # the axis of the capsule across the shoulders is y
    rotations[3] = turn @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return Placement(np.array(centres, np.float64) * h @ turn.T, rotations)


def _down(angles: Float64) -> Float64:
    """``(N, 3)`` unit vectors that hang down, swung forward by ``angles``."""
    return np.column_stack([np.sin(angles), np.zeros(len(angles)), -np.cos(angles)])


def _unit(vector: Float64) -> Float64:
    return np.asarray(vector / np.linalg.norm(vector))
