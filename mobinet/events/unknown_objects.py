"""What the detectors without learning share: the windows that they take, and the answers that they give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events.known import Found
from mobinet.events.windows import Window
from mobinet.types import UNKNOWN_CLASS, Detections, Float64

# Less than this is not told, nor what is narrower or lower than so many pixels.
_LEAST_SCORE, _LEAST_SIDE_PX = 0.2, 2.0
# From this age on it does not matter how long an object is known, s.
_OLD_S = 0.5


def check_window(name: str, window: Window, end_ns: int | None) -> None:
    """Raises InputError for a window that has no length or begins before the last one's end, ``end_ns``."""
    if window.end_ns <= window.start_ns or (end_ns is not None and window.start_ns < end_ns):
        raise InputError(
            f"{name}: expected a window that begins at {end_ns} ns or later and ends after it begins, got "
            f"{window.start_ns} to {window.end_ns} ns; call reset() where time begins anew"
        )


def as_detections(found: Found, weights: tuple[float, float, float, float], size: tuple[int, int]) -> Detections:
    """Objects of the unknown class, with the chance that each is one and its box is right.

    Args:
        weights: of the logistic regression: constant, logarithm of the events, of their ratio to the noise, and age.
        size: width and height of the sensor, at which boxes are cut.
    """
    constant, of_events, of_ratio, of_age = weights
    evidence = constant + of_events * np.log1p(found.events) + of_ratio * np.log1p(found.events / (1 + found.noise))
    evidence += of_age * np.minimum(found.ages_s, _OLD_S) / _OLD_S
    scores: Float64 = 1 / (1 + np.exp(-np.clip(evidence, -30, 30)))
    boxes = np.clip(found.boxes, 0, (*size, *size))
    kept: NDArray[np.bool_] = (scores >= _LEAST_SCORE) & (boxes[:, 2:] - boxes[:, :2] >= _LEAST_SIDE_PX).all(axis=1)
    boxes, scores = boxes[kept], scores[kept]
    return Detections(boxes.astype(np.float32), scores.astype(np.float32), (UNKNOWN_CLASS,) * len(boxes))
