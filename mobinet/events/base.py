"""Events of one camera, as a structure of arrays."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events.selection import select
from mobinet.types import Int64

# what a message, a file or a socket gives
Packet: TypeAlias = "bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]"


@dataclass(frozen=True)
class Events:
    """Changes of brightness of single pixels, in the order of the sensor.

    Cameras send events in order of time but for faults of their clocks, so order is checked only where it is needed.

    Args:
        t_ns: ``(N,)`` int64 nanoseconds.
        x, y: ``(N,)`` uint16 pixel, 0 at the top left.
        polarity: ``(N,)`` bool, true for ON (brighter).

    Raises:
        InputError: lengths disagree, an array is not flat, or numbers are not whole or do not fit.
    """

    t_ns: Int64
    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    polarity: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name, dtype in (("t_ns", np.int64), ("x", np.uint16), ("y", np.uint16), ("polarity", np.bool_)):
            object.__setattr__(self, name, _array(name, getattr(self, name), np.dtype(dtype)))
        lengths = {name: len(getattr(self, name)) for name in ("t_ns", "x", "y", "polarity")}
        if len(set(lengths.values())) != 1:
            raise InputError(f"events: expected arrays of one length, got {lengths}")

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: Any) -> Events:
        """The events that a NumPy index (mask, integers or slice) selects."""
        if isinstance(index, np.ndarray) and index.dtype == np.bool_ and index.shape == self.t_ns.shape:
            return Events.of_columns(*select(index, self.t_ns, self.x, self.y, self.polarity))
        return Events(self.t_ns[index], self.x[index], self.y[index], self.polarity[index])

    def within(self, start_ns: int, end_ns: int) -> Events:
        """Those from ``start_ns`` up to, but not with, ``end_ns``."""
        inside = (self.t_ns >= start_ns) & (self.t_ns < end_ns)
        return self if inside.all() else self[inside]

    def in_order(self) -> Events:
        """These events by time; themselves where they are."""
        if not len(self) or (self.t_ns[1:] >= self.t_ns[:-1]).all():
            return self
        return self[np.argsort(self.t_ns, kind="stable")]

    @classmethod
    def of_columns(
        cls, t_ns: Int64, x: NDArray[np.uint16], y: NDArray[np.uint16], polarity: NDArray[np.bool_]
    ) -> Events:
        """Events of arrays that are known to be as this class has them; nothing is checked."""
        events = object.__new__(cls)
        # the fields of a frozen class are set once, here
        events.__dict__.update(t_ns=t_ns, x=x, y=y, polarity=polarity)
        return events

    @classmethod
    def empty(cls) -> Events:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.bool_))

    @classmethod
    def concatenate(cls, parts: Sequence[Events]) -> Events:
        """All events of ``parts``, in their order."""
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls.of_columns(
            np.concatenate([part.t_ns for part in parts]),
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate([part.polarity for part in parts]),
        )


def _array(name: str, values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A contiguous flat array of ``dtype``, without a copy where it is one."""
    given = np.asarray(values)
    if given.ndim != 1:
        raise InputError(f"events: {name} has shape {given.shape}, expected (N,)")
    if given.dtype == dtype:
        return np.ascontiguousarray(given)
    if given.dtype.kind not in "iub" and len(given):
        raise InputError(f"events: {name} is {given.dtype}, expected {dtype}; round and convert it")
    if dtype != np.bool_ and len(given):
        limits = np.iinfo(dtype)
        if int(given.min()) < limits.min or int(given.max()) > limits.max:
            raise InputError(f"events: {name} runs from {given.min()} to {given.max()}, which {dtype} does not hold")
    return np.ascontiguousarray(given.astype(dtype))


def check_inside(events: Events, width: int, height: int) -> None:
    """Raises InputError naming the first event outside a sensor of that size, pixels."""
    if not len(events) or (int(events.x.max()) < width and int(events.y.max()) < height):
        return
    index = int(np.argmax((events.x >= width) | (events.y >= height)))
    raise InputError(
        f"event {index} is at ({events.x[index]}, {events.y[index]}), outside the sensor of {width} x {height}; give "
        "the sensor's true size, or drop such events"
    )
