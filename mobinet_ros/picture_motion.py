"""How the picture of each camera moved between two messages, from tf or from the images."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.tracking import ImageMotion, ImageMotionSettings, ground_homography
from mobinet.transforms import TransformBuffer
from mobinet.types import Float32, Float64, Image

_IMAGES_KEPT = 60


@dataclass(frozen=True)
class CameraMotionSettings:
    """Whether tracks are taken along when the camera turns or drives.

    Raises:
        SettingsError: a value is out of range.
    """

    camera_motion: str = setting(
        "none",
        "where the camera's own motion is seen: tf (needs camera_info), image (needs the images), auto (tf, and the "
        "images while tf does not tell), or none",
        choices=("none", "tf", "image", "auto"),
    )
    motion_frame: str = setting(
        "map", "frame that does not move with the camera, its ground at z = 0, for camera_motion tf"
    )

    def __post_init__(self) -> None:
        check_settings(self)


class MotionFromTf:
    """The motion of one camera between two stamps, as tf has it, for what stands on the ground.

    Args:
        transforms: filled by the node.
        fixed_frame: what the camera moves in, the ground at z = 0.
    """

    def __init__(self, transforms: TransformBuffer, fixed_frame: str) -> None:
        self._transforms = transforms
        self._fixed_frame = fixed_frame
        self._before: Transform | None = None

    def reset(self) -> None:
        """Forgets where the camera was before."""
        self._before = None

    def motion(self, model: CameraModel | None, frame_id: str, stamp_ns: int) -> Float64 | None:
        """``(3, 3)`` since the last call; ``None`` for the first one, or where no calibration is known.

        Raises:
            TransformError: tf does not say where the camera was; the next motion is ``None`` too.
        """
        before, self._before = self._before, None
        self._before = self._transforms.lookup(self._fixed_frame, frame_id, stamp_ns)
        if before is None or model is None:
            return None
        return ground_homography(model.matrix, before, self._before)

    def between(self, model: CameraModel | None, frame_id: str, before_ns: int | None, stamp_ns: int) -> Float64 | None:
        """``(3, 3)`` from one stamp to another; ``None`` where the first or the calibration is not known.

        Raises:
            TransformError: tf does not say where the camera was.
        """
        if before_ns is None or model is None:
            return None
        before, now = (self._transforms.lookup(self._fixed_frame, frame_id, each) for each in (before_ns, stamp_ns))
        return ground_homography(model.matrix, before, now)


class MotionFromImages:
    """The motion of one camera between any two of its last images: those between are passed on the way."""

    def __init__(self, settings: ImageMotionSettings) -> None:
        self._watcher = ImageMotion(settings)
        self.reset()

    def reset(self) -> None:
        """Forgets all images."""
        self._watcher.reset()
        # by stamp, the motion since the image before; None where it was not seen
        self._steps: OrderedDict[int, Float64 | None] = OrderedDict()
        self._asked_ns: int | None = None

    def see(self, stamp_ns: int, image: Image, boxes: Float32) -> None:
        """Takes in the next image; ``boxes``: ``(N, 4)`` xyxy where objects are, from the last message."""
        self._steps[stamp_ns] = self._watcher.observe(image, boxes)
        while len(self._steps) > _IMAGES_KEPT:
            self._steps.popitem(last=False)

    def motion(self, stamp_ns: int) -> Float64 | None:
        """``(3, 3)`` from the image asked for last time to that of ``stamp_ns``; ``None`` where it is not known."""
        before_ns, self._asked_ns = self._asked_ns, stamp_ns
        stamps = list(self._steps)
        if before_ns not in self._steps or stamp_ns not in self._steps:
            return None
        since: Float64 = np.eye(3)
        for between_ns in stamps[stamps.index(before_ns) + 1 : stamps.index(stamp_ns) + 1]:
            step = self._steps[between_ns]
            if step is None:
                return None
            since = step @ since
        return since
