"""A video file as a sequence of images, decoded by OpenCV."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import SourceError
from mobinet.types import Image

# Containers of some codecs only estimate how many images they hold.
COUNT_TOLERANCE = 0.05


class VideoFile:
    """The images of a video file by number.

    The file is always decoded from its start: seeking by number is wrong by some images in many codecs, and the numbers
    must be those of the ground truth.

    Raises:
        SourceError: the file is missing or is no video that this OpenCV can decode.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SourceError(f"video '{path}' does not exist; give the path of a video file")
        self._path = path
        self.count: int | None = None
        self._capture = self._open()
        self._next = 0
        self._last: Image | None = None
        self._promised = int(max(self._capture.get(cv2.CAP_PROP_FRAME_COUNT), 0))
        self.rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not math.isfinite(self.rate) or not 0 < self.rate <= 1000:
            self.rate = 0.0
        first = self.image(0)
        if first is None:
            raise SourceError(f"video '{path}' holds no image that can be decoded; record it again or convert it")
        self.size = (first.shape[1], first.shape[0])

    def image(self, index: int) -> Image | None:
        """``(H, W, 3)`` BGR ``uint8``; ``None`` past the end.

        Raises:
            SourceError: the video ends well before the number of images that it promises; later calls answer ``None``.
        """
        if self.count is not None and index >= self.count:
            return None
        if index == self._next - 1:
            return self._last
        if index < self._next:
            self._capture.release()
            self._capture = self._open()
            self._next = 0
        while self._next < index:
            if not self._capture.grab():
                self._end()
                return None
            self._next += 1
        found, image = self._capture.read()
        if not found:
            self._end()
            return None
        self._next += 1
        self._last = np.asarray(image, np.uint8)
        return self._last

    def close(self) -> None:
        self._capture.release()
        self._last = None

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f"video '{self._path}' cannot be opened: it is truncated, no video, or of a codec that this OpenCV "
                "lacks; try to convert it: ffmpeg -i IN -c:v libx264 OUT.mp4"
            )
        return capture

    def _end(self) -> None:
        self.count = self._next
        if self.count < self._promised * (1 - COUNT_TOLERANCE) - 1:
            raise SourceError(
                f"video '{self._path}' breaks off after {self.count} of {self._promised} images: it is truncated or "
                "damaged; copy or record it again"
            )
