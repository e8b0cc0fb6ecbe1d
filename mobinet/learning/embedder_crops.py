"""Crops of the same object from several cameras, cut out of training images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError
from mobinet.learning.images import LabelledImage
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Image, Int64

INPUT_SIZE = (128, 64)
"""Height and width of the network's input; a crop of any object is stretched to it."""
_CLASSES = ("person", "cyclist", "car")


@dataclass(frozen=True)
class CropSettings:
    """Which objects are cut out."""

    min_visibility: float = setting(0.4, "least visible share", minimum=0.0, maximum=1.0)
    min_height_px: float = setting(32.0, "least height, pixels", minimum=2.0)
    min_width_px: float = setting(12.0, "least width, pixels", minimum=2.0)
    max_crops: int = setting(10, "most crops of one object", minimum=2)
    margin: float = setting(0.12, "what is kept around a box, share of its sides, for shifted boxes", minimum=0.0)
    validation_share: float = setting(0.05, "share of the worlds that are not trained on", minimum=0.0, maximum=0.9)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Crops:
    """N crops.

    Args:
        images: ``(N, h, w, 3)`` BGR ``uint8``, the box and a margin around it, stretched to one size.
        identities: ``(N,)`` int64 from 0 without a gap; of one world each.
        cameras: ``(N,)`` int64, a number for every camera of every world.
        worlds: ``(N,)`` int64, a number for every world.
        people: ``(N,)`` bool, whether it is somebody on foot.
        pictures: ``(N,)`` int64, a number for every picture that crops were cut from.
        sides: ``(N,)`` float32 radians, from which side the camera sees the object, NaN where nobody knows.
        margin: share of the box's sides that is added on each side.
    """

    images: NDArray[np.uint8]
    identities: Int64
    cameras: Int64
    worlds: Int64
    people: NDArray[np.bool_]
    pictures: Int64
    sides: Float32
    margin: float

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Any) -> Crops:
        """The crops that a NumPy index (mask, integers or slice) selects."""
        chosen = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "margin"}
        return Crops(**chosen, margin=self.margin)


def cut_crops(images: Sequence[LabelledImage], settings: CropSettings) -> tuple[Crops, Crops]:
    """Crops to train on, and those of other worlds to validate with; objects with a single crop are left out.

    Raises:
        RecordingError: an image is damaged, or nothing is left to train on.
    """
    worlds = sorted({image.world for image in images})
    held_out = set(worlds[len(worlds) - round(settings.validation_share * len(worlds)) :])
    training = _cut([image for image in images if image.world not in held_out], settings)
    if not len(training):
        raise RecordingError(
            f"no object has two crops of {settings.min_height_px:g} pixels height in {len(images)} images; render more"
        )
    return training, _cut([image for image in images if image.world in held_out], settings)


def _cut(images: Sequence[LabelledImage], settings: CropSettings) -> Crops:
    chosen = _choose(images, settings)
    wanted: dict[int, list[tuple[int, int]]] = {}
    for row, (number, index) in enumerate(chosen):
        wanted.setdefault(number, []).append((row, index))
    height, width = (round(side * (1 + 2 * settings.margin)) for side in INPUT_SIZE)
    pixels = np.zeros((len(chosen), height, width, 3), np.uint8)
    for number, places in wanted.items():
        image = images[number].load()
        for row, index in places:
            pixels[row] = cut_with_margin(image, images[number].boxes[index], settings.margin, (width, height))
    owners = [(images[number].world, images[number].identities[index]) for number, index in chosen]
    return Crops(
        images=pixels,
        identities=_numbered(owners),
        cameras=_numbered([(images[number].world, images[number].camera) for number, _ in chosen]),
        worlds=_numbered([(images[number].world,) for number, _ in chosen]),
        people=np.array([images[number].labels[index] == "person" for number, index in chosen], bool),
        pictures=_numbered([(number,) for number, _ in chosen]),
        sides=np.array([images[number].sides[index] for number, index in chosen], np.float32),
        margin=settings.margin,
    )


def _choose(images: Sequence[LabelledImage], settings: CropSettings) -> list[tuple[int, int]]:
    """Number of the image and index of the object there, for all crops, one object after the other."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    height, width = images[0].load().shape[:2] if images else (0, 0)  # one size for all images of a folder
    for number, image in enumerate(images):
        sides = image.boxes[:, 2:] - image.boxes[:, :2]
        good = (sides >= (settings.min_width_px, settings.min_height_px)).all(axis=1)
        known = np.array([label in _CLASSES for label in image.labels], bool)
        # of an object that is cut off on two sides, little may be left
        good &= known & (image.visibility >= settings.min_visibility) & (_cut_sides(image.boxes, (width, height)) < 2)
        for index in np.flatnonzero(good).tolist():
            found.setdefault((image.world, image.identities[index]), []).append((number, index))
    several = (places for places in found.values() if len(places) > 1)
    return [place for places in several for place in _spread(places, settings.max_crops)]


def _cut_sides(boxes: Float32, size: tuple[int, int]) -> Int64:
    """How many of its sides the border of an image of ``size`` (width, height) cuts off each object."""
    low, high = boxes[:, :2] <= 0, boxes[:, 2:] >= size
    return np.asarray(low.sum(axis=1) + high.sum(axis=1), np.int64)


def _spread(places: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    rows = np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(int)
    return [places[row] for row in rows]


def _numbered(names: Sequence[tuple[object, ...]]) -> Int64:
    numbers: dict[tuple[object, ...], int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def cut_with_margin(image: Image, box: Float32, margin: float, size: tuple[int, int]) -> Image:
    """A box and a share of its sides around it, stretched to ``size`` (width, height); the border is repeated."""
    x1, y1, x2, y2 = (float(value) for value in box)
    dx, dy = margin * (x2 - x1), margin * (y2 - y1)
    scale = np.array([size[0] / (x2 - x1 + 2 * dx), size[1] / (y2 - y1 + 2 * dy)])
    # pixel centres lie half a pixel inside of the edges that a box names
    shift = 0.5 * scale - 0.5 - scale * (x1 - dx, y1 - dy)
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    smooth = cv2.INTER_LINEAR
    if scale.max() < 0.75:  # much smaller: average first, or fine texture turns into noise
        return _shrink(image, (x1 - dx, y1 - dy, x2 + dx, y2 + dy), size)
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=smooth, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _shrink(image: Image, box: tuple[float, float, float, float], size: tuple[int, int]) -> Image:
    height, width = image.shape[:2]
    columns = np.clip(np.arange(round(box[0]), round(box[2])), 0, width - 1)
    rows = np.clip(np.arange(round(box[1]), round(box[3])), 0, height - 1)
    return np.asarray(cv2.resize(image[rows[:, None], columns], size, interpolation=cv2.INTER_AREA), np.uint8)
