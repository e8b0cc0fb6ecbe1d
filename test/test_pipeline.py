from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import InputError
from mobinet.pipeline import CameraPipeline
from mobinet.reid import EmbedderSettings, TrackDescriber, make_embedder
from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Detections, Frame, Image, TrackState


def image(x: int) -> Image:
    """A bright striped square at x on grey."""
    canvas = np.full((200, 320, 3), 90, np.uint8)
    canvas[60:140:2, x : x + 80] = (40, 200, 250)
    return canvas


class BrightThings:
    """A detector that finds the one bright thing."""

    class_names = ("thing",)
    settings = DetectorSettings()

    def configure(self, settings: DetectorSettings) -> None:
        self.settings = settings

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        return [self._find(frame.require_image()) for frame in frames]

    def _find(self, pixels: Image) -> Detections:
        rows, columns = np.nonzero(pixels.max(axis=2) > 200)
        if not len(rows):
            return Detections.empty()
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return Detections(np.array([box], np.float32), np.array([0.9], np.float32), ("thing",))


def test_a_thing_is_detected_tracked_and_described():
    describer = TrackDescriber(make_embedder(EmbedderSettings()))
    pipeline = CameraPipeline(BrightThings(), Tracker(TrackerSettings(confirm_hits=2)), describer)
    results = [pipeline.process(Frame(step * 10**8, "front", image(100 + 3 * step))) for step in range(4)]
    assert [len(result.detections) for result in results] == [1, 1, 1, 1]
    assert [result.tracks[0].track_id for result in results] == [1, 1, 1, 1]
    # tentative tracks are not described
    assert results[0].appearances == []
    (appearance,) = results[1].appearances
    assert appearance.track_id == 1
    assert np.linalg.norm(appearance.embedding) == pytest.approx(1.0, abs=1e-5)


def test_tracks_age_on_frames_where_nothing_is_found():
    pipeline = CameraPipeline(BrightThings(), Tracker(TrackerSettings(confirm_hits=1)))
    pipeline.process(Frame(0, "front", image(100)))
    result = pipeline.process(Frame(10**8, "front", np.full((200, 320, 3), 90, np.uint8)))
    assert len(result.detections) == 0
    assert [track.state for track in result.tracks] == [TrackState.COASTING]
    assert result.appearances == []


def test_a_batch_of_two_cameras_is_detected_once():
    detector = BrightThings()
    cameras = {name: CameraPipeline(detector, Tracker(TrackerSettings(confirm_hits=1))) for name in ("front", "rear")}
    frames = [Frame(0, "front", image(50)), Frame(0, "rear", image(150))]
    for frame, detections in zip(frames, detector.detect(frames), strict=True):
        (track,) = cameras[frame.camera].follow(frame, detections).tracks
        np.testing.assert_allclose(track.box, detections.boxes[0], atol=1e-3)
        assert track.track_id == 1


def test_a_frame_without_image_is_refused():
    pipeline = CameraPipeline(BrightThings(), Tracker())
    with pytest.raises(InputError, match="needs the image"):
        pipeline.process(Frame(0, "front", None))


@pytest.mark.recordings
def test_people_of_a_real_clip(data_dir):
    network = data_dir / "models" / "fastestdet" / "FastestDet.onnx"
    detector = make_detector(DetectorSettings(model=str(network), classes=("person",), threads=1))
    pipeline = CameraPipeline(detector, Tracker(), TrackDescriber(make_embedder(EmbedderSettings())))
    video = cv2.VideoCapture(str(data_dir / "mot" / "TUD-Campus" / "TUD-Campus.mp4"))
    lasting: Counter[int] = Counter()
    described: set[int] = set()
    for number in range(25):
        result = pipeline.process(Frame(number * 40_000_000, "front", video.read()[1]))
        described |= {appearance.track_id for appearance in result.appearances}
        lasting.update(track.track_id for track in result.tracks if track.state is TrackState.CONFIRMED)
    # of the four or five people in view most are followed through the second
    assert sum(count >= 15 for count in lasting.values()) >= 3
    assert described >= {track_id for track_id, count in lasting.items() if count >= 15}
