"""A folder of images as a sequence."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import SourceError
from mobinet.types import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})


class ImageFolder:
    """The images of a folder in the order of their names, where ``9.png`` comes before ``10.png``.

    Raises:
        SourceError: the folder is missing, holds no images, or the first one cannot be decoded.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise SourceError(f"folder '{path}' does not exist; give the path of a folder of images")
        self._files = sorted((p for p in path.iterdir() if p.suffix.lower() in SUFFIXES), key=_natural)
        if not self._files:
            raise SourceError(f"folder '{path}' holds no images; expected files of {', '.join(sorted(SUFFIXES))}")
        self.count: int | None = len(self._files)
        first = _decode(self._files[0])
        self.size = (first.shape[1], first.shape[0])
        # a folder of one image, shown for ever, is a still camera: it need not be decoded again each time
        self._newest = (0, first)

    def image(self, index: int) -> Image | None:
        """``(H, W, 3)`` BGR ``uint8``; ``None`` past the end.

        Raises:
            SourceError: the file cannot be decoded, or its size is not that of the first one.
        """
        if index >= len(self._files):
            return None
        if index == self._newest[0]:
            return self._newest[1]
        image = _decode(self._files[index])
        size = (image.shape[1], image.shape[0])
        if size != self.size:
            raise SourceError(
                f"image '{self._files[index]}' is {size[0]}x{size[1]}, expected {self.size[0]}x{self.size[1]} like "
                f"'{self._files[0].name}'; a folder holds the images of one camera: move the others out"
            )
        self._newest = (index, image)
        return image

    def close(self) -> None:
        """Nothing is kept open between images."""


def _natural(path: Path) -> list[tuple[int, str]]:
    """Key that sorts runs of digits as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _decode(path: Path) -> Image:
    # imread cannot open names outside ASCII on every system, and says nothing about why it fails
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(f"image '{path}' cannot be read: {error.strerror}; check the file") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise SourceError(f"image '{path}' cannot be decoded: {data.size} bytes, damaged or no image; replace it")
    return np.asarray(image, np.uint8)
