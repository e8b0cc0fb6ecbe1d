"""What was detected in one image, as the tracker goes through it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mobinet.errors import InputError
from mobinet.tracking import motion
from mobinet.types import Detections, Float32, Float64, Int64


class Found(NamedTuple):
    """M detections in an order that does not depend on the one they came in.

    ``order``: ``(M,)`` their rows. ``measurements``: ``(M, 4)`` cx, cy, w, h. ``looks``: ``(M, D)``. ``variances``:
    ``(M, 4)`` of the measurements, pixels squared; ``None`` for those that the settings say.
    """

    order: Int64
    scores: Float64
    measurements: Float64
    classes: Int64
    looks: Float32
    variances: Float64 | None = None

    def take(self, rows: Int64) -> Found:
        return Found(
            self.order[rows],
            self.scores[rows],
            self.measurements[rows],
            self.classes[rows],
            self.looks[rows],
            None if self.variances is None else self.variances[rows],
        )


def ordered(detections: Detections, classes: Int64, looks: Float32, noise: Float64 | None = None) -> Found:
    """Detections as the tracker takes them; ``noise`` as :func:`check_noise` has it."""
    order = _canonical_order(detections, classes)
    return Found(
        order,
        detections.scores[order].astype(np.float64),
        motion.measure(detections.boxes.take(order, axis=0)),
        classes[order],
        looks[order],
        None if noise is None else noise[order] ** 2,
    )


def check_noise(noise: Float32 | Float64 | None, count: int) -> Float64 | None:
    """``(M, 4)`` float64 standard deviations of cx, cy, w, h, pixels.

    Args:
        noise: of the caller: ``(M, 4)``, or ``(M,)`` where all four are alike.
        count: M, number of detections.

    Raises:
        InputError: the shape is another one, or a number is not finite or not above 0.
    """
    if noise is None:
        return None
    try:
        sigmas = np.asarray(noise, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"noise: expected numbers of shape ({count}, 4) or ({count},), got {noise!r}") from None
    if sigmas.shape == (count,):
        sigmas = np.repeat(sigmas[:, None], 4, axis=1)
    if sigmas.shape != (count, 4):
        raise InputError(
            f"noise: expected shape ({count}, 4) or ({count},), one row for each detection, got {sigmas.shape}"
        )
    # squares of it are added up in float64
    if not ((sigmas > 0) & (sigmas < 1e9)).all():
        row = int(np.argmin(((sigmas > 0) & (sigmas < 1e9)).all(axis=1)))
        raise InputError(f"noise: row {row} is {sigmas[row].tolist()}: expected standard deviations above 0, in pixels")
    return sigmas


def _canonical_order(detections: Detections, classes: Int64) -> Int64:
    """Rows by falling score, then box, then class: whatever order they came in, they are processed in this one."""
    falling = -detections.scores
    order: Int64 = falling.argsort()
    scores = falling[order]
    if np.count_nonzero(scores[1:] == scores[:-1]):
        x1, y1, x2, y2 = detections.boxes.T
        order = np.lexsort((classes, y2, x2, y1, x1, falling))
    return order
