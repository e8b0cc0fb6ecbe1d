"""Renders a world into a folder: images or videos, ground truth, poses, and a rig file that plays it.

The layout of one camera is that of the MOT challenge::

    OUT/world.yaml rig.yaml
    OUT/objects.csv                       identity,name,class
    OUT/contacts.csv                      contacts, collisions and near misses, see contacts.py
    OUT/<robot>/<camera>/seqinfo.ini
    OUT/<robot>/<camera>/img1/000001.jpg ...
    OUT/<robot>/<camera>/gt/gt.txt        MOT16 ground truth
    OUT/<robot>/<camera>/truth.jsonl      the same and more: names, occluders, position and velocity in the map
    OUT/<robot>/<camera>/poses.txt        stamp x y z qx qy qz qw of base_link in the map, for every image
    OUT/<robot>/<camera>/believed_poses.txt odometry.txt   the same: where the robot believes to be; base_link in odom
    OUT/<robot>/<camera>/events.raw       of event cameras: EVT3
    OUT/<robot>/<camera>/depth/000001.png uint16 millimetres, 0 for nothing within 65 m (REP 118); or when asked for
    OUT/<robot>/<camera>/video.mp4        when asked for

The formats ``coco`` and ``target`` add their annotations of these images (export_coco.py, export_target.py); ``reid``
writes crops and needs none of the above but objects.csv (export_reid.py).

Everything is written beside ``OUT`` and renamed at the end, so a folder of that name is whole.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path

from mobinet.errors import SettingsError
from mobinet.sim.contacts import Contact, contacts_of
from mobinet.sim.export_camera import CameraFolder
from mobinet.sim.export_coco import CocoLayout
from mobinet.sim.export_folder import new_folder
from mobinet.sim.export_layout import Layout, Shot, sees_colours
from mobinet.sim.export_reid import ReidLayout, ReidSettings
from mobinet.sim.export_target import TargetLayout, TargetSettings
from mobinet.sim.rig_export import write_rig
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world import World

FORMATS = ("mot", "coco", "target", "reid")


@dataclass(frozen=True)
class ExportSettings:
    """What to write.

    Args:
        duration_s: seconds to render; the world's own length when 0.
        video: a ``video.mp4`` beside the images.
        depth: depth images beside the images.
        formats: some of ``FORMATS``; ``coco`` and ``target`` refer to the images of ``mot`` and bring them along.
        target, reid: settings of these formats.

    Raises:
        SettingsError: no format, or an unknown one.
    """

    duration_s: float = 0.0
    video: bool = False
    depth: bool = False
    formats: tuple[str, ...] = ("mot",)
    target: TargetSettings = field(default_factory=TargetSettings)
    reid: ReidSettings = field(default_factory=ReidSettings)

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            found = f"'{unknown[0]}'" if unknown else "none"
            raise SettingsError(f"format: expected some of {', '.join(FORMATS)}, got {found}")

    @property
    def with_images(self) -> bool:
        return any(name != "reid" for name in self.formats)


Progress = Callable[[int, int], None]
"""Called with the number of images done and in all."""


def export_world(
    world: World, source: Path, out: Path, settings: ExportSettings, progress: Progress | None = None
) -> None:
    """Renders ``world``, read from the file ``source``, into the new folder ``out``.

    Raises:
        RecordingError: ``out`` is there already, or cannot be written (a full disk): nothing is left then.
        SettingsError: no camera, no image within the time asked for, or a robot that is called like a format.
        MissingDependencyError: no MuJoCo or no EGL.
    """
    for robot in world.robots:
        if robot.name in settings.formats:
            raise SettingsError(f"robot '{robot.name}': the format of that name has a folder of that name; rename it")
    duration_s = min(settings.duration_s or world.duration_s, world.duration_s)
    with new_folder(out) as folder, Simulation(world) as simulation:
        stamps = _stamps(simulation, duration_s)
        total, done = sum(map(len, stamps)), 0
        shutil.copyfile(source, folder / "world.yaml")
        _write_objects(folder / "objects.csv", simulation)
        _write_contacts(folder / "contacts.csv", contacts_of(world), duration_s)
        layouts = _layouts(folder, world, settings)
        for camera, (view, times) in enumerate(zip(simulation.views, stamps, strict=True), 1):
            with _camera_folder(folder, simulation, view, duration_s, settings) as own:
                for number, stamp_ns in enumerate(times, 1):
                    takers = [layout for layout in layouts if layout.wants(view, number)]
                    if own is not None or takers:
                        shot = _take(simulation, view, camera, number, stamp_ns, with_masks="coco" in settings.formats)
                        if own is not None:
                            own.write(shot)
                        for layout in takers:
                            layout.add(shot)
                    done += 1
                    if progress is not None:
                        progress(done, total)
        for layout in layouts:
            layout.finish()
        if settings.with_images:
            write_rig(folder / "rig.yaml", simulation, "video.mp4" if settings.video else "img1")


def _stamps(simulation: Simulation, duration_s: float) -> list[list[int]]:
    """The times of the images of each camera."""
    stamps = [list(view.stamps_ns(duration_s)) for view in simulation.views]
    for view, times in zip(simulation.views, stamps, strict=True):
        if not times:
            raise SettingsError(
                f"camera {view.name}: no image within {duration_s:g} s; render longer or raise its rate"
            )
    return stamps


def _camera_folder(
    folder: Path, simulation: Simulation, view: CameraView, duration_s: float, settings: ExportSettings
) -> AbstractContextManager[CameraFolder | None]:
    if not settings.with_images:
        return nullcontext()
    place = folder / view.name
    return CameraFolder(place, simulation, view, duration_s, video=settings.video, depth=settings.depth)


def _layouts(folder: Path, world: World, settings: ExportSettings) -> Sequence[Layout]:
    title = f"simulated world {world.name}, seed {world.seed}"
    found: list[Layout] = []
    if "coco" in settings.formats:
        found.append(CocoLayout(folder, title))
    if "target" in settings.formats:
        found.append(TargetLayout(folder, title, settings.target))
    if "reid" in settings.formats:
        found.append(ReidLayout(folder, world.seed, settings.reid))
    return found


def _take(simulation: Simulation, view: CameraView, camera: int, number: int, stamp_ns: int, with_masks: bool) -> Shot:
    return Shot(
        view=view,
        camera=camera,
        number=number,
        stamp_ns=stamp_ns,
        image=simulation.image(view, stamp_ns) if sees_colours(view) else None,
        objects=simulation.truth(view, stamp_ns),
        identities=simulation.identities(view, stamp_ns) if with_masks else None,
    )


def _write_objects(path: Path, simulation: Simulation) -> None:
    lines = [f"{actor.identity},{actor.name},{actor.object_class.label}\n" for actor in simulation.actors]
    path.write_text("identity,name,class\n" + "".join(lines), encoding="utf-8")


def _write_contacts(path: Path, contacts: Sequence[Contact], duration_s: float) -> None:
    """Those that begin within the time that is rendered; a measure that there is none of is left empty."""
    lines = [",".join(field.name for field in fields(Contact) if field.name != "position") + ",x,y,z\n"]
    for one in contacts:
        if one.begin_ns < duration_s * 1e9:
            values = [one.first, one.second, one.kind, one.begin_ns, one.end_ns, one.closest_ns]
            measures = (one.distance_m, one.relative_speed, one.ttc_s, one.pet_s, *one.position)
            numbers = [f"{value:.4f}" if math.isfinite(value) else "" for value in measures]
            lines.append(",".join([*map(str, values), *numbers]) + "\n")
    path.write_text("".join(lines), encoding="utf-8")
