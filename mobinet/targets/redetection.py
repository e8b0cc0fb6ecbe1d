"""Places for a lost target that come from outside: a detector and what it looks like, another camera, a person.

Nothing from here is believed: each place is judged, followed and looked back from like any other candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.types import Detections, Float32, Float64, Frame


class Proposer(Protocol):
    """Knows where a lost target might be."""

    def start(self, frame: Frame, box: Float64) -> None:
        """A new target, ``(4,)`` xyxy pixels."""

    def propose(self, frame: Frame) -> Float64:
        """``(N, 4)`` xyxy pixels, the likeliest first; empty as often as it costs too much to look."""


class FindsObjects(Protocol):
    """What is needed of a detector."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Objects in each image."""


class DescribesObjects(Protocol):
    """What is needed of an embedder."""

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        """``(N, D)`` float32 unit vectors of boxes ``(N, 4)`` xyxy pixels."""


@dataclass(frozen=True)
class RedetectionSettings:
    """How often it is looked for a lost target, and at how many places.

    Raises:
        SettingsError: a value is out of range.
    """

    every_images: int = setting(10, "images from one detection to the next", minimum=1, maximum=100_000)
    places: int = setting(3, "detections that are proposed", minimum=1, maximum=100)
    least_likeness: float = setting(
        0.5, "cosine of the appearance with the target's from which one is proposed", minimum=-1.0, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


class Redetector:
    """See Proposer: detections of the target's class, the most alike first.

    Args:
        detector: finds objects in the whole image.
        embedder: tells how alike they are; without one the highest scores come first.
        settings: how often, how many.
    """

    def __init__(
        self,
        detector: FindsObjects,
        embedder: DescribesObjects | None = None,
        settings: RedetectionSettings | None = None,
    ) -> None:
        self._detector, self._embedder = detector, embedder
        self._settings = settings or RedetectionSettings()
        self._appearance: Float32 | None = None
        self._class_name: str | None = None
        self._waited = 0

    def start(self, frame: Frame, box: Float64) -> None:
        """See Proposer."""
        # the class is that of the detection the target was chosen on, if it was one
        found = self._detector.detect([frame])[0]
        overlaps = _overlaps(found.boxes, box)
        on_target = int(overlaps.argmax()) if len(found) else -1
        known = on_target >= 0 and overlaps[on_target] >= 0.5
        self._class_name = found.class_names[on_target] if known else None
        self._appearance = (
            None if self._embedder is None else self._embedder.embed(frame, box[None].astype(np.float32))[0]
        )
        self._waited = self._settings.every_images

    def propose(self, frame: Frame) -> Float64:
        """See Proposer."""
        self._waited += 1
        if self._waited < self._settings.every_images:
            return np.zeros((0, 4))
        self._waited = 0
        found = self._detector.detect([frame])[0]
        if self._class_name is not None:
            found = found[np.array([name == self._class_name for name in found.class_names], bool)]
        order = np.argsort(-found.scores, kind="stable")
        if self._embedder is not None and self._appearance is not None and len(found):
            likeness = self._embedder.embed(frame, found.boxes) @ self._appearance
            order = np.argsort(-likeness, kind="stable")
            order = order[likeness[order] >= self._settings.least_likeness]
        return found.boxes[order[: self._settings.places]].astype(np.float64)


def _overlaps(boxes: Float32, box: Float64) -> Float64:
    """``(N,)`` intersection over union with one box."""
    sides = np.maximum(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0.0)
    common = sides.prod(axis=1)
    total = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - common
    shares: Float64 = np.asarray(common / total, np.float64)
    return shares
