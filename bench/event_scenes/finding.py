"""What detectors find in a scene, and how long they take for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from event_scenes.scene import Scene
from mobinet.detection import Detector
from mobinet.events import (
    BackgroundActivityFilter,
    EventDetector,
    Events,
    HotPixelFilter,
    NoiseSettings,
    Window,
    Windows,
)
from mobinet.geometry import Transform
from mobinet.sim.world import SimCamera
from mobinet.tracking import ground_homography
from mobinet.types import Detections, Float64, Frame


@dataclass(frozen=True)
class Found:
    """What is in the image at a time, and the processor's time that it took, milliseconds."""

    stamp_ns: int
    detections: Detections
    cpu_ms: float


def find_in_images(scene: Scene, detector: Detector) -> list[Found]:
    """Of every image of the RGB camera."""
    found = []
    for stamp_ns, image in zip(scene.stamps_ns, scene.images, strict=True):
        begin = time.process_time()
        (detections,) = detector.detect([Frame(stamp_ns, scene.rgb.name, image)])
        found.append(Found(stamp_ns, detections, 1000 * (time.process_time() - begin)))
    return found


def find_in_events(scene: Scene, detector: EventDetector) -> list[Found]:
    """Of every window of the event camera, noise filtered, as the nodes do it; it knows how the camera moves."""
    found = []
    for window, events in _windows(scene, detector):
        motion = image_motion(scene, scene.dvs, window.start_ns, window.end_ns)
        begin = time.process_time()
        detections = detector.detect(events, window, motion)
        found.append(Found(window.end_ns, detections, 1000 * (time.process_time() - begin)))
    return found


def image_motion(scene: Scene, camera: SimCamera, before_ns: int, now_ns: int) -> Float64:
    """``(3, 3)`` where pixels of a camera went, as the tracker's node computes it from tf."""
    offset = scene.sister2camera if camera is scene.dvs else Transform.identity()
    before, now = (scene.camera2map(stamp_ns) @ offset for stamp_ns in (before_ns, now_ns))
    return ground_homography(camera.model.matrix, before, now)


def _windows(scene: Scene, detector: EventDetector) -> Iterator[tuple[Window, Events]]:
    width, height, noise = scene.dvs.model.width, scene.dvs.model.height, NoiseSettings()
    filters = (HotPixelFilter(width, height, noise), BackgroundActivityFilter(width, height, noise.support_s))
    windows = Windows(width, height, detector.window_settings)
    # the first one begins with the scene, so that their ends meet images and truth
    for _ in windows.advance(0):
        pass
    for window, events in chain(windows.push(scene.events), windows.advance(scene.duration_ns)):
        kept = np.ones(len(events), bool)
        for each in filters:
            kept[kept] = each.keep(events[kept])
        yield window, events[kept]
