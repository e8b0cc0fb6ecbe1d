"""A tracker's state as plain arrays, e.g. for ``numpy.savez``: saved, and checked when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.tracking.fusion import Senses
from mobinet.tracking.newcomers import Newcomers
from mobinet.tracking.table import MARKS, NUMBERS, TrackTable
from mobinet.tracking.trust import TRUST_SHAPE
from mobinet.types import Float64

State: TypeAlias = dict[str, NDArray[Any]]

_VERSION = 4
# the type of each array as NumPy names its kind, and its shape, -1 for any length
_FORM: dict[str, tuple[str, tuple[int, ...]]] = {
    "version": ("i", ()),
    "numbers": ("f", (-1, NUMBERS)),
    "marks": ("i", (-1, MARKS)),
    "looks": ("f", (-1, -1)),
    "class_names": ("U", (-1,)),
    "next_id": ("i", ()),
    "stamp_ns": ("i", (-1,)),
    "camera": ("U", (-1,)),
    "begun_ns": ("i", ()),
    "unrest": ("f", (2,)),
    "newcomers": ("f", (2,)),
    "own_ns": ("i", (-1,)),
    "sister_ns": ("i", (-1,)),
    "sight": ("f", (3,)),
    "trust": ("f", TRUST_SHAPE),
}


# Far beyond what a tracker comes to; float32 holds it, and float64 its square.
_MOST = 1e36
_KINDS = {"f": "floating-point numbers", "i": "integers", "U": "texts"}


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
    senses: Senses
    trust: Float64


def pack(known: Remembered) -> State:
    """Arrays that share no memory with the tracker."""
    return {
        "version": np.array(_VERSION),
        "numbers": known.table.numbers.copy(),
        "marks": known.table.marks.copy(),
        "looks": known.table.looks.copy(),
        "class_names": np.array(list(known.class_codes), np.str_),
        "next_id": np.array(known.next_id),
        "stamp_ns": _maybe(known.stamp_ns),
        "camera": np.array([] if known.camera is None else [known.camera], np.str_),
        "begun_ns": np.array(known.begun_ns, np.int64),
        "unrest": known.unrest.copy(),
        "newcomers": np.array(known.newcomers, np.float64),
        "own_ns": _maybe(known.senses.own_ns),
        "sister_ns": _maybe(known.senses.sister_ns),
        "sight": np.array(known.senses[2:], np.float64),
        "trust": known.trust,
    }


def unpack(state: Mapping[str, NDArray[Any]]) -> Remembered:
    """The contrary of :func:`pack`.

    Raises:
        InputError: an array is missing, has another type or shape or holds what no tracker saves.
    """
    missing = [key for key in _FORM if key not in state]
    if missing:
        raise InputError(f"state of a tracker: '{missing[0]}' is missing; expected {', '.join(_FORM)}")
    version = int(_read(state, "version"))
    if version != _VERSION:
        raise InputError(f"state of a tracker: expected version {_VERSION}, got {version}: track anew")
    arrays = {key: _read(state, key) for key in _FORM}
    stamps, cameras = arrays["stamp_ns"].tolist(), arrays["camera"].tolist()
    known = Remembered(
        TrackTable(arrays["numbers"].astype(np.float64), arrays["marks"], arrays["looks"].astype(np.float32)),
        {name: code for code, name in enumerate(arrays["class_names"].tolist())},
        int(arrays["next_id"]),
        stamps[0] if stamps else None,
        cameras[0] if cameras else None,
        int(arrays["begun_ns"]),
        arrays["unrest"],
        Newcomers(*arrays["newcomers"].tolist()),
        Senses(_first(arrays["own_ns"]), _first(arrays["sister_ns"]), *arrays["sight"].tolist()),
        arrays["trust"].astype(np.float64),
    )
    nameless = known.senses.own_ns is None  # a sister alone does not say whose tracks they are
    if len(cameras) != len(stamps) * (not nameless) or len(stamps) > 1 or (len(known.table) and not stamps):
        raise InputError(f"state of a tracker: expected one stamp and one camera, got {stamps} and {cameras}")
    if len(known.class_codes) != len(arrays["class_names"]):
        raise InputError("state of a tracker: expected each class name once; was it changed?")
    _check(known)
    return known


def _maybe(stamp_ns: int | None) -> NDArray[np.int64]:
    return np.array([] if stamp_ns is None else [stamp_ns], np.int64)


def _first(stamps: NDArray[Any]) -> int | None:
    return int(stamps[0]) if len(stamps) else None


def _read(state: Mapping[str, NDArray[Any]], key: str) -> NDArray[Any]:
    """A copy of one array, of the type and shape that it has in a state, and finite."""
    kind, shape = _FORM[key]
    try:
        array = np.array(state[key])
    except (ValueError, TypeError, OSError, EOFError, BadZipFile) as error:  # of a file that is damaged
        raise InputError(f"state of a tracker: '{key}' cannot be read: {error}") from error
    fits = array.ndim == len(shape) and all(want in (-1, got) for want, got in zip(shape, array.shape, strict=True))
    if array.dtype.kind != kind or not fits:
        raise InputError(
            f"state of a tracker: '{key}': expected {_KINDS[kind]} of shape {shape} (-1: any), got {array.dtype} of "
            f"shape {array.shape}"
        )
    if kind == "f" and not (np.abs(array) < _MOST).all():
        raise InputError(f"state of a tracker: '{key}': expected finite numbers below {_MOST:g}; was it changed?")
    return array


def _check(known: Remembered) -> None:
    """Raises InputError where what was read does not go together."""
    table, habits, count = known.table, known.newcomers, len(known.table)
    if not len(table.marks) == len(table.looks) == count:
        raise InputError(
            f"state of a tracker: expected as many marks and looks as numbers ({count}), got {len(table.marks)} and "
            f"{len(table.looks)}"
        )
    spread = min(np.min(each, initial=0.0) for each in (table.variances, table.velocity_variances))
    boxes = bool((table.boxes[:, 2:] > 0).all() and (table.observed[:, 2:] > 0).all())
    classes = bool(((table.classes >= 0) & (table.classes < len(known.class_codes))).all())
    ids = [0, *table.ids.tolist(), known.next_id]
    times = np.diff(np.stack((table.first_stamps_ns, table.last_stamps_ns), axis=1), axis=1)
    past = bool((times >= 0).all() and (table.last_stamps_ns <= (known.stamp_ns or 0)).all())
    for sound, what in (
        (boxes and spread >= 0, "boxes with sizes and variances above 0"),
        (classes, "known classes"),
        (all(one < other for one, other in pairwise(ids)), "rising ids below next_id"),
        (past, "tracks seen first, then last, then the newest stamp"),
        (bool(((known.unrest > 0) & (known.unrest < 1e3)).all()), "an unrest from 0 to 1000"),
        (0 <= known.senses.sight <= 1 and min(known.senses[3:]) > 0, "a sight in a share of 0..1, noises above 0"),
        (bool((known.trust >= 0).all()), "counts of at least 0 for the trust in a sister"),
        (habits.per_s >= 0 and 0 <= habits.nearness <= 1, "newcomers of at least 0, near in a share of 0..1"),
    ):
        if not sound:
            raise InputError(f"state of a tracker: expected {what}; was it changed?")
