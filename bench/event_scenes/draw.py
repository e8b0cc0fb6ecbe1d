"""A picture of one instant of a scene: tracks of two trackers in the image, and the events with what they tell."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from event_scenes.finding import Found
from event_scenes.judging import counts
from event_scenes.scene import Scene
from mobinet.types import Image, Track, TrackState

_TRUTH, _TRACK, _FOUND = (150, 150, 150), (90, 220, 90), (80, 200, 255)
_BACKGROUND, _BRIGHTER, _DARKER = (52, 37, 30), (255, 255, 255), (200, 126, 64)
_EVENTS_NS = 30_000_000


def draw_instant(
    scene: Scene, stamp_ns: int, alone: Sequence[Track], fused: Sequence[Track], events: Sequence[Found]
) -> Image:
    """Side by side: tracks of the RGB camera alone, of both, and events of 30 ms; grey is what has to be found."""
    image = scene.images[scene.stamps_ns.index(stamp_ns)]
    truth = scene.rgb_truth[scene.rgb_truth.stamps_ns == stamp_ns]
    boxes = truth.boxes[counts(scene.rgb, truth)]
    pictures = [_with_tracks(image, boxes, tracks) for tracks in (alone, fused)]
    height, width = image.shape[:2]
    seen = cv2.resize(_events(scene, stamp_ns), (width, height), interpolation=cv2.INTER_NEAREST)
    scale = np.tile((width / scene.dvs.model.width, height / scene.dvs.model.height), 2)
    for each in events:
        if each.stamp_ns == stamp_ns:
            for box in each.detections.boxes * scale:
                _rectangle(seen, box, _FOUND)
    return np.hstack([*pictures, seen])


def _with_tracks(image: Image, truth: np.ndarray, tracks: Sequence[Track]) -> Image:
    picture = image.copy()
    for box in truth:
        _rectangle(picture, box, _TRUTH)
    for track in tracks:
        if track.state is TrackState.CONFIRMED:
            _rectangle(picture, track.box, _TRACK)
            corner = round(float(track.box[0])) + 2, round(float(track.box[1])) + 11
            cv2.putText(picture, str(track.track_id), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.4, _TRACK, 1, cv2.LINE_AA)
    return picture


def _events(scene: Scene, stamp_ns: int) -> Image:
    model = scene.dvs.model
    first, last = np.searchsorted(scene.events.t_ns, (stamp_ns - _EVENTS_NS, stamp_ns))
    shown = scene.events[first:last]
    picture = np.full((model.height, model.width, 3), _BACKGROUND, np.uint8)
    picture[shown.y, shown.x] = np.where(shown.polarity[:, None], _BRIGHTER, _DARKER)
    return picture


def _rectangle(picture: Image, box: np.ndarray, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    cv2.rectangle(picture, (x1, y1), (x2 - 1, y2 - 1), colour, 1)
