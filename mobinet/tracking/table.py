"""The tracks of one camera as a few arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float32, Float64, Int64

# columns of TrackTable.numbers and TrackTable.marks
NUMBERS, MARKS = 26, 9


@dataclass(slots=True)
class TrackTable:
    """N tracks, one row each, by rising id.

    Its columns are views: what is written to them changes the table. Few arrays hold them all, so that rows are
    gathered and dropped at once.

    Args:
        numbers: ``(N, 26)`` float64, see the properties.
        marks: ``(N, 9)`` int64, likewise.
        looks: ``(N, D)`` float32 unit vectors, how each track looks; zeros where that is not known, and of no width as
            long as no embedding was given.
    """

    numbers: Float64
    marks: Int64
    looks: Float32

    @classmethod
    def of_size(cls, count: int, look_size: int = 0) -> TrackTable:
        """``count`` rows of zeros."""
        looks = np.zeros((count, look_size), np.float32)
        return cls(np.zeros((count, NUMBERS)), np.zeros((count, MARKS), np.int64), looks)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def moments(self) -> Float64:
        """``(N, 5, 4)``: boxes, velocities, variances, covariances, and velocity variances, as below."""
        return self.numbers[:, :20].reshape(-1, 5, 4)

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
    def evidence(self) -> Float64:
        """``(N,)`` logarithm of the odds that it is there, see :mod:`mobinet.tracking.fusion`; only with a sister."""
        return self.numbers[:, 25]

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
        """``(N,)`` matched detections of the camera itself so far; 0 for a track that only its sister has seen."""
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
        """``(N,)`` of the last matched detection, of the camera or its sister."""
        return self.marks[:, 5]

    @property
    def sister_hits(self) -> Int64:
        """``(N,)`` matched detections of the sister camera so far."""
        return self.marks[:, 6]

    @property
    def own_stamps_ns(self) -> Int64:
        """``(N,)`` of the last matched detection of the camera itself, where there was one."""
        return self.marks[:, 7]

    @property
    def sister_stamps_ns(self) -> Int64:
        """``(N,)`` of the last matched detection of the sister camera, where there was one."""
        return self.marks[:, 8]

    def confirm(self, least_hits: int) -> None:
        """Marks the tracks with at least that many hits, for good."""
        self.marks[:, 3] |= self.hits >= least_hits

    def take(self, rows: Int64 | NDArray[np.bool_]) -> TrackTable:
        """A copy of rows, by their numbers or a mask."""
        return TrackTable(self.numbers[rows], self.marks[rows], self.looks[rows])

    def select(self, keep: NDArray[np.bool_]) -> TrackTable:
        """The rows where ``keep``, ``(N,)`` bool, holds."""
        return self if np.count_nonzero(keep) == len(keep) else self.take(keep)

    def append(self, other: TrackTable) -> TrackTable:
        """This table's rows, then those of ``other``; looks of no width become zeros."""
        self.widen_looks(other.looks.shape[1])
        other.widen_looks(self.looks.shape[1])
        return TrackTable(
            np.concatenate((self.numbers, other.numbers)),
            np.concatenate((self.marks, other.marks)),
            np.concatenate((self.looks, other.looks)),
        )

    def widen_looks(self, size: int) -> None:
        """Gives looks of no width the width ``size``."""
        if not self.looks.shape[1]:
            self.looks = np.zeros((len(self), size), np.float32)
