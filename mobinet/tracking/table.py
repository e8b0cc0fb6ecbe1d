"""The tracks of one camera as two arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float64, Int64

# columns of TrackTable.numbers and TrackTable.marks
_NUMBERS, _MARKS = 25, 6


@dataclass(slots=True)
class TrackTable:
    """N tracks, one row each, by rising id.

    Its columns are views: what is written to them changes the table. Two arrays hold them all, so that rows are
    gathered and dropped at once.

    Args:
        numbers: ``(N, 25)`` float64, see the properties.
        marks: ``(N, 6)`` int64, likewise.
    """

    numbers: Float64
    marks: Int64

    @classmethod
    def of_size(cls, count: int) -> TrackTable:
        """``count`` rows of zeros."""
        return cls(np.zeros((count, _NUMBERS)), np.zeros((count, _MARKS), np.int64))

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def boxes(self) -> Float64:
        """``(N, 4)`` filtered cx, cy, w, h, pixels."""
        return self.numbers[:, 0:4]

    @property
    def velocities(self) -> Float64:
        """``(N, 4)`` of the boxes, pixels per second."""
        return self.numbers[:, 4:8]

    @property
    def variances(self) -> Float64:
        """``(N, 4)`` of the boxes, pixels squared."""
        return self.numbers[:, 8:12]

    @property
    def covariances(self) -> Float64:
        """``(N, 4)`` of each number of a box with its own velocity."""
        return self.numbers[:, 12:16]

    @property
    def velocity_variances(self) -> Float64:
        """``(N, 4)`` of the velocities."""
        return self.numbers[:, 16:20]

    @property
    def observed(self) -> Float64:
        """``(N, 4)`` cx, cy, w, h of the last matched detection, moved with the camera since."""
        return self.numbers[:, 20:24]

    @property
    def scores(self) -> Float64:
        """``(N,)`` of the last matched detection."""
        return self.numbers[:, 24]

    @property
    def ids(self) -> Int64:
        """``(N,)`` track ids, rising."""
        return self.marks[:, 0]

    @property
    def classes(self) -> Int64:
        """``(N,)`` class codes."""
        return self.marks[:, 1]

    @property
    def hits(self) -> Int64:
        """``(N,)`` matched detections so far."""
        return self.marks[:, 2]

    @property
    def confirmed(self) -> NDArray[np.bool_]:
        """``(N,)`` whether the track ever had enough hits; a copy."""
        return self.marks[:, 3] > 0

    @property
    def first_stamps_ns(self) -> Int64:
        """``(N,)`` of the first matched detection."""
        return self.marks[:, 4]

    @property
    def last_stamps_ns(self) -> Int64:
        """``(N,)`` of the last matched detection."""
        return self.marks[:, 5]

    def confirm(self, least_hits: int) -> None:
        """Marks the tracks with at least that many hits, for good."""
        self.marks[:, 3] |= self.hits >= least_hits

    def select(self, keep: NDArray[np.bool_]) -> TrackTable:
        """The rows where ``keep``, ``(N,)`` bool, holds."""
        if keep.all():
            return self
        return TrackTable(self.numbers[keep], self.marks[keep])

    def append(self, other: TrackTable) -> TrackTable:
        """This table's rows, then those of ``other``."""
        if not len(other):
            return self
        return TrackTable(np.concatenate((self.numbers, other.numbers)), np.concatenate((self.marks, other.marks)))
