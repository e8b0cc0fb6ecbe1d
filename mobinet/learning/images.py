"""Training images of random worlds, in a folder: rendered once, resumed where the rendering stopped.

The layout::

    DIR/images/0000007_03.jpg     fourth image of the world of seed 7
    DIR/worlds/0000007.json       what is in the images of that world; written last, so a world that has it is whole
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import RecordingError
from mobinet.learning.world_folder import Progress, Record, read_worlds, render_worlds
from mobinet.sim.randomised import RandomWorldSettings, TrueImage, random_images
from mobinet.sim.truth import TrueObject
from mobinet.types import Float32, Image

_JPEG_QUALITY = 95
_HELD_BACK_SHARE = 0.05


@dataclass(frozen=True)
class LabelledImage:
    """An image's file and the objects in it.

    Args:
        path: of the image.
        boxes: ``(N, 4)`` float32 xyxy pixels around whole silhouettes, cut at the image's border.
        labels: N class names.
        visibility: ``(N,)`` float32 share of each silhouette that is visible.
        identities: N numbers, the same in all images of one world.
        camera: ``robot/camera``.
        sides: ``(N,)`` float32 radians, from which side the camera sees each object, 0 its front, pi / 2 its left; NaN
            in folders that were rendered by a version that did not tell.
    """

    path: Path
    boxes: Float32
    labels: tuple[str, ...]
    visibility: Float32
    identities: tuple[int, ...]
    camera: str
    sides: Float32

    @property
    def world(self) -> str:
        """Of which world it is; identities of different worlds are different objects."""
        return self.path.stem.partition("_")[0]

    def load(self) -> Image:
        """``(H, W, 3)`` BGR ``uint8``.

        Raises:
            RecordingError: the file is missing or damaged.
        """
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise RecordingError(f"'{self.path}' is no readable image; remove the folder and render again")
        return np.asarray(image, np.uint8)


def render_images(
    folder: Path, count: int, seed: int, settings: RandomWorldSettings, progress: Progress | None = None
) -> None:
    """Renders random worlds of the seeds ``seed, seed + 1, ...`` until there are ``count`` images; whole worlds stay.

    Raises:
        RecordingError: the folder cannot be written (a full disk).
        MissingDependencyError: no MuJoCo or no EGL.
    """
    each = settings.cameras * settings.instants
    seeds = range(seed, seed - (-count // each))
    files = folder / "images"
    render_worlds(files, folder / "worlds", seeds, lambda seed: _render_world(files, seed, settings), each, progress)


def read_images(folder: Path) -> list[LabelledImage]:
    """All images of a folder, in the order of their worlds.

    Raises:
        RecordingError: none is there, or a listing is damaged.
    """
    expected = "training images: expected images/ and worlds/*.json"
    return read_worlds(folder / "worlds", lambda record: _labelled(folder, record), expected)


def hold_back(images: Sequence[LabelledImage]) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """To learn from, and those of the last worlds to validate with; of a single world, the same."""
    worlds = sorted({image.world for image in images})
    last = set(worlds[-max(1, round(_HELD_BACK_SHARE * len(worlds))) :])
    held_back = [image for image in images if image.world in last]
    return [image for image in images if image.world not in last] or held_back, held_back


def _render_world(files: Path, seed: int, settings: RandomWorldSettings) -> list[Record]:
    records = []
    for number, true in enumerate(random_images(seed, settings)):
        name = f"{seed:07d}_{number:02d}.jpg"
        _, data = cv2.imencode(".jpg", true.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        (files / name).write_bytes(bytes(np.asarray(data, np.uint8)))
        records.append(_record(name, true))
    return records


def _record(name: str, true: TrueImage) -> Record:
    objects = [_object_record(thing, side) for thing, side in zip(true.objects, true.sides, strict=True)]
    return {"file": name, "camera": true.camera, "objects": objects}


def _object_record(thing: TrueObject, side: float) -> Record:
    return {
        "class": thing.object_class.label,
        "identity": thing.identity,
        "box": [round(float(value), 1) for value in thing.box],
        "visibility": round(thing.visibility, 3),
        "side": round(side, 3),
    }


def _labelled(folder: Path, record: Record) -> LabelledImage:
    objects: Sequence[Record] = record["objects"]
    return LabelledImage(
        folder / "images" / str(record["file"]),
        np.array([thing["box"] for thing in objects], np.float32).reshape(-1, 4),
        tuple(str(thing["class"]) for thing in objects),
        np.array([thing["visibility"] for thing in objects], np.float32),
        tuple(int(thing["identity"]) for thing in objects),
        str(record["camera"]),
        np.array([thing.get("side", np.nan) for thing in objects], np.float32),
    )
