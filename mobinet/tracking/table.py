"""The tracks of one camera as a struct of arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float64, Int64


@dataclass(frozen=True)
class TrackTable:
    """N tracks, one row each, by rising id; a change makes a new table.

    Args:
        ids: ``(N,)`` track ids.
        means: ``(N, 8)`` states, see :mod:`mobinet.tracking.motion`.
        covariances: ``(N, 8, 8)``.
        classes: ``(N,)`` class codes.
        scores: ``(N,)`` of the last matched detection.
        hits: ``(N,)`` matched detections so far.
        confirmed: ``(N,)`` whether the track ever had enough hits.
        first_stamps_ns, last_stamps_ns: ``(N,)`` of the first and the last matched detection.
    """

    ids: Int64
    means: Float64
    covariances: Float64
    classes: Int64
    scores: Float64
    hits: Int64
    confirmed: NDArray[np.bool_]
    first_stamps_ns: Int64
    last_stamps_ns: Int64

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def empty(cls) -> TrackTable:
        whole = np.zeros(0, np.int64)
        return cls(
            ids=whole,
            means=np.zeros((0, 8)),
            covariances=np.zeros((0, 8, 8)),
            classes=whole,
            scores=np.zeros(0),
            hits=whole,
            confirmed=np.zeros(0, bool),
            first_stamps_ns=whole,
            last_stamps_ns=whole,
        )

    def select(self, keep: NDArray[np.bool_]) -> TrackTable:
        """The rows where ``keep``, ``(N,)`` bool, holds."""
        if keep.all():
            return self
        return TrackTable(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})

    def append(self, other: TrackTable) -> TrackTable:
        """This table's rows, then those of ``other``."""
        if not len(other):
            return self
        return TrackTable(
            **{
                field.name: np.concatenate((getattr(self, field.name), getattr(other, field.name)))
                for field in fields(self)
            }
        )
