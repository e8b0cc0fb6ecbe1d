"""Renders a world into a folder: images or videos, ground truth, poses, and a rig file that plays it.

The layout of one camera is that of the MOT challenge::

    OUT/world.yaml rig.yaml objects.csv
    OUT/<robot>/<camera>/seqinfo.ini
    OUT/<robot>/<camera>/img1/000001.jpg ...
    OUT/<robot>/<camera>/gt/gt.txt        MOT16 ground truth
    OUT/<robot>/<camera>/truth.jsonl      the same and more: names, occluders, position and velocity in the map
    OUT/<robot>/<camera>/poses.txt        stamp x y z qx qy qz qw of base_link in the map, for every image
    OUT/<robot>/<camera>/depth/000001.png uint16 millimetres, 0 for nothing within 65 m (REP 118), when asked for
    OUT/<robot>/<camera>/video.mp4        when asked for

Everything is written beside ``OUT`` and renamed at the end, so a folder of that name is whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError, SettingsError
from mobinet.recordings.mot import MotTable, SequenceInfo, write_mot, write_seqinfo
from mobinet.sim.rig_export import write_rig
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import World
from mobinet.types import Float32, Image

JPEG_QUALITY = 92
_MAX_DEPTH_MM = 65535.0


@dataclass(frozen=True)
class ExportSettings:
    """What to write.

    Args:
        duration_s: seconds to render; the world's own length when 0.
        video: a ``video.mp4`` beside the images.
        depth: depth images beside the images.
    """

    duration_s: float = 0.0
    video: bool = False
    depth: bool = False


Progress = Callable[[int, int], None]
"""Called with the number of images done and in all."""


def export_world(
    world: World, source: Path, out: Path, settings: ExportSettings, progress: Progress | None = None
) -> None:
    """Renders ``world``, read from the file ``source``, into the new folder ``out``.

    Raises:
        RecordingError: ``out`` is there already, or cannot be written (a full disk): nothing is left then.
        SettingsError: no camera, or no image within the time asked for.
        MissingDependencyError: no MuJoCo or no EGL.
    """
    if out.exists():
        raise RecordingError(f"'{out}' is there already; remove it or choose another folder")
    duration_s = min(settings.duration_s or world.duration_s, world.duration_s)
    with Simulation(world) as simulation, _new_folder(out) as folder:
        stamps = {view.name: list(view.stamps_ns(duration_s)) for view in simulation.views}
        short = [name for name, times in stamps.items() if not times]
        if short:
            raise SettingsError(f"camera {short[0]}: no image within {duration_s:g} s; render longer or raise its rate")
        total, done = sum(map(len, stamps.values())), 0
        shutil.copyfile(source, folder / "world.yaml")
        _write_objects(folder / "objects.csv", simulation)
        for view in simulation.views:
            with _CameraWriter(folder / view.name, view, settings) as writer:
                for stamp_ns in stamps[view.name]:
                    writer.write(simulation, stamp_ns)
                    done += 1
                    if progress is not None:
                        progress(done, total)
        write_rig(folder / "rig.yaml", simulation, "video.mp4" if settings.video else "img1")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets the name ``out`` when the block ends well, and vanishes otherwise."""
    folder = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        folder.rename(out)
    except RecordingError:
        raise
    except OSError as error:
        raise RecordingError(
            f"'{out}' cannot be written: {error.strerror or error}; check the folder, its rights and the free space"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _CameraWriter:
    """Writes what one camera sees."""

    def __init__(self, folder: Path, view: CameraView, settings: ExportSettings) -> None:
        self._folder, self._view, self._settings = folder, view, settings
        self._rows: list[tuple[int, TrueObject]] = []
        self._records: list[str] = []
        self._poses: list[str] = []
        self._number = 0
        (folder / "img1").mkdir(parents=True)
        (folder / "gt").mkdir()
        if settings.depth:
            (folder / "depth").mkdir()
        self._video = _open_video(folder / "video.mp4", view) if settings.video else None

    def write(self, simulation: Simulation, stamp_ns: int) -> None:
        view = self._view
        self._number += 1
        image = simulation.image(view, stamp_ns)
        _save_image(self._folder / f"img1/{self._number:06d}.jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if self._video is not None:
            self._video.write(image)
        if self._settings.depth:
            millimetres = _to_millimetres(simulation.depth(view, stamp_ns))
            _save_image(self._folder / f"depth/{self._number:06d}.png", millimetres, [])
        objects = simulation.truth(view, stamp_ns)
        self._rows += [(self._number, thing) for thing in objects]
        self._records.append(_record(self._number, stamp_ns, objects))
        base = simulation.base_pose(view.robot, stamp_ns)
        values = (*base.translation, *base.quaternion())
        self._poses.append(f"{stamp_ns / 1e9:.9f} " + " ".join(f"{value:.6f}" for value in values))

    def __enter__(self) -> _CameraWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if self._video is not None:
            self._video.release()
        if kind is not None:
            return
        if self._video is not None:
            _check_video(self._folder / "video.mp4", self._number)
        model, camera = self._view.camera.model, self._view.camera
        info = SequenceInfo(self._view.name.replace("/", "_"), camera.rate, self._number, model.width, model.height)
        write_seqinfo(self._folder / "seqinfo.ini", info)
        write_mot(self._folder / "gt/gt.txt", truth_table(self._rows))
        (self._folder / "truth.jsonl").write_text("".join(self._records), encoding="utf-8")
        (self._folder / "poses.txt").write_text("".join(f"{line}\n" for line in self._poses), encoding="ascii")


def truth_table(rows: Sequence[tuple[int, TrueObject]]) -> MotTable:
    """MOT16 ground truth of (frame number, object); objects without a visible pixel do not count (confidence 0)."""
    things = [thing for _, thing in rows]
    return MotTable(
        frames=np.array([number for number, _ in rows], np.int64),
        ids=np.array([thing.identity for thing in things], np.int64),
        boxes=np.array([thing.box for thing in things], np.float32).reshape(-1, 4),
        scores=np.array([thing.visibility > 0 for thing in things], np.float32),
        classes=np.array([int(thing.object_class) for thing in things], np.int64),
        visibility=np.array([thing.visibility for thing in things], np.float32),
    )


def _record(number: int, stamp_ns: int, objects: Sequence[TrueObject]) -> str:
    found = [
        {
            "name": thing.name,
            "identity": thing.identity,
            "class": thing.object_class.label,
            "box": thing.box.tolist(),
            "visible_box": thing.visible_box.tolist() if thing.visibility else None,
            "visibility": round(thing.visibility, 4),
            "hidden_by": {name: round(share, 4) for name, share in thing.hidden_by.items()},
            "position": np.round(thing.position, 4).tolist(),
            "velocity": np.round(thing.velocity, 4).tolist(),
        }
        for thing in objects
    ]
    return json.dumps({"frame": number, "stamp_ns": stamp_ns, "objects": found}) + "\n"


def _write_objects(path: Path, simulation: Simulation) -> None:
    lines = [f"{actor.identity},{actor.name},{actor.object_class.label}\n" for actor in simulation.actors]
    path.write_text("identity,name,class\n" + "".join(lines), encoding="utf-8")


def _open_video(path: Path, view: CameraView) -> cv2.VideoWriter:
    model = view.camera.model
    # avc1 is not in every OpenCV; this one is
    code = cv2.VideoWriter.fourcc(*"mp4v")
    video = cv2.VideoWriter(str(path), code, view.camera.rate, (model.width, model.height))
    if not video.isOpened():
        raise RecordingError(f"'{path}': OpenCV cannot write mp4 videos here; leave out the video")
    return video


def _check_video(path: Path, count: int) -> None:
    """OpenCV says nothing when a disk is full: a video is good when all its images are in it."""
    video = cv2.VideoCapture(str(path))
    found = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
    video.release()
    if found != count:
        raise RecordingError(f"'{path.name}' has {found} of {count} images; check the free space")


def _to_millimetres(depth: Float32) -> NDArray[np.uint16]:
    millimetres = depth * 1000
    return np.where(millimetres <= _MAX_DEPTH_MM, millimetres, 0).astype(np.uint16)


def _save_image(path: Path, image: Image | NDArray[np.uint16], options: list[int]) -> None:
    _, data = cv2.imencode(path.suffix, image, options)
    path.write_bytes(bytes(np.asarray(data, np.uint8)))
