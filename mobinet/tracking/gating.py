"""Which pairs of track and detection are possible at all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.boxes import cxcywh_to_xyxy, iou_matrix
from mobinet.tracking.motion import project
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64


class Pairs(NamedTuple):
    """``iou``: ``(N, M)`` overlap of N tracks with M detections; ``possible``: ``(N, M)`` whether they may match."""

    iou: Float64
    possible: NDArray[np.bool_]


def gate(table: TrackTable, measurements: Float64, classes: Int64, settings: TrackerSettings) -> Pairs:
    """Pairs of one class that overlap and whose Mahalanobis distance is within ``settings.gate``.

    The distance is that of a detection's centre and size to the track's prediction (Wojke et al. 2017, eq. 1); it is
    computed only for the pairs that passed the cheaper tests.

    Args:
        table: N tracks, predicted to the detections' time.
        measurements: ``(M, 4)`` cx, cy, w, h of the detections.
        classes: ``(M,)`` class codes.
    """
    expected, spread = project(table.means, table.covariances, settings)
    iou = iou_matrix(cxcywh_to_xyxy(expected), cxcywh_to_xyxy(measurements))
    possible = (iou > 0) & (table.classes[:, None] == classes[None, :])
    tracks, detections = np.nonzero(possible)
    innovation = measurements[detections] - expected[tracks]
    precision = np.linalg.inv(spread)[tracks]
    distance_squared = np.einsum("ki,kij,kj->k", innovation, precision, innovation)
    possible[tracks, detections] = distance_squared <= settings.gate**2
    return Pairs(iou, possible)
