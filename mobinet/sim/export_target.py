"""Single-object tracking: one target an object and camera, for the benchmarks that follow one thing.

``target/annotations.json`` is one file for all targets in the layout of TAO (Dave et al., "TAO: A large-scale benchmark
for tracking any object", 2020): videos, images, tracks, annotations. Every target also has a folder as LaSOT's (Fan et
al., "LaSOT: A high-quality benchmark for large-scale single object tracking", 2019), with the flags of GOT-10k (Huang
et al., 2019) beside::

    target/<robot>_<camera>_<object>/img/00000001.jpg     links to the camera's images
    .../groundtruth.txt                                   left,top,width,height of the visible pixels; zeros for none
    .../full_occlusion.txt  out_of_view.txt               LaSOT: 0 or 1 an image, on one line
    .../absence.label  cover.label  cut_by_image.label    GOT-10k: 0 or 1; visible share, 0 to 8; 0 or 1
    target/list.txt                                       the targets' names

A target begins with the first image that shows it well and ends with the last one that shows any of it; in between it
may hide, leave and come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mobinet.settings import check_settings, setting
from mobinet.sim.export_folder import write_json
from mobinet.sim.export_layout import Shot, image_name, rounded, sees_colours, xywh
from mobinet.sim.simulation import CameraView
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass

_SYNSETS = {ObjectClass.PERSON: "person.n.01", ObjectClass.CAR: "car.n.01"}
CATEGORIES = tuple(
    {"id": int(kind), "name": kind.label, "synset": _SYNSETS.get(kind, "unknown")} for kind in ObjectClass
)
_COVER_LEVELS = 8


@dataclass(frozen=True)
class TargetSettings:
    """Which objects become targets."""

    min_visible_s: float = setting(2.0, "an object that shows less long in all is no target, seconds", minimum=0.0)
    start_visibility: float = setting(0.7, "least visible share in the first image", minimum=0.0, maximum=1.0)
    start_side_px: float = setting(10.0, "least width and height in the first image, pixels", minimum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class _Candidate:
    """What one camera saw of one object, by the image's number."""

    view: CameraView
    seen: dict[int, TrueObject] = field(default_factory=dict)


class TargetLayout:
    """See Layout."""

    def __init__(self, folder: Path, title: str, settings: TargetSettings) -> None:
        self._folder, self._title, self._settings = folder / "target", title, settings
        self._candidates: dict[tuple[int, int], _Candidate] = {}
        self._images: list[dict[str, Any]] = []
        self._image_ids: dict[tuple[int, int], int] = {}
        self._videos: dict[int, CameraView] = {}

    def wants(self, view: CameraView, number: int) -> bool:  # noqa: ARG002
        return sees_colours(view)

    def add(self, shot: Shot) -> None:
        self._videos[shot.camera] = shot.view
        self._image_ids[shot.camera, shot.number] = len(self._images) + 1
        size = {"width": shot.view.camera.model.width, "height": shot.view.camera.model.height}
        self._images.append(
            {
                "id": len(self._images) + 1,
                "video_id": shot.camera,
                "file_name": shot.file_name,
                **size,
                "frame_index": shot.number - 1,
                "stamp_ns": shot.stamp_ns,
            }
        )
        for thing in shot.objects:
            candidate = self._candidates.setdefault((shot.camera, thing.identity), _Candidate(shot.view))
            candidate.seen[shot.number] = thing

    def finish(self) -> None:
        self._folder.mkdir()
        names: list[str] = []
        tracks: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for (camera, _), candidate in self._candidates.items():
            numbers = self._numbers(candidate)
            if not numbers:
                continue
            first = candidate.seen[numbers[0]]
            names.append(f"{candidate.view.name.replace('/', '_')}_{first.name}")
            _write_folder(self._folder / names[-1], candidate, numbers)
            track = {"id": len(tracks) + 1, "category_id": int(first.object_class), "video_id": camera}
            tracks.append({**track, "identity": first.identity, "name": first.name, "target": names[-1]})
            for number in numbers:
                thing = candidate.seen.get(number)
                if thing is not None and thing.visibility > 0:
                    ids = {"id": len(annotations) + 1, "image_id": self._image_ids[camera, number]}
                    annotations.append({**ids, "video_id": camera, "track_id": len(tracks), **_annotation(thing)})
        (self._folder / "list.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        write_json(self._folder / "annotations.json", self._content(tracks, annotations))

    def _numbers(self, candidate: _Candidate) -> Sequence[int]:
        """The images of a target, without a gap; none when the object shows too little."""
        showing = [number for number, thing in candidate.seen.items() if thing.visibility > 0]
        good = [number for number in showing if self._is_start(candidate.seen[number])]
        if not good or len(showing) < self._settings.min_visible_s * candidate.view.camera.rate:
            return ()
        return range(good[0], showing[-1] + 1)

    def _is_start(self, thing: TrueObject) -> bool:
        _, _, width, height = xywh(thing, visible=True)
        return (
            thing.visibility >= self._settings.start_visibility and min(width, height) >= self._settings.start_side_px
        )

    def _content(self, tracks: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> dict[str, Any]:
        videos = [
            {
                "id": camera,
                "name": view.name,
                "width": view.camera.model.width,
                "height": view.camera.model.height,
                "neg_category_ids": [],
                "not_exhaustive_category_ids": [],
                "metadata": {"rate": view.camera.rate},
            }
            for camera, view in self._videos.items()
        ]
        return {
            "info": {"description": self._title},
            "licenses": [],
            "videos": videos,
            "images": self._images,
            "tracks": tracks,
            "annotations": annotations,
            "categories": list(CATEGORIES),
        }


def _annotation(thing: TrueObject) -> dict[str, Any]:
    box = xywh(thing, visible=True)
    return {
        "category_id": int(thing.object_class),
        "bbox": box,
        "area": box[2] * box[3],
        "iscrowd": 0,
        "visibility": round(thing.visibility, 4),
        "hidden_by": rounded(dict(thing.hidden_by)),
        "amodal_bbox": xywh(thing, visible=False),
    }


def _write_folder(folder: Path, candidate: _Candidate, numbers: Sequence[int]) -> None:
    (folder / "img").mkdir(parents=True)
    things = [candidate.seen.get(number) for number in numbers]
    for index, number in enumerate(numbers, 1):
        link = folder / f"img/{index:08d}.jpg"
        link.symlink_to(f"../../../{candidate.view.name}/{image_name(number)}")
    boxes = [xywh(thing, visible=True) if thing is not None else [0.0] * 4 for thing in things]
    lines = "".join(",".join(f"{value:g}" for value in box) + "\n" for box in boxes)
    (folder / "groundtruth.txt").write_text(lines, encoding="ascii")
    hidden = [int(thing is not None and thing.visibility == 0) for thing in things]
    outside = [int(thing is None) for thing in things]
    for name, flags in (("full_occlusion", hidden), ("out_of_view", outside)):
        (folder / f"{name}.txt").write_text(",".join(map(str, flags)) + "\n", encoding="ascii")
    labels = {
        "absence": [int(thing is None or thing.visibility == 0) for thing in things],
        "cover": [0 if thing is None else round(_COVER_LEVELS * thing.visibility) for thing in things],
        "cut_by_image": [int(thing is not None and _is_cut(thing, candidate.view)) for thing in things],
    }
    for name, values in labels.items():
        (folder / f"{name}.label").write_text("".join(f"{value}\n" for value in values), encoding="ascii")


def _is_cut(thing: TrueObject, view: CameraView) -> bool:
    x1, y1, x2, y2 = thing.box.tolist()
    return bool(x1 <= 0 or y1 <= 0 or x2 >= view.camera.model.width or y2 >= view.camera.model.height)
