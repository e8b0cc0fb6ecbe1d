"""What is compared: boxes in images, boxes with identities, positions with identities, as tables of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.recordings.mot import MotTable
from mobinet.types import UNKNOWN_CLASS, Float32, Float64, Int64, check_boxes

Names: TypeAlias = NDArray[np.str_]
Ids: TypeAlias = NDArray[Any]
T = TypeVar("T", bound="TrackTable | BoxTable | PositionTable")

MOT16_CLASSES: Mapping[int, str] = {
    -1: UNKNOWN_CLASS,
    1: "person",
    2: "person_on_vehicle",
    3: "car",
    4: "bicycle",
    5: "motorbike",
    6: "non_mot_vehicle",
    7: "static_person",
    8: "distractor",
    9: "occluder",
    10: "occluder_on_ground",
    11: "occluder_full",
    12: "reflection",
    13: "crowd",
}
"""The class numbers of MOT16 and MOT20; a pedestrian is called person, as in COCO."""

MOT16_DISTRACTORS = ("person_on_vehicle", "static_person", "distractor", "reflection")
"""Classes of true boxes that an evaluation of persons forgives."""


@dataclass(frozen=True)
class TrackTable:
    """N boxes of one camera; ground truth or results.

    Args:
        frames: ``(N,)`` int64, the instant of each box: image numbers or stamps in nanoseconds, the same kind in truth
            and results.
        ids: ``(N,)`` integers or strings, whose box it is; at most once in a frame.
        boxes: ``(N, 4)`` float32 xyxy, pixels.
        scores: ``(N,)`` float32; in ground truth 0 marks a box that does not count. Ones by default.
        class_names: ``(N,)`` strings, empty when unknown (the default).
        visibility: ``(N,)`` float32 in 0..1; ones by default.

    Raises:
        InputError: lengths disagree, a box is not finite, inverted or empty, or an id is twice in a frame.
    """

    frames: Int64
    ids: Ids
    boxes: Float32
    scores: Float32 = None  # type: ignore[assignment]
    class_names: Names = None  # type: ignore[assignment]
    visibility: Float32 = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        boxes = np.ascontiguousarray(self.boxes, np.float32).reshape(-1, 4)
        ones = np.ones(len(boxes), np.float32)
        _set(
            self,
            frames=np.asarray(self.frames, np.int64),
            ids=_as_ids(self.ids),
            boxes=boxes,
            scores=ones if self.scores is None else np.asarray(self.scores, np.float32),
            class_names=_as_names(self.class_names, len(boxes)),
            visibility=ones if self.visibility is None else np.asarray(self.visibility, np.float32),
        )
        _check_lengths(self, len(boxes))
        check_boxes(boxes)
        _check_ids_unique(self.frames, self.ids)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Any) -> TrackTable:
        """The rows that a NumPy index (mask, integers or slice) selects."""
        return _rows(self, index)

    @classmethod
    def empty(cls) -> TrackTable:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4), np.float32))

    @classmethod
    def from_mot(cls, table: MotTable, classes: Mapping[int, str] = MOT16_CLASSES) -> TrackTable:
        """A table read by :func:`mobinet.recordings.mot.read_mot`.

        Raises:
            InputError: a class number is not in ``classes``, or an id is twice in a frame.
        """
        unknown = sorted(set(table.classes.tolist()) - set(classes))
        if unknown:
            raise InputError(f"class number {unknown[0]} has no name; known are {', '.join(map(str, sorted(classes)))}")
        names = [classes[number] for number in table.classes.tolist()]
        return cls(table.frames, table.ids, table.boxes, table.scores, _as_names(names, len(table)), table.visibility)


@dataclass(frozen=True)
class BoxTable:
    """N boxes in images, whoever they show; ground truth or results.

    Args:
        images: ``(N,)`` integers or strings, the image of each box: numbers, stamps or names.
        boxes: ``(N, 4)`` float32 xyxy, pixels.
        class_names: ``(N,)`` strings, empty when unknown (the default).
        scores: ``(N,)`` float64 confidences of results; ones by default.
        forgiven: ``(N,)`` bool, true boxes that need not be found (a crowd of COCO); none by default.

    Raises:
        InputError: lengths disagree, or a box is not finite, inverted or empty.
    """

    images: Ids
    boxes: Float32
    class_names: Names = None  # type: ignore[assignment]
    scores: Float64 = None  # type: ignore[assignment]
    forgiven: NDArray[np.bool_] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        boxes = np.ascontiguousarray(self.boxes, np.float32).reshape(-1, 4)
        _set(
            self,
            images=_as_ids(self.images),
            boxes=boxes,
            class_names=_as_names(self.class_names, len(boxes)),
            scores=np.ones(len(boxes)) if self.scores is None else np.asarray(self.scores, np.float64),
            forgiven=np.zeros(len(boxes), bool) if self.forgiven is None else np.asarray(self.forgiven, bool),
        )
        _check_lengths(self, len(boxes))
        check_boxes(boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Any) -> BoxTable:
        """The rows that a NumPy index (mask, integers or slice) selects."""
        return _rows(self, index)

    def of_one_class(self, name: str, but: Sequence[str] = ()) -> BoxTable:
        """The same with all classes called ``name``, except those of ``but``."""
        return replace(self, class_names=np.where(np.isin(self.class_names, but), self.class_names, name))

    @classmethod
    def from_tracks(cls, table: TrackTable, minimum_visibility: float = 0.0) -> BoxTable:
        """Without identities; what is less visible, or does not count, is forgiven.

        For results use ``BoxTable(table.frames, table.boxes, table.class_names, table.scores)``: there a score of 0 is
        a confidence.
        """
        forgiven = (table.scores <= 0) | (table.visibility < minimum_visibility)
        return cls(table.frames, table.boxes, table.class_names, np.ones(len(table)), forgiven)


@dataclass(frozen=True)
class PositionTable:
    """N positions of objects on the map, at instants.

    Args:
        stamps_ns: ``(N,)`` int64.
        ids: ``(N,)`` integers or strings; at most once at a stamp.
        positions: ``(N, D)`` float64 metres, D is 2 or 3.
        class_names: ``(N,)`` strings, empty when unknown (the default).

    Raises:
        InputError: lengths disagree, a position is not finite, or an id is twice at a stamp.
    """

    stamps_ns: Int64
    ids: Ids
    positions: Float64
    class_names: Names = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        positions = np.asarray(self.positions, np.float64)
        if positions.ndim != 2 or positions.shape[1] not in (2, 3):
            raise InputError(f"positions: expected shape (N, 2) or (N, 3), got {positions.shape}")
        _set(
            self,
            stamps_ns=np.asarray(self.stamps_ns, np.int64),
            ids=_as_ids(self.ids),
            positions=positions,
            class_names=_as_names(self.class_names, len(positions)),
        )
        _check_lengths(self, len(positions))
        if not np.isfinite(positions).all():
            row = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
            raise InputError(f"position {row} is {positions[row].tolist()}: expected finite metres; drop such rows")
        _check_ids_unique(self.stamps_ns, self.ids)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: Any) -> PositionTable:
        """The rows that a NumPy index (mask, integers or slice) selects."""
        return _rows(self, index)


def _rows(table: T, index: Any) -> T:
    chosen = np.arange(len(table))[index]
    return type(table)(**{field.name: getattr(table, field.name)[chosen] for field in fields(table)})


def _set(table: object, **columns: NDArray[Any]) -> None:
    for name, values in columns.items():
        object.__setattr__(table, name, values)


def _as_ids(values: Any) -> Ids:
    ids = np.asarray(values)
    if ids.size == 0:
        return ids.reshape(-1).astype(np.int64)
    if ids.dtype.kind not in "iuU":
        raise InputError(f"ids: expected integers or strings, got {ids.dtype}")
    return ids


def _as_names(values: Sequence[str] | Names | None, count: int) -> Names:
    return np.full(count, UNKNOWN_CLASS) if values is None else np.asarray(values, np.str_)


def _check_lengths(table: TrackTable | BoxTable | PositionTable, count: int) -> None:
    for field in fields(table):
        column = getattr(table, field.name)
        if len(column) != count or (column.ndim != 1 and field.name not in ("boxes", "positions")):
            raise InputError(f"{field.name}: expected one for each of {count} rows, got shape {column.shape}")


def _check_ids_unique(frames: Int64, ids: Ids) -> None:
    """Raises InputError naming the first frame in which an id stands twice."""
    if len(frames) < 2:
        return
    numbers = np.unique(ids, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((numbers, frames))
    twice = (np.diff(frames[order]) == 0) & (np.diff(numbers[order]) == 0)
    if twice.any():
        row = order[np.flatnonzero(twice)[0]]
        raise InputError(
            f"frame {frames[row]} has id {ids[row]} more than once: expected each object at most once in a frame; "
            "detections without identities are judged by 'eval detection'"
        )
