"""The last images of a camera, kept so that an object can be followed backwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.types import Float64, Frame, Image

_NS = 1e9


@dataclass(frozen=True)
class HistorySettings:
    """How much of the past is kept; whichever bound is reached first.

    Raises:
        SettingsError: a value is out of range.
    """

    max_seconds: float = setting(6.0, "age of the oldest image that is kept, seconds", minimum=0.0, maximum=60.0)
    max_bytes: int = setting(96_000_000, "memory of the images that are kept, bytes", minimum=0, maximum=1 << 34)
    max_side_px: int = setting(960, "larger images are kept at a scale at which their longer side is this", minimum=32)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class KeptImage:
    """One image of the past.

    Args:
        stamp_ns: time of exposure.
        image: ``(H, W, 3)`` BGR or ``(H, W)`` grey uint8, a copy.
        scale: pixels of the kept image a pixel of the source.
    """

    stamp_ns: int
    image: Image
    scale: float

    def to_kept(self, box: Float64) -> Float64:
        """A box in pixels of the source as one in pixels of the kept image."""
        return box * self.scale

    def to_source(self, box: Float64) -> Float64:
        """The way back."""
        return box / self.scale


class FrameHistory:
    """Bounded ring buffer of the newest images, by age, by bytes and by size."""

    def __init__(self, settings: HistorySettings | None = None) -> None:
        self._settings = settings or HistorySettings()
        self._kept: deque[KeptImage] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def n_bytes(self) -> int:
        """Memory of the kept images."""
        return self._bytes

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()
        self._bytes = 0

    def add(self, frame: Frame) -> None:
        """Keeps an image; one that is not newer than the newest is passed over, so that modules may share a history.

        Raises:
            InputError: the frame has no image, or a malformed one.
        """
        if self._kept and frame.stamp_ns <= self._kept[-1].stamp_ns:
            return
        kept = self._shrunk(frame.stamp_ns, frame.require_image())
        self._kept.append(kept)
        self._bytes += kept.image.nbytes
        oldest_ns = frame.stamp_ns - round(self._settings.max_seconds * _NS)
        while self._kept and (self._bytes > self._settings.max_bytes or self._kept[0].stamp_ns < oldest_ns):
            self._bytes -= self._kept.popleft().image.nbytes

    def backwards(self, from_ns: int) -> Iterator[KeptImage]:
        """The images before a stamp, the newest first."""
        return (kept for kept in reversed(tuple(self._kept)) if kept.stamp_ns < from_ns)

    def _shrunk(self, stamp_ns: int, image: Image) -> KeptImage:
        scale = min(1.0, self._settings.max_side_px / max(image.shape[:2]))
        if scale == 1.0:
            return KeptImage(stamp_ns, image.copy(), 1.0)
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        return KeptImage(stamp_ns, np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale)
