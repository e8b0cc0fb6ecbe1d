"""OpenCV's people detector: histograms of oriented gradients and a linear classifier. Needs no file.

Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mobinet.detection.base import Candidates, DetectorSettings, check_live_change
from mobinet.detection.postprocess import Selection
from mobinet.types import Detections, Float32, Frame, Image

_WINDOW = (64, 128)
# The classifier was trained on people with a margin around them; this part of its window is the person.
_PERSON_PART = np.array([0.75, 0.875], np.float32)


class HogDetector:
    """Finds upright people, at least about 100 pixels high.

    Its scores are the logistic function of the distance to the classifier's plane: 0.5 is on the plane.

    Args:
        settings: ``threads`` sets OpenCV's thread pool, of which a process has one; 0 leaves it as it is.
    """

    class_names: tuple[str, ...] = ("person",)

    def __init__(self, settings: DetectorSettings) -> None:
        self._selection = Selection(settings, self.class_names)
        if settings.threads > 0:
            cv2.setNumThreads(settings.threads)
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())

    @property
    def settings(self) -> DetectorSettings:
        return self._selection.settings

    def configure(self, settings: DetectorSettings) -> None:
        check_live_change(self.settings, settings)
        self._selection = Selection(settings, self.class_names)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        selection = self._selection
        return [self._detect_one(frame.require_image(), selection) for frame in frames]

    def _detect_one(self, image: Image, selection: Selection) -> Detections:
        height, width = image.shape[:2]
        if width < _WINDOW[0] or height < _WINDOW[1]:
            return Detections.empty()
        windows, margins = self._hog.detectMultiScale(image, winStride=(8, 8), padding=(8, 8), scale=1.05)
        boxes = people_in_windows(np.asarray(windows, np.float32).reshape(-1, 4))
        scores = (1 / (1 + np.exp(-np.asarray(margins, np.float32).reshape(-1)))).astype(np.float32)
        candidates = Candidates(boxes, scores, np.zeros(len(boxes), np.int64))
        return selection.apply(candidates, height, width, overlapping=True)


def people_in_windows(windows: Float32) -> Float32:
    """``(N, 4)`` detector windows x, y, width, height to ``(N, 4)`` xyxy boxes of the people in their middle."""
    centres = windows[:, :2] + windows[:, 2:] / 2
    halves = windows[:, 2:] * _PERSON_PART / 2
    return np.hstack([centres - halves, centres + halves]).astype(np.float32)
