"""Edges of the signal at a camera's trigger input, by which cameras are synchronised with other sensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Int64


class TriggerEdge(NamedTuple):
    """One edge: its time in nanoseconds, input, and whether the signal rose."""

    t_ns: int
    channel: int
    rising: bool


@dataclass(frozen=True)
class Triggers:
    """Edges in the order in which the camera told of them.

    Args:
        t_ns: ``(N,)`` int64 nanoseconds, on the clock of the events.
        channel: ``(N,)`` uint8, which input; some cameras tell of their trigger output too, as another channel.
        rising: ``(N,)`` bool, true where the signal rose.
    """

    t_ns: Int64
    channel: NDArray[np.uint8]
    rising: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t_ns)

    @classmethod
    def empty(cls) -> Triggers:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.bool_))

    @classmethod
    def of(cls, edges: Sequence[TriggerEdge]) -> Triggers:
        """These edges."""
        return cls(
            np.array([edge.t_ns for edge in edges], np.int64),
            np.array([edge.channel for edge in edges], np.uint8),
            np.array([edge.rising for edge in edges], np.bool_),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Triggers]) -> Triggers:
        """All edges of ``parts``, in their order."""
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.t_ns for part in parts]),
            np.concatenate([part.channel for part in parts]),
            np.concatenate([part.rising for part in parts]),
        )
