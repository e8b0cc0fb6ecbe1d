"""A world at work: what each camera of each robot sees at a time, and what is really there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.sim.actors import actors_of, base_pose, fixtures_of
from mobinet.sim.exposure import Exposure
from mobinet.sim.image_motion import ImageMotion
from mobinet.sim.lens import Lens
from mobinet.sim.localisation import Localisation
from mobinet.sim.looks import generator
from mobinet.sim.meshes import bounding_corners
from mobinet.sim.odometry import Odometry, OdometryReading
from mobinet.sim.people import gait_sway
from mobinet.sim.radio import Radio
from mobinet.sim.renderer import NOTHING, Renderer
from mobinet.sim.truth import TrueObject, mask_box, occluders, rough_box, share_pictures, whole_pixels
from mobinet.sim.world import Robot, SimCamera, World
from mobinet.targets.ptz_base import camera2mount
from mobinet.targets.ptz_mount import PtzMount
from mobinet.types import Float32, Float64, Image


@dataclass(frozen=True)
class CameraView:
    """A camera of the world.

    Args:
        label: of the robot that carries it, which it does not see.
    """

    robot: Robot
    camera: SimCamera
    lens: Lens
    label: int

    @property
    def name(self) -> str:
        """``robot/camera``."""
        return f"{self.robot.name}/{self.camera.name}"

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture to render."""
        return self.lens.pinhole.width, self.lens.pinhole.height

    def stamps_ns(self, duration_s: float) -> Iterator[int]:
        """Times of its images, from 0 on."""
        for number in range(int(duration_s * self.camera.rate + 1e-6)):
            yield round(number * 1e9 / self.camera.rate)


def mounts_of(world: World) -> dict[str, PtzMount]:
    """What turns the cameras of a world that pan, tilt and zoom, by ``robot/camera``."""
    return {
        f"{robot.name}/{camera.name}": PtzMount(camera.ptz)
        for robot in world.robots
        for camera in robot.cameras
        if camera.ptz is not None
    }


class Simulation:
    """Renders a world.

    Args:
        world: what there is.
        repainted: with strange textures on its scenery, see :mod:`mobinet.sim.repaint`.
        mounts: of the cameras that pan, tilt and zoom, by name of the view; others can command them meanwhile. New
            ones, which nobody commands, where ``None``.

    Raises:
        SettingsError: no camera in the world, or a lens that cannot be rendered.
        MissingDependencyError: no MuJoCo or no EGL.
    """

    def __init__(self, world: World, *, repainted: bool = False, mounts: Mapping[str, PtzMount] | None = None) -> None:
        self.world = world
        self.mounts = mounts_of(world) if mounts is None else mounts
        self.actors = actors_of(world)
        self._fixtures = fixtures_of(world)
        self._names = [fixture.name for fixture in self._fixtures] + [actor.name for actor in self.actors]
        self._labels = {actor.name: len(self._fixtures) + i for i, actor in enumerate(self.actors)}
        self.views = tuple(
            CameraView(robot, camera, Lens.of(camera.model), self._labels[robot.name])
            for robot in world.robots
            for camera in robot.cameras
        )
        if not self.views:
            raise SettingsError(f"world '{world.name}': expected a robot with a camera, there is none; add one")
        self._corners = {a.name: np.array([bounding_corners(part) for part in a.body.parts]) for a in self.actors}
        self._trajectories = {actor.name: actor.trajectory for actor in self.actors}
        self._odometry = {robot.name: self._odometry_of(robot) for robot in world.robots}
        self._localisation = {robot.name: self._localisation_of(robot) for robot in world.robots}
        self._radio = Radio(world, self._trajectories)
        sizes = {view.size for view in self.views}
        self._renderer = Renderer(world, self.actors, self._fixtures, sizes, repainted=repainted)
        self._exposures = {view.name: self._exposure_of(view) for view in self.views if view.camera.exposure}

    def base_pose(self, robot: Robot, stamp_ns: int) -> Transform:
        """``base2map`` of a robot, where it really is."""
        return base_pose(self._trajectories[robot.name].at(stamp_ns))

    def odometry(self, robot: Robot, stamp_ns: int) -> OdometryReading:
        """What a robot has measured of its motion up to a time of the world."""
        return self._odometry[robot.name].at(stamp_ns)

    def base2odom(self, robot: Robot, stamp_ns: int) -> Transform:
        """Where a robot believes to be since it set off, from its odometry alone."""
        return self._odometry[robot.name].base2odom(stamp_ns)

    def odom2map(self, robot: Robot, stamp_ns: int) -> Transform:
        """What a robot's localisation corrects its odometry by; ``odom2map @ base2odom`` is where it believes to be."""
        return self._localisation[robot.name].odom2map(stamp_ns)

    def pose_covariance(self, robot: Robot, stamp_ns: int) -> Float64:
        """``(6, 6)`` of where a robot believes to be: x, y, z, roll, pitch, yaw in the map, metres and radians."""
        return self._localisation[robot.name].pose_covariance(stamp_ns)

    def in_contact(self, first: str, second: str, stamp_ns: int) -> bool:
        """Whether two robots, by name, hear each other; raises InputError where there is no such robot."""
        return self._radio.in_contact(first, second, stamp_ns)

    def optical_pose(self, view: CameraView, stamp_ns: int) -> Transform:
        """``optical2map`` of a camera."""
        return self.base_pose(view.robot, stamp_ns) @ self.camera2base(view, stamp_ns) @ OPTICAL2BODY

    def camera2base(self, view: CameraView, stamp_ns: int) -> Transform:
        """A camera's body frame on its robot: its mount, turned, or swaying with the gait of somebody who wears it."""
        wearer = view.robot.wearer
        if view.camera.ptz is not None:
            turned = self.mounts[view.name].at(stamp_ns)
            return view.camera.mount @ camera2mount(turned.pan, turned.tilt)
        if wearer is None:
            return view.camera.mount
        motion = self._trajectories[view.robot.name].at(stamp_ns)
        speed = float(np.linalg.norm(motion.velocity))
        return gait_sway(motion.distance, speed, wearer.look, wearer.place) @ view.camera.mount

    def model(self, view: CameraView, stamp_ns: int) -> CameraModel:
        """Intrinsics of a camera, at its present zoom."""
        if view.camera.ptz is None:
            return view.camera.model
        return view.camera.model.zoomed(self.mounts[view.name].at(stamp_ns).zoom)

    def image(self, view: CameraView, stamp_ns: int) -> Image:
        """``(H, W, 3)`` BGR ``uint8``: what the camera sees, exposed from before until after ``stamp_ns`` if it is."""
        if view.camera.exposure is None:
            return self.sharp_image(view, stamp_ns)
        return self._exposures[view.name].image(stamp_ns)

    def sharp_image(self, view: CameraView, stamp_ns: int) -> Image:
        """The same, of an instant and without noise."""
        self._renderer.move_to(stamp_ns)
        pose, lens = self.optical_pose(view, stamp_ns), self._lens(view, stamp_ns)
        return lens.bend(self._renderer.picture(lens.pinhole, pose, [view.label]))

    def depth(self, view: CameraView, stamp_ns: int) -> Float32:
        """``(H, W)`` metres along the optical axis (REP 118); infinite where nothing is."""
        self._renderer.move_to(stamp_ns)
        pose, lens = self.optical_pose(view, stamp_ns), self._lens(view, stamp_ns)
        return lens.bend_exactly(self._renderer.depth(lens.pinhole, pose, [view.label]), np.inf)

    def identities(self, view: CameraView, stamp_ns: int) -> NDArray[np.int32]:
        """``(H, W)`` the identity of the object that each pixel shows; 0 for scenery and sky."""
        self._renderer.move_to(stamp_ns)
        pose, lens = self.optical_pose(view, stamp_ns), self._lens(view, stamp_ns)
        labels = lens.bend_exactly(self._renderer.labels(lens.pinhole, pose, hidden=[view.label]), NOTHING)
        identities: NDArray[np.int32] = np.maximum(labels - (len(self._fixtures) - 1), 0)
        return identities

    def truth(self, view: CameraView, stamp_ns: int) -> tuple[TrueObject, ...]:
        """The objects with a silhouette in the image, also those that are wholly hidden."""
        self._renderer.move_to(stamp_ns)
        pose, lens = self.optical_pose(view, stamp_ns), self._lens(view, stamp_ns)
        camera = lens.pinhole
        boxes = {}
        for actor in self.actors:
            body = actor.body.place(actor.trajectory.at(stamp_ns))
            box = rough_box(camera, pose.inverse(), body, self._corners[actor.name])
            if box is not None and self._labels[actor.name] != view.label:
                boxes[self._labels[actor.name]] = box
        full = lens.bend_exactly(self._renderer.labels(camera, pose, hidden=[view.label]), NOTHING)
        found: dict[int, TrueObject] = {}
        for group in share_pictures(boxes):
            regions = whole_pixels([boxes[label] for label in group], view.size)
            drawn = self._renderer.labels(camera, pose, shown=group, regions=regions)
            alone = lens.bend_exactly(drawn, NOTHING)
            for label in group:
                silhouette = alone == label
                if silhouette.any():
                    found[label] = self._describe(label, silhouette, full, stamp_ns)
        return tuple(found[label] for label in sorted(found))

    def seen_from(self, view: CameraView, identity: int, stamp_ns: int) -> float:
        """From which side a camera sees an object: 0 from its front, pi / 2 from its left, -pi to pi radians."""
        motion = self.actors[identity - 1].trajectory.at(stamp_ns)
        dx, dy, _ = self.optical_pose(view, stamp_ns).translation - motion.position
        return float(np.remainder(np.arctan2(dy, dx) - motion.heading + np.pi, 2 * np.pi) - np.pi)

    def repaint(self, seed: int) -> None:
        """Gives the scenery other colours and light from now on; objects keep theirs."""
        self._renderer.repaint(seed)

    def close(self) -> None:
        self._renderer.close()

    def __enter__(self) -> Simulation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lens(self, view: CameraView, stamp_ns: int) -> Lens:
        return view.lens if view.camera.ptz is None else Lens.of(self.model(view, stamp_ns))

    def _exposure_of(self, view: CameraView) -> Exposure:
        assert view.camera.exposure is not None  # asked for by the caller
        return Exposure(
            lambda stamp_ns: self.sharp_image(view, stamp_ns),
            ImageMotion(self, view),
            view.camera.exposure,
            self.world.light,
            lambda stamp_ns: generator(self.world.seed, f"{view.name} image {stamp_ns}"),
        )

    def _odometry_of(self, robot: Robot) -> Odometry:
        draw = generator(self.world.seed, f"odometry of {robot.name}")
        return Odometry(self._trajectories[robot.name], robot.odometry, self.world.duration_s, draw)

    def _localisation_of(self, robot: Robot) -> Localisation:
        draw = generator(self.world.seed, f"localisation of {robot.name}")
        trajectory, odometry = self._trajectories[robot.name], self._odometry[robot.name]
        return Localisation(trajectory, odometry, robot.pose_noise, robot.localised, draw)

    def _describe(
        self, label: int, silhouette: NDArray[np.bool_], full: NDArray[np.int32], stamp_ns: int
    ) -> TrueObject:
        actor = self.actors[label - len(self._fixtures)]
        visible = silhouette & (full == label)
        motion = actor.trajectory.at(stamp_ns)
        return TrueObject(
            name=actor.name,
            identity=actor.identity,
            object_class=actor.object_class,
            box=mask_box(silhouette),
            visible_box=mask_box(visible),
            visibility=float(visible.sum() / silhouette.sum()),
            hidden_by=occluders(silhouette, full, label, self._names),
            position=motion.position,
            velocity=motion.velocity,
        )
