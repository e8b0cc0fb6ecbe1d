"""What the detections of a camera look like, for a tracker that tells objects apart by it too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.reid import Embedder
from mobinet.reid.views import ViewScale, view_quality
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Frame, Image
from mobinet_ros.frame_buffer import FrameBuffer

# Poorer views say more of what hides the object than of the object.
_LEAST_QUALITY = 0.2
_SCALE = ViewScale(good_area_px=8000.0, border_px=2.0)


@dataclass(frozen=True)
class LooksSettings:
    """Whether detections are followed by their looks too.

    Raises:
        SettingsError: a value is out of range.
    """

    looks: bool = setting(
        False, "describe every detection by the embedder 'model' and follow it by its looks too; needs the images"
    )

    def __post_init__(self) -> None:
        check_settings(self)


class DetectionLooks:
    """Finds the image of a message of detections by its stamp, and describes them.

    Args:
        embedder: may be shared by cameras.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._frames = FrameBuffer()

    def see(self, stamp_ns: int, image: Image) -> None:
        """Keeps an image for detections to come."""
        self._frames.add(stamp_ns, image)

    def of(self, camera: str, stamp_ns: int, boxes: Float32) -> Float32 | None:
        """``(N, D)`` unit vectors of ``(N, 4)`` xyxy boxes, zeros for poor views; ``None`` where the image is missing.

        Raises:
            InputError: a malformed image.
            ModelError: the embedder failed.
        """
        image = self._frames.get(stamp_ns)
        if image is None:
            return None
        height, width = image.shape[:2]
        looks = np.zeros((len(boxes), self._embedder.dimension), np.float32)
        good = view_quality(boxes, (width, height), _SCALE) >= _LEAST_QUALITY
        if good.any():
            looks[good] = self._embedder.embed(Frame(stamp_ns, camera, image), boxes[good])
        return looks
