"""The people of a video without ground truth: where our detector and tracker find them in the whole picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from following.scenes import Recorded
from mobinet.detection import DetectorSettings, make_detector
from mobinet.recordings.base import SourceImage
from mobinet.recordings.sources import SourceSettings, open_source
from mobinet.tracking import Tracker, TrackerSettings
from mobinet.types import Float64, Frame, Image, TrackState

SMOOTHED = 2  # images to each side
WINDOW_SHARE = (0.4, 0.9)  # near people are nearly as high as the picture
LONGEST = 2


def people_of_video(path: Path, model: str) -> list[Recorded]:
    """Those who are longest in a video, each a target; ``model`` finds people."""
    images, found = _tracked(path, model)
    source = open_source(SourceSettings(source=str(path)))
    rate, (width, height) = source.rate, source.size
    source.close()
    window = (round(width * WINDOW_SHARE[0]), round(height * WINDOW_SHARE[1]))
    scenes = []
    for identity in sorted(found, key=lambda key: -len(found[key]))[:LONGEST]:
        first, last = min(found[identity]), max(found[identity])
        boxes = _filled(found[identity], first, last)
        name = f"{path.stem.split('-person')[0]}/{identity}"
        scenes.append(Recorded(name, rate, (width, height), window, boxes, images=images[first : last + 1]))
    return scenes


def _tracked(path: Path, model: str) -> tuple[list[Image], dict[int, dict[int, Float64]]]:
    """The images, and the box of each person by image."""
    source = open_source(SourceSettings(source=str(path)))
    detector, tracker = make_detector(DetectorSettings(model=model)), Tracker(TrackerSettings())
    images: list[Image] = []
    found: dict[int, dict[int, Float64]] = {}
    while (taken := _next(source.read())) is not None:
        frame = Frame(round(len(images) / source.rate * 1e9), path.stem, taken)
        for track in tracker.update(frame, detector.detect([frame])[0]):
            if track.state is TrackState.CONFIRMED and track.class_name == "person":
                found.setdefault(track.track_id, {})[len(images)] = track.box.astype(np.float64)
        images.append(taken)
    source.close()
    return images, found


def _next(taken: SourceImage | None) -> Image | None:
    return None if taken is None else taken.image.copy()


def _filled(boxes: dict[int, Float64], first: int, last: int) -> Float64:
    """``(L, 4)`` boxes of every image, gaps filled straight and all smoothed over some images."""
    known = sorted(boxes)
    table = np.array([boxes[index] for index in known])
    frames = np.arange(first, last + 1)
    full = np.column_stack([np.interp(frames, known, table[:, column]) for column in range(4)])
    kernel = np.ones(2 * SMOOTHED + 1) / (2 * SMOOTHED + 1)
    padded = np.pad(full, ((SMOOTHED, SMOOTHED), (0, 0)), mode="edge")
    return np.column_stack([np.convolve(padded[:, column], kernel, mode="valid") for column in range(4)])
