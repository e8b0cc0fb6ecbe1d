"""One rendered scene: images, events, truth and poses; kept in files where wanted, since rendering takes minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from event_scenes.worlds import EVENTS, RGB, scene_world
from mobinet.events import Events
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world import SimCamera, World
from mobinet.types import Float32, Float64, Image, Int64

# files of other versions are rendered again
_VERSION = 1
TRUTH_PERIOD_NS = 100_000_000
POSE_PERIOD_NS = 10_000_000


@dataclass(frozen=True)
class Truth:
    """What is really in the image of one camera, every 100 ms; N rows, one an object and instant.

    Args:
        stamps_ns: ``(N,)``.
        ids: ``(N,)`` the same in both cameras.
        classes: ``(N,)`` values of ``ObjectClass``.
        boxes: ``(N, 4)`` float32 xyxy pixels of the full silhouette.
        visibility: ``(N,)`` share of it that is seen.
        speeds: ``(N,)`` metres a second in the map.
    """

    stamps_ns: Int64
    ids: Int64
    classes: Int64
    boxes: Float32
    visibility: Float32
    speeds: Float32

    def __len__(self) -> int:
        return len(self.stamps_ns)

    def __getitem__(self, rows: NDArray[np.bool_]) -> Truth:
        return Truth(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Scene:
    """What both cameras of the robot saw; times are the world's, from 0 on.

    Args:
        world: what was rendered.
        stamps_ns: of the images.
        images: of the RGB camera.
        events: of the event camera.
        rgb_truth, events_truth: in the image of each.
        poses: ``(M, 3, 4)`` optical frame of the RGB camera to the map, every 10 ms.
    """

    world: World
    stamps_ns: tuple[int, ...]
    images: tuple[Image, ...]
    events: Events
    rgb_truth: Truth
    events_truth: Truth
    poses: Float64

    @property
    def rgb(self) -> SimCamera:
        return _camera(self.world, RGB)

    @property
    def dvs(self) -> SimCamera:
        return _camera(self.world, EVENTS)

    @property
    def duration_ns(self) -> int:
        return round(self.world.duration_s * 1e9)

    @property
    def sister2camera(self) -> Transform:
        """From the event camera's optical frame to that of the RGB camera."""
        return (self.rgb.mount @ OPTICAL2BODY).inverse() @ self.dvs.mount @ OPTICAL2BODY

    def camera2map(self, stamp_ns: int) -> Transform:
        """Pose of the RGB camera's optical frame at the nearest 10 ms."""
        pose = self.poses[min(round(stamp_ns / POSE_PERIOD_NS), len(self.poses) - 1)]
        return Transform(pose[:, :3], pose[:, 3])


def load_scene(seed: int, condition: str, cache: Path | None = None) -> Scene:
    """The scene of a seed: from the folder ``cache`` if it is there, else rendered, and kept there.

    Raises:
        MissingDependencyError: no MuJoCo or no EGL.
    """
    world = scene_world(seed, condition)
    path = cache / f"{world.name}_v{_VERSION}.npz" if cache else None
    if path is not None and path.is_file():
        return _read(world, path)
    scene = render(world)
    if path is not None:
        _write(scene, path)
    return scene


def render(world: World) -> Scene:
    """Takes all images and events of a scene's world; edges are smooth in images alone, which halves the time."""
    end_ns = round(world.duration_s * 1e9)
    truth_ns = range(0, end_ns, TRUTH_PERIOD_NS)
    with Simulation(world) as simulation:
        rgb = _view(simulation, RGB)
        stamps_ns = tuple(rgb.stamps_ns(world.duration_s))
        images = tuple(simulation.image(rgb, stamp_ns) for stamp_ns in stamps_ns)
    with Simulation(replace(world, antialias=False)) as simulation:
        rgb, dvs = _view(simulation, RGB), _view(simulation, EVENTS)
        poses = [simulation.optical_pose(rgb, stamp_ns) for stamp_ns in range(0, end_ns + 1, POSE_PERIOD_NS)]
        return Scene(
            world=world,
            stamps_ns=stamps_ns,
            images=images,
            events=EventCamera(simulation, dvs, dvs.camera.events or EventCameraSettings()).advance(end_ns),
            rgb_truth=_truth(simulation, rgb, truth_ns),
            events_truth=_truth(simulation, dvs, truth_ns),
            poses=np.array([np.column_stack([pose.rotation, pose.translation]) for pose in poses]),
        )


def _view(simulation: Simulation, name: str) -> CameraView:
    return next(view for view in simulation.views if view.camera.name == name)


def _truth(simulation: Simulation, view: CameraView, stamps_ns: Iterable[int]) -> Truth:
    found = [(stamp_ns, thing) for stamp_ns in stamps_ns for thing in simulation.truth(view, stamp_ns)]
    return Truth(
        np.array([stamp_ns for stamp_ns, _ in found], np.int64),
        np.array([thing.identity for _, thing in found], np.int64),
        np.array([int(thing.object_class) for _, thing in found], np.int64),
        np.array([thing.box for _, thing in found], np.float32).reshape(-1, 4),
        np.array([thing.visibility for _, thing in found], np.float32),
        np.array([np.linalg.norm(thing.velocity) for _, thing in found], np.float32),
    )


def _write(scene: Scene, path: Path) -> None:
    """A file that is there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {f"events_{name}": getattr(scene.events, name) for name in ("t_ns", "x", "y", "polarity")}
    for name in ("rgb_truth", "events_truth"):
        truth = getattr(scene, name)
        columns |= {f"{name}_{field.name}": getattr(truth, field.name) for field in fields(Truth)}
    pictures = [cv2.imencode(".png", image)[1] for image in scene.images]
    columns |= {"stamps_ns": np.array(scene.stamps_ns), "poses": scene.poses}
    columns |= {"pictures": np.concatenate(pictures), "picture_ends": np.cumsum([len(each) for each in pictures])}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **columns)
    part.rename(path)


def _read(world: World, path: Path) -> Scene:
    with np.load(path) as file:
        kept = dict(file)
    parts = np.split(kept["pictures"], kept["picture_ends"][:-1])
    truths = [
        Truth(*(kept[f"{name}_{field.name}"] for field in fields(Truth))) for name in ("rgb_truth", "events_truth")
    ]
    return Scene(
        world=world,
        stamps_ns=tuple(kept["stamps_ns"].tolist()),
        images=tuple(np.asarray(cv2.imdecode(part, cv2.IMREAD_COLOR), np.uint8) for part in parts),
        events=Events(*(kept[f"events_{name}"] for name in ("t_ns", "x", "y", "polarity"))),
        rgb_truth=truths[0],
        events_truth=truths[1],
        poses=kept["poses"],
    )


def _camera(world: World, name: str) -> SimCamera:
    return next(camera for camera in world.robots[0].cameras if camera.name == name)
