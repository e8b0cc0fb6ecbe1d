"""A tracker's state as plain arrays, e.g. for ``numpy.savez``: saved, and checked when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.tracking.newcomers import Newcomers
from mobinet.tracking.table import MARKS, NUMBERS, TrackTable
from mobinet.types import Float64

State: TypeAlias = dict[str, NDArray[Any]]

_VERSION = 2
_KEYS = (
    "version",
    "numbers",
    "marks",
    "looks",
    "class_names",
    "next_id",
    "stamp_ns",
    "camera",
    "begun_ns",
    "unrest",
    "newcomers",
)


@dataclass(frozen=True)
class Remembered:
    """What a tracker knows between two updates; ``stamp_ns`` and ``camera`` are ``None`` before the first one."""

    table: TrackTable
    class_codes: dict[str, int]
    next_id: int
    stamp_ns: int | None
    camera: str | None
    begun_ns: int
    unrest: Float64
    newcomers: Newcomers


def pack(known: Remembered) -> State:
    """Arrays that share no memory with the tracker."""
    begun = known.stamp_ns is not None
    return {
        "version": np.array(_VERSION),
        "numbers": known.table.numbers.copy(),
        "marks": known.table.marks.copy(),
        "looks": known.table.looks.copy(),
        "class_names": np.array(list(known.class_codes), np.str_),
        "next_id": np.array(known.next_id),
        "stamp_ns": np.array([known.stamp_ns] if begun else [], np.int64),
        "camera": np.array([known.camera] if begun else [], np.str_),
        "begun_ns": np.array(known.begun_ns, np.int64),
        "unrest": known.unrest.copy(),
        "newcomers": np.array(known.newcomers, np.float64),
    }


def unpack(state: Mapping[str, NDArray[Any]]) -> Remembered:
    """The contrary of :func:`pack`.

    Raises:
        InputError: an array is missing, has another shape or holds what no tracker saves.
    """
    missing = [key for key in _KEYS if key not in state]
    if missing:
        raise InputError(f"state of a tracker: '{missing[0]}' is missing; expected {', '.join(_KEYS)}")
    if int(state["version"]) != _VERSION:
        raise InputError(f"state of a tracker: expected version {_VERSION}, got {state['version']}: track anew")
    table = TrackTable(
        np.array(state["numbers"], np.float64), np.array(state["marks"], np.int64), np.array(state["looks"], np.float32)
    )
    unrest, habits = np.array(state["unrest"], np.float64), np.array(state["newcomers"], np.float64)
    if unrest.shape != (2,) or habits.shape != (2,) or not np.isfinite((unrest, habits)).all():
        raise InputError(f"state of a tracker: expected two finite numbers each, got {unrest} and {habits}")
    names, next_id = state["class_names"].tolist(), int(state["next_id"])
    _check(table, len(names), next_id)
    stamps, cameras = state["stamp_ns"].tolist(), state["camera"].tolist()
    if len(stamps) != len(cameras) or len(stamps) > 1 or (len(table) and not stamps):
        raise InputError(f"state of a tracker: expected one stamp and one camera, got {stamps} and {cameras}")
    return Remembered(
        table,
        {name: code for code, name in enumerate(names)},
        next_id,
        int(stamps[0]) if stamps else None,
        str(cameras[0]) if cameras else None,
        int(state["begun_ns"]),
        unrest,
        Newcomers(*habits.tolist()),
    )


def _check(table: TrackTable, classes: int, next_id: int) -> None:
    count = len(table)
    shapes = table.numbers.shape, table.marks.shape, table.looks.shape[:1]
    if shapes != ((count, NUMBERS), (count, MARKS), (count,)):
        raise InputError(
            f"state of a tracker: expected ({count}, {NUMBERS}), ({count}, {MARKS}), ({count},), got {shapes}"
        )
    sound = np.isfinite(table.numbers).all() and np.isfinite(table.looks).all() and bool((table.boxes[:, 2:] > 0).all())
    known = bool(((table.classes >= 0) & (table.classes < classes)).all())
    rising = bool((np.diff(table.ids) > 0).all()) and (not count or 0 < table.ids[0] <= table.ids[-1] < next_id)
    if not (sound and known and rising):
        raise InputError(
            "state of a tracker: expected finite numbers, known classes, and rising ids below next_id; was it changed?"
        )
