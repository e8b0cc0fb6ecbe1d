"""Boxes and truth in files: COCO's JSON, and boxes of event data sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.tables import BoxTable, Names
from mobinet.types import Float32, Float64

_EVENT_FIELDS = ("x", "y", "w", "h", "class_id")
_MICROSECOND_NS = 1000


@dataclass(frozen=True)
class CocoTruth:
    """What a COCO file of instances says.

    Args:
        table: boxes; crowds are forgiven.
        categories: class name by number.
        images: every image, also those without an object.
    """

    table: BoxTable
    categories: Mapping[int, str]
    images: tuple[int, ...]


def read_coco_truth(path: Path) -> CocoTruth:
    """An ``instances.json`` (Lin et al. 2014); ``bbox`` is left, top, width, height.

    Raises:
        RecordingError: the file cannot be read, or is no such file.
    """
    content = read_json(path)
    lists = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in lists):
        raise RecordingError(f"'{path}': expected an object with the lists {', '.join(lists)} (COCO instances)")
    categories = {int(entry["id"]): str(entry["name"]) for entry in content["categories"]}
    rows = content["annotations"]
    names = _class_names(rows, categories, path)
    crowds = np.array([bool(row.get("iscrowd", 0)) for row in rows], bool)
    table = BoxTable(_column(rows, "image_id", path), _boxes(rows, path), names, forgiven=crowds)
    return CocoTruth(table, categories, tuple(int(image["id"]) for image in content["images"]))


def read_coco_results(path: Path, categories: Mapping[int, str]) -> BoxTable:
    """A list of ``image_id, category_id, bbox, score``.

    Raises:
        RecordingError: the file cannot be read, or is no such file.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise RecordingError(f"'{path}': expected a list of results (image_id, category_id, bbox, score), not truth")
    return BoxTable(
        _column(rows, "image_id", path),
        _boxes(rows, path),
        _class_names(rows, categories, path),
        np.array(_values(rows, "score", path), np.float64),
    )


def read_event_boxes(path: Path) -> BoxTable:
    """A ``.npy`` of Prophesee's boxes: ``t`` or ``ts`` in microseconds, ``x y w h`` pixels, ``class_id`` and, of
    results, ``class_confidence``. ``images`` are nanoseconds; classes are named by their number.

    Raises:
        RecordingError: the file cannot be read, or has other fields.
    """
    try:
        rows: NDArray[Any] = np.load(path)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"'{path}' is no array of boxes: {error}; expected a .npy as Prophesee writes it"
        ) from error
    fields = rows.dtype.names or ()
    time = next((name for name in ("t", "ts") if name in fields), None)
    if time is None or not set(_EVENT_FIELDS) <= set(fields):
        raise RecordingError(
            f"'{path}': expected the fields t (or ts), {', '.join(_EVENT_FIELDS)}; got {', '.join(fields) or 'none'}"
        )
    corners = np.stack([rows["x"], rows["y"], rows["x"] + rows["w"], rows["y"] + rows["h"]], axis=-1)
    scores: Float64 = (
        rows["class_confidence"].astype(np.float64) if "class_confidence" in fields else np.ones(len(rows))
    )
    return BoxTable(
        rows[time].astype(np.int64) * _MICROSECOND_NS,
        corners.astype(np.float32),
        rows["class_id"].astype(np.int64).astype(np.str_),
        scores,
    )


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        RecordingError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be read: {error.strerror}; check the path") from error
    except ValueError as error:
        raise RecordingError(f"'{path}' is not JSON: {error}") from error


def _values(rows: list[Any], key: str, path: Path) -> list[Any]:
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or key not in row:
            raise RecordingError(
                f"'{path}': entry {number} has no '{key}'; expected image_id, category_id, bbox, score"
            )
    return [row[key] for row in rows]


def _column(rows: list[Any], key: str, path: Path) -> NDArray[Any]:
    return np.array(_values(rows, key, path))


def _boxes(rows: list[Any], path: Path) -> Float32:
    boxes = np.array(_values(rows, "bbox", path), np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes.astype(np.float32)


def _class_names(rows: list[Any], categories: Mapping[int, str], path: Path) -> Names:
    numbers = _values(rows, "category_id", path)
    unknown = sorted(set(numbers) - set(categories))
    if unknown:
        raise InputError(
            f"'{path}': category {unknown[0]} is not in the truth, which has "
            + ", ".join(f"{number} {name}" for number, name in sorted(categories.items()))
        )
    return np.array([categories[number] for number in numbers], np.str_)
