"""Training images of random worlds, in a folder: rendered once, resumed where the rendering stopped.

The layout::

    DIR/images/0000007_03.jpg     fourth image of the world of seed 7
    DIR/worlds/0000007.json       what is in the images of that world; written last, so a world that has it is whole
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mobinet.errors import RecordingError
from mobinet.sim.randomised import RandomWorldSettings, TrueImage, random_images
from mobinet.sim.truth import TrueObject
from mobinet.types import Float32, Image

_JPEG_QUALITY = 95
_HELD_BACK_SHARE = 0.05

Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""


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
    worlds = -(-count // each)
    try:
        for name in ("images", "worlds"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(worlds):
            listing = folder / "worlds" / f"{seed + number:07d}.json"
            if not listing.is_file():
                _render_world(folder, seed + number, settings, listing)
            if progress is not None:
                progress((number + 1) * each, worlds * each)
    except OSError as error:
        raise RecordingError(
            f"'{folder}' cannot be written: {error.strerror or error}; check the folder, its rights and the free space"
        ) from error


def read_images(folder: Path) -> list[LabelledImage]:
    """All images of a folder, in the order of their worlds.

    Raises:
        RecordingError: none is there, or a listing is damaged.
    """
    found: list[LabelledImage] = []
    for listing in sorted((folder / "worlds").glob("*.json")):
        try:
            records = json.loads(listing.read_text(encoding="utf-8"))
            found += [_labelled(folder, record) for record in records]
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise RecordingError(
                f"'{listing}' is damaged ({error}); remove it, and its world is rendered again"
            ) from error
    if not found:
        raise RecordingError(
            f"'{folder}' has no training images: expected images/ and worlds/*.json; give another --data"
        )
    return found


def hold_back(images: Sequence[LabelledImage]) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """To learn from, and those of the last worlds to validate with; of a single world, the same."""
    worlds = sorted({image.world for image in images})
    last = set(worlds[-max(1, round(_HELD_BACK_SHARE * len(worlds))) :])
    held_back = [image for image in images if image.world in last]
    return [image for image in images if image.world not in last] or held_back, held_back


def _render_world(folder: Path, seed: int, settings: RandomWorldSettings, listing: Path) -> None:
    records = []
    for number, true in enumerate(random_images(seed, settings)):
        name = f"{seed:07d}_{number:02d}.jpg"
        _, data = cv2.imencode(".jpg", true.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        (folder / "images" / name).write_bytes(bytes(np.asarray(data, np.uint8)))
        records.append(_record(name, true))
    partial = listing.with_suffix(".partial")
    partial.write_text(json.dumps(records), encoding="utf-8")
    partial.replace(listing)


def _record(name: str, true: TrueImage) -> dict[str, object]:
    objects = [_object_record(thing, side) for thing, side in zip(true.objects, true.sides, strict=True)]
    return {"file": name, "camera": true.camera, "objects": objects}


def _object_record(thing: TrueObject, side: float) -> dict[str, object]:
    return {
        "class": thing.object_class.label,
        "identity": thing.identity,
        "box": [round(float(value), 1) for value in thing.box],
        "visibility": round(thing.visibility, 3),
        "side": round(side, 3),
    }


def _labelled(folder: Path, record: dict[str, Any]) -> LabelledImage:
    objects: Sequence[dict[str, Any]] = record["objects"]
    return LabelledImage(
        folder / "images" / str(record["file"]),
        np.array([thing["box"] for thing in objects], np.float32).reshape(-1, 4),
        tuple(str(thing["class"]) for thing in objects),
        np.array([thing["visibility"] for thing in objects], np.float32),
        tuple(int(thing["identity"]) for thing in objects),
        str(record["camera"]),
        np.array([thing.get("side", np.nan) for thing in objects], np.float32),
    )
