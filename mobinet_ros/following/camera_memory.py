"""What one camera has shown lately: images, boxes found in them, and how the camera looks at the world."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.types import Detections, Float64, Frame, Image
from mobinet_ros.frame_buffer import FrameBuffer


@dataclass(frozen=True)
class SeenBoxes:
    """What a detector or tracker said of one image.

    Args:
        boxes: ``(N, 4)`` float64 xyxy pixels.
        ids: of the tracks, N; empty for detections.
    """

    boxes: Float64
    ids: tuple[int, ...] = ()


@dataclass
class CameraMemory:
    """The newest images of one camera and what was said of them.

    Args:
        name: of the camera.
        capacity: how many images, and messages about them, are kept.
        frame_id: of the camera's optical frame, as its images say.
        model: of the newest ``camera_info``.
        heard: what was found in the newest image of which anything was said.
    """

    name: str
    capacity: int
    frame_id: str = ""
    model: CameraModel | None = None
    tracks: OrderedDict[int, SeenBoxes] = field(default_factory=OrderedDict)
    detections: OrderedDict[int, SeenBoxes] = field(default_factory=OrderedDict)
    heard: Detections = field(default_factory=Detections.empty)

    def __post_init__(self) -> None:
        self.images = FrameBuffer(self.capacity)

    def add_image(self, stamp_ns: int, frame_id: str, image: Image) -> None:
        self.images.add(stamp_ns, image)
        self.frame_id = frame_id

    def add_boxes(self, kind: OrderedDict[int, SeenBoxes], stamp_ns: int, seen: SeenBoxes) -> None:
        """Keeps what was said of an image; ``kind`` is ``tracks`` or ``detections``."""
        kind[stamp_ns] = seen
        while len(kind) > self.capacity:
            kind.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything but the camera's model: its stamps jumped back."""
        self.images.clear()
        self.tracks.clear()
        self.detections.clear()
        self.heard = Detections.empty()

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """What somebody else found lately, in the form of a detector: a lost target may be among it."""
        return [self.heard for _ in frames]

    def stamp_at(self, stamp_ns: int) -> int:
        """Stamp of the newest image not after ``stamp_ns``; of the newest for 0.

        Raises:
            InputError: no image came yet, or none from then is kept any more.
        """
        stamps = self.images.stamps()
        if not stamps:
            raise InputError(f"camera '{self.name}': no image came yet; is it running?")
        before = [stamp for stamp in stamps if not stamp_ns or stamp <= stamp_ns]
        if not before:
            raise InputError(
                f"camera '{self.name}': no image from {stamp_ns / 1e9:.3f} s is kept, only those from "
                f"{stamps[0] / 1e9:.3f} to {stamps[-1] / 1e9:.3f} s; choose sooner, or raise frames_kept"
            )
        return max(before)

    def track_at(self, track_id: int, stamp_ns: int) -> tuple[int, Float64]:
        """Stamp and box of a track in the newest image, not after ``stamp_ns``, that is kept; 0 for any stamp.

        Raises:
            InputError: no such track, or its images are gone.
        """
        kept = set(self.images.stamps())
        known: set[int] = set()
        for stamp, seen in reversed(self.tracks.items()):
            if stamp not in kept or (stamp_ns and stamp > stamp_ns):
                continue
            known.update(seen.ids)
            if track_id in seen.ids:
                return stamp, seen.boxes[seen.ids.index(track_id)]
        now = ", ".join(map(str, sorted(known))) or "none"
        raise InputError(f"camera '{self.name}': no track {track_id} in the images that are kept; there are: {now}")

    def boxes_near(self, stamp_ns: int, within_ns: int) -> list[tuple[int, SeenBoxes]]:
        """Tracks, then detections, of the kept image next to a stamp, each at most ``within_ns`` from it."""
        kept = set(self.images.stamps())
        found = []
        for kind in (self.tracks, self.detections):
            near = [stamp for stamp in kind if stamp in kept and abs(stamp - stamp_ns) <= within_ns]
            if near:
                stamp = min(near, key=lambda one: abs(one - stamp_ns))
                found.append((stamp, kind[stamp]))
        return found

    def frame(self, stamp_ns: int) -> Frame:
        """The image of a stamp, ``None`` in it when it is gone."""
        return Frame(stamp_ns, self.name, self.images.get(stamp_ns))

    def size(self, stamp_ns: int) -> Float64:
        """``(2,)`` width and height of an image, pixels."""
        image = self.frame(stamp_ns).require_image()
        return np.array([image.shape[1], image.shape[0]], np.float64)
