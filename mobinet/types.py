"""What the stages hand to each other: plain records of arrays, checked where they are made.

Times are integer nanoseconds since the epoch of the clock in use, boxes are ``xyxy`` in pixels of the source image,
images are ``(H, W, 3)`` BGR or ``(H, W)`` grey, ``uint8``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError

Image: TypeAlias = NDArray[np.uint8]
Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]
Int64: TypeAlias = NDArray[np.int64]

UNKNOWN_CLASS = ""


@dataclass(frozen=True)
class Frame:
    """One image of one camera.

    Args:
        stamp_ns: time of exposure.
        camera: name of the camera, unique within its robot.
        image: ``(H, W, 3)`` BGR or ``(H, W)`` grey ``uint8``; ``None`` where only the time is known (a tracker that
            gets detections from elsewhere).
    """

    stamp_ns: int
    camera: str
    image: Image | None

    def require_image(self) -> Image:
        """The image; raises InputError for a frame without pixels or with an image that is not uint8 (H, W[, 3])."""
        image = self.image
        if image is None:
            raise InputError(f"camera '{self.camera}': this stage needs the image, the frame has none")
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise InputError(
                f"camera '{self.camera}': expected a uint8 image of shape (H, W, 3) or (H, W), "
                f"got {image.dtype} {image.shape}"
            )
        if image.size == 0:
            raise InputError(f"camera '{self.camera}': the image is empty, shape {image.shape}")
        return image


@dataclass(frozen=True)
class Detections:
    """Objects found in one image, in no particular order.

    Args:
        boxes: ``(N, 4)`` float32 xyxy, pixels of the source image, finite, ``x2 > x1`` and ``y2 > y1``.
        scores: ``(N,)`` float32 in 0..1.
        class_names: N class names, empty string when unknown.

    Raises:
        InputError: shapes disagree, a value is not finite, a box is inverted or empty.
    """

    boxes: Float32
    scores: Float32
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        boxes = np.ascontiguousarray(self.boxes, dtype=np.float32)
        scores = np.ascontiguousarray(self.scores, dtype=np.float32)
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise InputError(f"boxes: expected shape (N, 4), got {boxes.shape}")
        if scores.shape != (len(boxes),) or len(self.class_names) != len(boxes):
            raise InputError(
                f"detections disagree in length: {len(boxes)} boxes, scores {scores.shape}, "
                f"{len(self.class_names)} class names"
            )
        if len(boxes) == 0:
            return
        check_boxes(boxes)
        if not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
            raise InputError(f"scores: expected finite values in 0..1, got {scores.min()} to {scores.max()}")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Any) -> Detections:
        """The detections that a NumPy index (mask, integers or slice) selects."""
        chosen = np.arange(len(self))[index]
        return Detections(self.boxes[chosen], self.scores[chosen], tuple(self.class_names[i] for i in chosen))

    @classmethod
    def empty(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), ())


def check_boxes(boxes: Float32) -> None:
    """Raises InputError naming the first box that is not finite, inverted or empty."""
    bad = ~np.isfinite(boxes).all(axis=1)
    with np.errstate(invalid="ignore"):
        bad |= (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"box {index} is {boxes[index].tolist()}: expected finite x1 < x2 and y1 < y2; drop or fix such boxes"
        )


class TrackState(IntEnum):
    """Life of a track; the values are those of ``mobinet_ros/Track``."""

    TENTATIVE = 0
    CONFIRMED = 1
    COASTING = 2


class Track(NamedTuple):
    """One object followed by one camera, as of one frame. A tuple, because many are made in every image.

    Args:
        track_id: positive, unique for the life of the tracker, never used again.
        box: ``(4,)`` float32 xyxy pixels: the filtered box; predicted while coasting.
        score: of the last matched detection.
        class_name: of the track.
        state: where in its life it is.
        velocity: ``(2,)`` float32, pixels per second, of the box's centre.
        first_stamp_ns, last_stamp_ns: first and last matched detection.
        detection_index: row of this frame's detections that it was matched to, -1 for none.
    """

    track_id: int
    box: Float32
    score: float
    class_name: str
    state: TrackState
    velocity: Float32
    first_stamp_ns: int
    last_stamp_ns: int
    detection_index: int = -1


@dataclass(frozen=True)
class Appearance:
    """What one track looks like: a unit vector, comparable only within one ``model``.

    Args:
        track_id: of the camera's tracker.
        embedding: ``(D,)`` float32, unit length.
        quality: 0..1, how good the view was.
    """

    track_id: int
    embedding: Float32
    quality: float


@dataclass(frozen=True, order=True)
class TrackKey:
    """Names a track in the whole network."""

    robot: str
    camera: str
    track_id: int

    def __str__(self) -> str:
        return f"{self.robot}/{self.camera}/{self.track_id}"


@dataclass(frozen=True)
class Sighting:
    """One object as one camera saw it at one instant, in the map frame.

    Args:
        key: whose track it is.
        stamp_ns: exposure of the image.
        position: ``(3,)`` float64, metres, map frame: where the object meets the ground.
        covariance: ``(3, 3)`` float64, metres squared.
        class_name, score: of the detection.
        embedding: ``(D,)`` float32 unit vector or ``None``; only equal ``model`` compare.
        model: fingerprint of the embedder, empty without embedding.
        velocity: ``(3,)`` metres per second or ``None``.
        first_stamp_ns: of the track's first detection, ``None`` when it is this one: who hears of a track late knows
            how old it is.
    """

    key: TrackKey
    stamp_ns: int
    position: Float64
    covariance: Float64
    class_name: str = UNKNOWN_CLASS
    score: float = 1.0
    embedding: Float32 | None = None
    model: str = ""
    velocity: Float64 | None = None
    first_stamp_ns: int | None = None


@dataclass(frozen=True)
class Identity:
    """One object as the network knows it.

    Args:
        identity_id: the same on every robot with the same evidence.
        aliases: ids it had before merges.
        position, covariance: ``(3,)`` metres and ``(3, 3)`` metres squared, map frame.
        velocity, velocity_covariance: ``(3,)`` metres per second and ``(3, 3)``, map frame.
        tracks: the tracks that show it now.
        first_seen_ns, last_seen_ns: of any sighting.
    """

    identity_id: str
    aliases: tuple[str, ...]
    class_name: str
    score: float
    position: Float64
    covariance: Float64
    velocity: Float64
    velocity_covariance: Float64
    tracks: tuple[TrackKey, ...] = ()
    first_seen_ns: int = 0
    last_seen_ns: int = 0


class TargetState(IntEnum):
    """What is known of the one object that a camera follows; the values are those of ``mobinet_ros/Target``."""

    NONE = 0
    TRACKING = 1
    UNCERTAIN = 2
    OCCLUDED = 3
    LOST = 4
    REFOUND = 5


@dataclass(frozen=True)
class Target:
    """The one object that a camera follows, as of one image.

    Args:
        stamp_ns: of the image.
        state: followed, doubtful, hidden, lost or just found again.
        box: ``(4,)`` float64 xyxy pixels; predicted while OCCLUDED; ``None`` when NONE or LOST.
        confidence: 0..1.
    """

    stamp_ns: int
    state: TargetState
    box: Float64 | None
    confidence: float
