"""Crops from folders in the layout of Market-1501, VeRi or CityFlow, real ones or rendered, to learn from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import RecordingError
from mobinet.evaluation.picture_folders import find_layout, read_picture_folder
from mobinet.learning.embedder_crops import INPUT_SIZE, Crops, CropSettings
from mobinet.types import Image, Int64


def read_crops(folder: Path, settings: CropSettings) -> tuple[Crops, Crops]:
    """Crops of the folder's training split to learn from, and those of other identities to validate with.

    Of each identity at most ``max_crops`` are taken, spread over the file names; identities with one picture, and junk
    (-1), are left out. What a box has around it is not in such pictures: their border is repeated.

    Raises:
        RecordingError: the folder does not fit its layout, a picture is damaged, or fewer than two identities have two
            pictures, or all pictures are of one camera.
    """
    layout = find_layout(folder)
    found = read_picture_folder(folder, "train", layout)
    ids, cameras = found.pictures.ids, np.unique(found.pictures.cameras, return_inverse=True)[1].reshape(-1)
    if len(np.unique(cameras)) < 2:
        raise RecordingError(
            f"'{folder}': all {len(found)} pictures for training are of one camera; an embedder that shall find "
            "objects again in other cameras learns from several"
        )
    rows = _choose(ids, settings.max_crops)
    names = np.unique(ids[rows])
    if len(names) < 2:
        raise RecordingError(
            f"'{folder}': {len(names)} identities have two pictures for training, expected two or more; give more"
        )
    pixels = np.stack([_with_margin(found.files[row], settings.margin) for row in rows])
    crops = Crops(
        images=pixels,
        identities=np.searchsorted(names, ids[rows]).astype(np.int64),
        cameras=cameras[rows].astype(np.int64),
        worlds=np.zeros(len(rows), np.int64),
        people=np.full(len(rows), layout == "market"),
        # a camera's pictures have their place and light in common
        pictures=cameras[rows].astype(np.int64),
        sides=np.full(len(rows), np.nan, np.float32),
        margin=settings.margin,
    )
    held_back = crops.identities >= len(names) - round(settings.validation_share * len(names))
    return crops[~held_back], crops[held_back]


def join_crops(first: Crops, second: Crops) -> Crops:
    """Both; numbers of the second begin behind those of the first. Margins are to be the same."""
    columns = {}
    for field in fields(Crops):
        if field.name == "margin":
            continue
        one, other = getattr(first, field.name), getattr(second, field.name)
        if field.name in ("identities", "cameras", "worlds", "pictures"):
            other = _from_zero(other) + (int(one.max()) + 1 if len(one) else 0)
        columns[field.name] = np.concatenate([one, other])
    return Crops(**columns, margin=first.margin)


def _from_zero(values: Int64) -> Int64:
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _choose(ids: Int64, most: int) -> Int64:
    chosen = []
    for identity in np.unique(ids[ids >= 0]):
        mine = np.flatnonzero(ids == identity)
        if len(mine) > 1:
            chosen.append(mine[np.unique(np.linspace(0, len(mine) - 1, min(most, len(mine))).round().astype(int))])
    rows: Int64 = np.concatenate([*chosen, np.zeros(0, np.int64)]).astype(np.int64)
    return rows


def _with_margin(path: Path, margin: float) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise RecordingError(f"'{path}' is no readable image; fetch it again or take it away")
    height, width = INPUT_SIZE
    inner = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    full_height, full_width = (round(side * (1 + 2 * margin)) for side in INPUT_SIZE)
    top, left = (full_height - height) // 2, (full_width - width) // 2
    bottom, right = full_height - height - top, full_width - width - left
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
