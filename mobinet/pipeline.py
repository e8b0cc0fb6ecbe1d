"""The whole chain of one camera: image to detections to tracks to appearances."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.detection import Detector
from mobinet.reid import TrackDescriber
from mobinet.tracking import Tracker
from mobinet.types import Appearance, Detections, Frame, Track


@dataclass(frozen=True)
class CameraResult:
    """What one frame of one camera gave.

    Args:
        detections: of this frame.
        tracks: all living tracks by rising id; ``detection_index`` points into ``detections``.
        appearances: of the tracks that were described in this frame, none without a describer.
    """

    detections: Detections
    tracks: list[Track]
    appearances: list[Appearance]


class CameraPipeline:
    """Detects, tracks and describes what one camera sees.

    Args:
        detector: may be shared by any number of cameras.
        tracker: of this camera alone.
        describer: of this camera alone; ``None`` leaves the appearances out.
    """

    def __init__(self, detector: Detector, tracker: Tracker, describer: TrackDescriber | None = None) -> None:
        self.detector = detector
        self.tracker = tracker
        self.describer = describer

    def process(self, frame: Frame) -> CameraResult:
        """Runs every stage on one frame.

        Raises:
            InputError: the image is missing or malformed, or the stamp does not rise.
            ModelError: a network's output does not fit.
        """
        (detections,) = self.detector.detect([frame])
        return self.follow(frame, detections)

    def follow(self, frame: Frame, detections: Detections) -> CameraResult:
        """The stages after detection, for detections that came from elsewhere or from a batch of several cameras.

        Raises:
            InputError: as :meth:`process`.
            ModelError: as :meth:`process`.
        """
        tracks = self.tracker.update(frame, detections)
        appearances = self.describer.describe(frame, tracks) if self.describer is not None else []
        return CameraResult(detections, tracks, appearances)
