"""Names of columns: which of them is what of an event, and in which unit the time is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events.base import Events
from mobinet.types import Int64

NANOSECONDS_OF = {"t_ns": 1, "t_us": 1000, "t_ms": 10**6, "t_s": 10**9}
_OTHERS = {"x": "x", "y": "y", "p": "polarity", "polarity": "polarity"}
EXPECTED = f"one of {', '.join(NANOSECONDS_OF)}, and x, y and p"
_MAX_COORDINATE = np.iinfo(np.uint16).max
_MAX_TIME_NS = np.iinfo(np.int64).max


class Columns(NamedTuple):
    """Where in a table each value of an event is.

    Args:
        t, x, y, polarity: names of the columns, as the table has them.
        unit_ns: of ``t``.
    """

    t: str
    x: str
    y: str
    polarity: str
    unit_ns: int


def find_columns(names: Sequence[str]) -> Columns:
    """Raises InputError unless each is there once; other columns are passed over."""
    times = [name for name in names if name in NANOSECONDS_OF]
    others = {meaning: name for name, meaning in _OTHERS.items() if name in names}
    if len(times) != 1 or len(others) != 3 or len(set(names)) != len(names):
        raise InputError(f"columns are {', '.join(names) or 'none'}, expected {EXPECTED}; name them so")
    return Columns(times[0], others["x"], others["y"], others["polarity"], NANOSECONDS_OF[times[0]])


def events_of_columns(
    t: NDArray[Any], x: NDArray[Any], y: NDArray[Any], polarity: NDArray[Any], unit_ns: int
) -> Events:
    """Events of such columns; a polarity is ON where it is above 0 (files have 0 and 1, or -1 and 1).

    Raises:
        InputError: a time that does not fit, or a coordinate that is none.
    """
    for name, values in (("x", x), ("y", y)):
        outside = (values < 0) | (values > _MAX_COORDINATE)
        if outside.any():
            bad = int(np.argmax(outside))
            raise InputError(f"{name} of event {bad} is {values[bad]}, expected 0 to {_MAX_COORDINATE}")
    return Events(_nanoseconds(t, unit_ns), x.astype(np.uint16), y.astype(np.uint16), polarity > 0)


def _nanoseconds(t: NDArray[Any], unit_ns: int) -> Int64:
    limit = _MAX_TIME_NS // unit_ns
    # not with ``abs``, which the lowest integer does not have, and so that it is true for "not a number"
    bad = ~((t > -limit) & (t < limit))
    if bad.any():
        index = int(np.argmax(bad))
        raise InputError(
            f"time of event {index} is {t[index]}, which is no time or does not fit 64 bits of nanoseconds"
        )
    if t.dtype.kind == "f":
        # whole units apart, so that seconds since the epoch keep their fractions
        whole = np.floor(t)
        t_ns: Int64 = whole.astype(np.int64) * unit_ns + np.rint((t - whole) * unit_ns).astype(np.int64)
    else:
        t_ns = t.astype(np.int64) * unit_ns
    return t_ns
