"""One camera's folder: images, ground truth in the layout of the MOT challenge, poses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError
from mobinet.geometry import Transform
from mobinet.recordings.mot import MotTable, SequenceInfo, write_mot, write_seqinfo
from mobinet.sim.export_events import EventFile
from mobinet.sim.export_folder import write_image
from mobinet.sim.export_layout import Shot, image_name, rounded, sees_colours
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.truth import TrueObject
from mobinet.types import Float32

_MAX_DEPTH_MM = 65535.0
_DEPTH_KINDS = ("depth", "rgbd")


class CameraFolder:
    """Writes what one camera sees: colours, depth, both, or events, by its kind.

    Args:
        folder: a new one.
        simulation: of the world.
        view: the camera.
        duration_s: time that is written.
        video: whether to write a ``video.mp4`` too.
        depth: whether to write depth images too.
    """

    def __init__(
        self, folder: Path, simulation: Simulation, view: CameraView, duration_s: float, *, video: bool, depth: bool
    ) -> None:
        self._folder, self._simulation, self._view = folder, simulation, view
        self._end_ns = round(duration_s * 1e9)
        self._depth = (depth and sees_colours(view)) or view.camera.kind in _DEPTH_KINDS
        self._rows: list[tuple[int, TrueObject]] = []
        self._records: list[str] = []
        self._poses: dict[str, list[str]] = {"poses": [], "believed_poses": [], "odometry": []}
        (folder / "gt").mkdir(parents=True)
        if sees_colours(view):
            (folder / "img1").mkdir()
        if self._depth:
            (folder / "depth").mkdir()
        self._video = _open_video(folder / "video.mp4", view) if video and sees_colours(view) else None
        self._events = EventFile(folder / "events.raw", simulation, view) if view.camera.kind == "events" else None

    def write(self, shot: Shot) -> None:
        """Takes the next image."""
        if shot.image is not None:
            write_image(self._folder / image_name(shot.number), shot.image)
            if self._video is not None:
                self._video.write(shot.image)
        if self._depth:
            millimetres = _to_millimetres(self._simulation.depth(self._view, shot.stamp_ns))
            write_image(self._folder / f"depth/{shot.number:06d}.png", millimetres)
        self._rows += [(shot.number, thing) for thing in shot.objects]
        self._records.append(_record(shot.number, shot.stamp_ns, shot.objects))
        if self._events is not None:
            self._events.advance(shot.stamp_ns)
        for name, pose in _poses(self._simulation, self._view, shot.stamp_ns).items():
            values = (*pose.translation, *pose.quaternion())
            line = f"{shot.stamp_ns / 1e9:.9f} " + " ".join(f"{value:.6f}" for value in values)
            self._poses[name].append(f"{line}\n")

    def __enter__(self) -> CameraFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if self._video is not None:
            self._video.release()
        if self._events is not None:
            if kind is None:
                self._events.advance(self._end_ns)
            self._events.close()
        if kind is None:
            self._finish()

    def _finish(self) -> None:
        count = len(self._records)
        if self._video is not None:
            _check_video(self._folder / "video.mp4", count)
        model, camera = self._view.camera.model, self._view.camera
        info = SequenceInfo(self._view.name.replace("/", "_"), camera.rate, count, model.width, model.height)
        write_seqinfo(self._folder / "seqinfo.ini", info)
        write_mot(self._folder / "gt/gt.txt", truth_table(self._rows))
        (self._folder / "truth.jsonl").write_text("".join(self._records), encoding="utf-8")
        for name, lines in self._poses.items():
            (self._folder / f"{name}.txt").write_text("".join(lines), encoding="ascii")


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


def _poses(simulation: Simulation, view: CameraView, stamp_ns: int) -> dict[str, Transform]:
    """Where the robot is, where it believes to be, and what its odometry alone says; by the file's name."""
    base2odom = simulation.base2odom(view.robot, stamp_ns)
    return {
        "poses": simulation.base_pose(view.robot, stamp_ns),
        "believed_poses": simulation.odom2map(view.robot, stamp_ns) @ base2odom,
        "odometry": base2odom,
    }


def _record(number: int, stamp_ns: int, objects: Sequence[TrueObject]) -> str:
    found = [
        {
            "name": thing.name,
            "identity": thing.identity,
            "class": thing.object_class.label,
            "box": thing.box.tolist(),
            "visible_box": thing.visible_box.tolist() if thing.visibility else None,
            "visibility": round(thing.visibility, 4),
            "hidden_by": rounded(dict(thing.hidden_by)),
            "position": np.round(thing.position, 4).tolist(),
            "velocity": np.round(thing.velocity, 4).tolist(),
        }
        for thing in objects
    ]
    return json.dumps({"frame": number, "stamp_ns": stamp_ns, "objects": found}) + "\n"


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
