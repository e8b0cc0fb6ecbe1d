"""Places for a lost target from a detector and what its objects look like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.targets.redetection import RedetectionSettings, Redetector
from mobinet.types import Detections, Float32, Float64, Frame
from test.targets.correlation import frame_of

TARGET = np.array((10.0, 10.0, 30.0, 50.0))
OTHERS = np.array(((60, 10, 80, 50), (100, 10, 120, 50), (140, 10, 160, 50)), np.float32)


class Detector:
    """Finds what it is told to."""

    def __init__(self, boxes: Float32, names: Sequence[str], scores: Sequence[float]) -> None:
        self.found = Detections(
            boxes=boxes,
            scores=np.array(scores, np.float32),
            class_names=tuple(names),
        )
        self.calls = 0

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.calls += 1
        return [self.found for _ in frames]


class Embedder:
    """Tells places apart: the further to the right, the less like the target at the left edge."""

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        angles = (boxes[:, 0] - TARGET[0]) / 150 * np.pi / 2
        return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


def _started(
    detector: Detector, embedder: Embedder | None, settings: RedetectionSettings | None = None
) -> tuple[Redetector, Frame]:
    frame = frame_of(0, np.zeros((60, 200, 3), np.uint8))
    redetector = Redetector(detector, embedder, settings)
    redetector.start(frame, TARGET)
    return redetector, frame


def _three(names: Sequence[str] = ("person",) * 3) -> Detector:
    return Detector(OTHERS, names, (0.5, 0.9, 0.7))


def test_the_most_alike_come_first() -> None:
    redetector, frame = _started(_three(), Embedder(), RedetectionSettings(least_likeness=-1.0))
    np.testing.assert_array_equal(redetector.propose(frame), OTHERS)


def test_what_is_not_alike_is_not_proposed() -> None:
    # cosines .87, .59 and .21
    redetector, frame = _started(_three(), Embedder(), RedetectionSettings(least_likeness=0.5))
    np.testing.assert_array_equal(redetector.propose(frame), OTHERS[:2])


def test_without_an_embedder_the_highest_scores_come_first() -> None:
    redetector, frame = _started(_three(), None, RedetectionSettings(places=2))
    np.testing.assert_array_equal(redetector.propose(frame), OTHERS[[1, 2]])


def test_only_the_class_that_the_target_was_chosen_on() -> None:
    boxes = np.concatenate((TARGET[None].astype(np.float32), OTHERS))
    detector = Detector(boxes, ("car", "person", "car", "car"), (0.9, 0.8, 0.7, 0.6))
    redetector, frame = _started(detector, None)
    np.testing.assert_array_equal(redetector.propose(frame), boxes[[0, 2, 3]])


def test_any_class_for_a_target_that_no_detection_covers() -> None:
    redetector, frame = _started(_three(names=("car", "person", "dog")), None)
    assert len(redetector.propose(frame)) == 3


def test_nothing_where_nothing_is_found() -> None:
    none: Float64 = np.zeros((0, 4))
    redetector, frame = _started(Detector(none.astype(np.float32), (), ()), Embedder())
    assert redetector.propose(frame).shape == (0, 4)


def test_it_is_looked_only_every_few_images() -> None:
    detector = _three()
    redetector, frame = _started(detector, None, RedetectionSettings(every_images=5))
    counts = [len(redetector.propose(frame)) for _ in range(11)]
    assert [index for index, count in enumerate(counts) if count] == [0, 5, 10]
    # once to learn the class
    assert detector.calls == 1 + 3


def test_settings_out_of_range() -> None:
    with pytest.raises(SettingsError, match="every_images"):
        RedetectionSettings(every_images=0)
