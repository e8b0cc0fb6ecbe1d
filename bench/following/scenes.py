"""What a camera that pans, tilts and zooms looks at: a lecturer in a simulated room, and people in wide recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.recordings.base import SourceSettings
from mobinet.recordings.ptz_window import PtzWindow, PtzWindowSettings
from mobinet.sim.actors import actors_of, base_pose
from mobinet.sim.meshes import bounding_corners
from mobinet.sim.simulation import Simulation
from mobinet.sim.truth import rough_box
from mobinet.sim.world_file import find_world, load_world
from mobinet.targets.ptz_base import PtzState, camera2mount, direction_to_angles
from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings
from mobinet.types import Float64, Image

HIDDEN_SHARE = 0.6


class Scene(Protocol):
    """One target before one camera.

    Args:
        name: in tables.
        rate: images per second.
        seconds: length.
        picture: as in ``PtzSettings``.
        first_aim_deg: pan and tilt that show the target when it is chosen.
    """

    name: str
    rate: float
    seconds: float
    picture: str
    first_aim_deg: tuple[float, float]

    def new_mount(self) -> PtzMount:
        """A camera at home."""

    def camera(self, state: PtzState) -> CameraModel:
        """Intrinsics of what is shown."""

    def box(self, stamp_ns: int, state: PtzState) -> tuple[Float64 | None, bool]:
        """The target in the picture, unclipped, and whether it can be seen; None while it does not exist."""

    def aim(self, stamp_ns: int) -> tuple[float, float] | None:
        """Pan and tilt at which the middle of its box is in the middle."""

    def image(self, stamp_ns: int, mount: PtzMount) -> Image | None:
        """What the camera shows; None for a scene that is known by its boxes alone."""


@dataclass
class Lecture:
    """The shipped world ``lecture``: its lecturer, whom the assistant hides at times. Boxes are those of the body."""

    name: str = "lecture"
    fov_deg: float = 20.0
    zoom_limits: tuple[float, float] = (1.0, 1.0)
    picture: str = "turns"

    def __post_init__(self) -> None:
        world = load_world(find_world("lecture"))
        robot = world.robots[0]
        camera = robot.cameras[0]
        self.rate, self.seconds = camera.rate, world.duration_s
        self._model = CameraModel.pinhole(camera.model.width, camera.model.height, math.radians(self.fov_deg))
        self._actors = {actor.name: actor for actor in actors_of(world)}
        self._corners = {
            name: np.array([bounding_corners(part) for part in self._actors[name].body.parts])
            for name in ("lecturer", "assistant")
        }
        self._mount = base_pose(self._actors[robot.name].trajectory.at(0)) @ camera.mount
        self.first_aim_deg = first_aim(self)
        turned = replace(camera, model=self._model, ptz=PtzMountSettings(zoom_limits=self.zoom_limits))
        self._world = replace(world, robots=(replace(robot, cameras=(turned,)), *world.robots[1:]))
        self._simulation: Simulation | None = None

    def image(self, stamp_ns: int, mount: PtzMount) -> Image | None:
        if self._simulation is None:
            self._simulation = Simulation(self._world)
        view = self._simulation.views[0]
        self._simulation.mounts = {view.name: mount}
        return self._simulation.image(view, stamp_ns)

    def new_mount(self) -> PtzMount:
        return PtzMount(PtzMountSettings(zoom_limits=self.zoom_limits))

    def camera(self, state: PtzState) -> CameraModel:
        return self._model.zoomed(state.zoom)

    def box(self, stamp_ns: int, state: PtzState) -> tuple[Float64 | None, bool]:
        lecturer, assistant = (self._body(name, stamp_ns, state) for name in ("lecturer", "assistant"))
        if lecturer is None:
            return None, False
        camera = self.camera(state)
        inside = np.array([camera.width, camera.height] * 2)
        shown = _area(np.clip(lecturer, 0, inside)) / _area(lecturer)
        covered = 0.0 if assistant is None else _area(_overlap(lecturer, assistant)) / _area(lecturer)
        return lecturer, bool(shown > 0.3 and covered < HIDDEN_SHARE)

    def aim(self, stamp_ns: int) -> tuple[float, float] | None:
        """From a view of the whole room, in which the box is about what it is in any other."""
        pan, tilt = 0.0, 0.0
        for _ in range(3):
            state = PtzState(stamp_ns, pan, tilt, 0.2)
            box = self._body("lecturer", stamp_ns, state)
            if box is None:
                return None
            middle = np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
            ray = self.camera(state).pixels_to_rays(middle) @ OPTICAL2BODY.rotation.T
            pan, tilt = direction_to_angles(camera2mount(pan, tilt).apply(ray)[0])
        return pan, tilt

    def _body(self, name: str, stamp_ns: int, state: PtzState) -> Float64 | None:
        actor = self._actors[name]
        optical: Transform = self._mount @ camera2mount(state.pan, state.tilt) @ OPTICAL2BODY
        body = actor.body.place(actor.trajectory.at(stamp_ns))
        return rough_box(self.camera(state), optical.inverse(), body, self._corners[name])


@dataclass
class Recorded:
    """A person in a wide recording, before a window that follows commands.

    Args:
        boxes: ``(L, 4)`` xyxy of each image; NaN where the person is not there, or not seen.
        images: whole ones, L of them, or none.
    """

    name: str
    rate: float
    size: tuple[int, int]
    window: tuple[int, int]
    boxes: Float64
    fov_deg: float = 60.0
    picture: str = "window"
    images: Sequence[Image] = ()

    def __post_init__(self) -> None:
        self.seconds = len(self.boxes) / self.rate
        self.model = CameraModel.pinhole(*self.size, math.radians(self.fov_deg))
        self.source = SourceSettings(source=self.name, window_width=self.window[0], window_height=self.window[1])
        self.settings = PtzWindowSettings(ptz=True, ptz_zoom=1.0)
        self._still = PtzWindow(self.model, self.source, self.settings)
        self.first_aim_deg = first_aim(self)

    def new_mount(self) -> PtzMount:
        return PtzWindow(self.model, self.source, self.settings).mount

    def camera(self, state: PtzState) -> CameraModel:
        return self._still.model(self._still.window(state))

    def box(self, stamp_ns: int, state: PtzState) -> tuple[Float64 | None, bool]:
        box = self._at(stamp_ns)
        if box is None:
            return None, False
        window = self._still.window(state)
        moved = box - np.array([window.x, window.y] * 2)
        inside = np.clip(moved, 0, np.array([window.width, window.height] * 2))
        return moved, bool(_area(inside) > 0.3 * _area(moved))

    def aim(self, stamp_ns: int) -> tuple[float, float] | None:
        box = self._at(stamp_ns)
        if box is None:
            return None
        ray = self.model.pixels_to_rays(np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]]))
        return direction_to_angles((ray @ OPTICAL2BODY.rotation.T)[0])

    def image(self, stamp_ns: int, mount: PtzMount) -> Image | None:
        if not self.images:
            return None
        window = self._still.window(mount.at(stamp_ns))
        whole = self.images[min(round(stamp_ns * 1e-9 * self.rate), len(self.images) - 1)]
        return np.ascontiguousarray(whole[window.y :, window.x :][: window.height, : window.width])

    def _at(self, stamp_ns: int) -> Float64 | None:
        index = min(round(stamp_ns * 1e-9 * self.rate), len(self.boxes) - 1)
        box = self.boxes[index]
        return box if np.isfinite(box).all() else None


def first_aim(scene: Scene) -> tuple[float, float]:
    """Pan and tilt, degrees, that bring the target into the middle at the beginning, within the limits of the mount."""
    limits = scene.new_mount().settings
    pan, tilt = (math.degrees(angle) for angle in scene.aim(0) or (0.0, 0.0))
    return (
        min(max(pan, limits.pan_limits_deg[0]), limits.pan_limits_deg[1]),
        min(max(tilt, limits.tilt_limits_deg[0]), limits.tilt_limits_deg[1]),
    )


def _area(box: Float64) -> float:
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def _overlap(one: Float64, other: Float64) -> Float64:
    return np.concatenate([np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])])
