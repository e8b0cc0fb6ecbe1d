"""Recordings as sources: the pace, the loop and the numbering that videos and image folders share."""

from __future__ import annotations

from typing import Protocol

from mobinet.errors import InputError
from mobinet.recordings.base import SourceImage
from mobinet.types import Image


class ImageSequence(Protocol):
    """Images by number."""

    size: tuple[int, int]
    count: int | None
    """How many there are, ``None`` while that is not known."""

    def image(self, index: int) -> Image | None:
        """``None`` past the end, with ``count`` known from then on; raises SourceError for a damaged image."""

    def close(self) -> None: ...


class RecordedSource:
    """A sequence of images played at a steady rate, once or for ever.

    Args:
        images: of the recording.
        rate: images per second, above 0.
        loop: whether to start again at the end.
    """

    live = False

    def __init__(self, images: ImageSequence, rate: float, loop: bool) -> None:
        self.rate = rate
        self.size = images.size
        self._images = images
        self._loop = loop
        self._next = 0
        self._closed = False

    @property
    def count(self) -> int | None:
        """Images in the recording, ``None`` while its end was not reached."""
        return self._images.count

    def read(self) -> SourceImage | None:
        position = self._next
        self._next += 1
        return self.image_at(position)

    def image_at(self, position: int) -> SourceImage | None:
        if position < 0:
            raise InputError(f"position {position}: expected 0 or more")
        if self._closed:
            return None
        index = self._wrap(position)
        image = self._images.image(index)
        if image is None and self._loop and self.count:
            index = self._wrap(position)
            image = self._images.image(index)
        if image is None:
            return None
        return SourceImage(index, image, round(position * 1e9 / self.rate))

    def _wrap(self, position: int) -> int:
        return position % self.count if self._loop and self.count else position

    def close(self) -> None:
        self._closed = True
        self._images.close()
