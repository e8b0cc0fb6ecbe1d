"""A controller, a camera and a target in a loop: images arrive late, and so do their boxes."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from following.scenes import Scene
from mobinet.camera import CameraModel
from mobinet.geometry import OPTICAL2BODY
from mobinet.targets.ptz import PtzController
from mobinet.targets.ptz_base import PtzState, direction_to_angles, wrapped
from mobinet.targets.ptz_mount import PtzMount
from mobinet.targets.ptz_settings import PtzSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Float64, Frame, Target, TargetState

STEP_S = 1 / 30


class Contender(Protocol):
    """Something that turns a camera.

    Args:
        aimed: whether the camera looks at the target at the beginning; at home otherwise.
    """

    aimed: bool

    def observe(self, target: Target, camera: CameraModel, now_ns: int, /) -> None:
        """What is known of an image that arrives now."""

    def rates(self, state: PtzState, /) -> tuple[float, float, float]:
        """Of pan, tilt and ln(zoom), given what the camera measures now."""


class Ours:
    """``PtzController``, told what the camera can do."""

    aimed = True

    def __init__(self, settings: PtzSettings) -> None:
        self._controller = PtzController(settings)

    def observe(self, target: Target, camera: CameraModel, now_ns: int) -> None:
        self._controller.observe(target, camera, now_ns)

    def rates(self, state: PtzState) -> tuple[float, float, float]:
        self._controller.measure(state)
        command = self._controller.command(state.stamp_ns)
        return command.pan_rate, command.tilt_rate, command.zoom_rate


class POnly:
    """Rates in proportion to the angle of the newest box against the middle of its image; still without a box."""

    aimed = True

    def __init__(self, gain: float) -> None:
        self._gain = gain
        self._rates = (0.0, 0.0, 0.0)

    def observe(self, target: Target, camera: CameraModel, _now_ns: int) -> None:
        if target.box is None:
            self._rates = (0.0, 0.0, 0.0)
            return
        x, y = (target.box[:2] + target.box[2:]) / 2
        right = math.atan((x - (camera.width - 1) / 2) / camera.matrix[0, 0])
        down = math.atan((y - (camera.height - 1) / 2) / camera.matrix[1, 1])
        self._rates = (-self._gain * right, -self._gain * down, 0.0)

    def rates(self, _state: PtzState) -> tuple[float, float, float]:
        return self._rates


class Fixed:
    """Never moves."""

    aimed = False

    def observe(self, _target: Target, _camera: CameraModel, _now_ns: int) -> None:
        pass

    def rates(self, _state: PtzState) -> tuple[float, float, float]:
        return 0.0, 0.0, 0.0


@dataclass(frozen=True)
class Outcome:
    """A run.

    Args:
        central: share of the images in which the middle of the target is in the central third, both ways.
        in_view: share with the middle of the target in the picture.
        rms_deg: root mean square of the angle between the middle of the picture and that of the target.
        travel_deg: how far pan and tilt went, together.
        jerk_deg: root mean square of the third derivative of pan and tilt, degrees per second cubed.
        height: mean height of the target, share of the picture's.
        errors_deg: ``(N, 3)`` seconds, pan error and tilt error.
    """

    central: float
    in_view: float
    rms_deg: float
    travel_deg: float
    jerk_deg: float
    height: float
    errors_deg: Float64


def run(
    scene: Scene,
    contender: Contender,
    latency_s: float,
    noise: float = 0.03,
    seed: int = 1,
    tracker: TargetTracker | None = None,
) -> Outcome:
    """One contender on one scene.

    Args:
        latency_s: from the exposure of an image to its box at the contender.
        noise: of boxes, standard deviation, heights of the target.
        tracker: follows the target in the scene's images, from its first true box; without, boxes are true ones with
            noise.
    """
    draw, mount = np.random.default_rng(seed), scene.new_mount()
    if contender.aimed:
        mount = PtzMount(replace(mount.settings, home_deg=scene.first_aim_deg))
    waiting: deque[tuple[int, Target, CameraModel]] = deque()
    states: list[PtzState] = []
    seen: list[tuple[float, float, float]] = []
    errors: list[tuple[float, float, float]] = []
    next_image = 0
    for step in range(int(scene.seconds / STEP_S)):
        now_ns = round(step * STEP_S * 1e9)
        while round(next_image / scene.rate * 1e9) <= now_ns:
            stamp_ns = round(next_image / scene.rate * 1e9)
            state, next_image = mount.at(stamp_ns), next_image + 1
            camera = scene.camera(state)
            box, visible = scene.box(stamp_ns, state)
            if tracker is None:
                target = _target(stamp_ns, box, visible, noise, draw)
            else:
                target = _tracked(tracker, scene, mount, stamp_ns, box)
            waiting.append((stamp_ns + round(latency_s * 1e9), target, camera))
            if (aim := scene.aim(stamp_ns)) is not None:
                errors.append((stamp_ns * 1e-9, *_error_deg(scene, aim, state, camera)))
                seen.append(_place(box, camera))
        while waiting and waiting[0][0] <= now_ns:
            _, target, camera = waiting.popleft()
            contender.observe(target, camera, now_ns)
        states.append(mount.at(now_ns))
        mount.turn(now_ns, *contender.rates(states[-1]))
    return _outcome(np.array(errors), np.array(seen), states)


def _target(stamp_ns: int, box: Float64 | None, visible: bool, noise: float, draw: np.random.Generator) -> Target:
    shift, growth = draw.normal(0, noise, 2), draw.normal(0, noise)
    if box is None or not visible:
        return Target(stamp_ns, TargetState.LOST, None, 0.0)
    size = box[2:] - box[:2]
    middle = (box[:2] + box[2:]) / 2 + shift * size[1]
    half = size * math.exp(growth) / 2
    return Target(stamp_ns, TargetState.TRACKING, np.concatenate([middle - half, middle + half]), 1.0)


def _tracked(tracker: TargetTracker, scene: Scene, mount: PtzMount, stamp_ns: int, box: Float64 | None) -> Target:
    frame = Frame(stamp_ns, scene.name, scene.image(stamp_ns, mount))
    return tracker.start(frame, box) if stamp_ns == 0 and box is not None else tracker.update(frame)


def _error_deg(scene: Scene, aim: tuple[float, float], state: PtzState, camera: CameraModel) -> tuple[float, float]:
    """Pan and tilt from the middle of the picture to the target; a window at the edge of its picture cannot go on."""
    if scene.picture == "turns":
        return math.degrees(wrapped(aim[0] - state.pan)), math.degrees(aim[1] - state.tilt)
    middle = camera.pixels_to_rays(np.array([[(camera.width - 1) / 2, (camera.height - 1) / 2]]))
    pan, tilt = direction_to_angles((middle @ OPTICAL2BODY.rotation.T)[0])
    return math.degrees(wrapped(aim[0] - pan)), math.degrees(aim[1] - tilt)


def _place(box: Float64 | None, camera: CameraModel) -> tuple[float, float, float]:
    """The middle of a box, from -1 to 1 inside the picture, and its height as a share; infinite where it is behind."""
    if box is None:
        return math.inf, math.inf, math.nan
    x, y = (box[:2] + box[2:]) / 2
    across, down = 2 * (x + 0.5) / camera.width - 1, 2 * (y + 0.5) / camera.height - 1
    return float(across), float(down), float((box[3] - box[1]) / camera.height)


def _outcome(errors: Float64, seen: Float64, states: list[PtzState]) -> Outcome:
    angles = np.degrees([[state.pan, state.tilt] for state in states])
    jerk = np.diff(angles, 3, axis=0) / STEP_S**3
    return Outcome(
        central=float((np.abs(seen[:, :2]).max(axis=1) < 1 / 3).mean()),
        in_view=float((np.abs(seen[:, :2]).max(axis=1) < 1).mean()),
        rms_deg=float(np.sqrt((errors[:, 1:] ** 2).sum(axis=1).mean())),
        travel_deg=float(np.abs(np.diff(angles, axis=0)).sum()),
        jerk_deg=float(np.sqrt((jerk**2).sum(axis=1).mean())),
        height=float(np.nanmean(seen[:, 2])),
        errors_deg=errors,
    )
