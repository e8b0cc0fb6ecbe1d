"""What was to be seen at a place before the target came there: what is the same still is not the target.

A network that has lost its target likes to stay on an edge that happens to be there. With a camera that stands still
such a place shows, pixel by pixel, what it showed before; the target does not. A moving camera or another light makes
all pixels differ, and then nothing is said.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from mobinet.targets.history import FrameHistory, KeptImage
from mobinet.types import Float64, Image

_GRID = (16, 24)
_INNER = np.array((0.1, 0.08, 0.9, 0.92))
_SAME_GREY = 10.0
_LARGEST_SHARE = 0.9
_MOST_COMMON = 0.05
_REFERENCES = 3


class Background:
    """Remembers where the target surely was, and a few images of that time.

    Args:
        history: of the images.
        seconds: age of the oldest sure place that is remembered.
    """

    def __init__(self, history: FrameHistory, seconds: float = 6.0) -> None:
        self._history, self._seconds = history, seconds
        self._sure: deque[tuple[int, Float64]] = deque()
        self._references: list[tuple[KeptImage, Float64]] = []

    def reset(self, stamp_ns: int, box: Float64) -> None:
        """Forgets all but one sure place, ``(4,)`` xyxy pixels."""
        self._sure.clear()
        self._references = []
        self.add(stamp_ns, box)

    @property
    def n_bytes(self) -> int:
        """Memory of the images that it holds; most are the history's too."""
        return sum(kept.image.nbytes for kept, _ in self._references)

    @property
    def sure(self) -> tuple[tuple[int, Float64], ...]:
        """Stamps and boxes of the sure places, in order."""
        return tuple(self._sure)

    def add(self, stamp_ns: int, box: Float64) -> None:
        """A sure place in the newest image. While there are none, the images of the last ones are held."""
        self._sure.append((stamp_ns, box))
        while self._sure[0][0] < stamp_ns - self._seconds * 1e9:
            self._sure.popleft()
        places = dict(self._sure)
        known = [kept for kept in self._history.backwards(stamp_ns) if kept.stamp_ns in places]
        chosen = known[:: -max(1, len(known) // _REFERENCES)][:_REFERENCES] if known else []
        self._references = [(kept, places[kept.stamp_ns]) for kept in chosen]

    def shows(self, image: Image, box: Float64) -> bool:
        """Whether a box (xyxy pixels) shows what was there before the target, in any of the images that can tell."""
        for kept, place in self._references:
            if _common(box, place) <= _MOST_COMMON and _same_share(image, box, kept) >= _LARGEST_SHARE:
                return True
        return False


def _common(box: Float64, other: Float64) -> float:
    """Share of a box that another covers."""
    sides = np.maximum(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0.0)
    return float(sides.prod() / max(float((box[2:] - box[:2]).prod()), 1e-9))


def _same_share(image: Image, box: Float64, kept: KeptImage) -> float:
    """Share of the inner part of a box whose pixels are those of an earlier image; 0 if the images do not compare."""
    size = np.round(np.array(image.shape[1::-1]) * kept.scale)
    if kept.image.ndim != image.ndim or (np.abs(size - kept.image.shape[1::-1]) > 1).any():
        return 0.0
    now, before = _grid(image, box), _grid(kept.image, kept.to_kept(box))
    difference = cv2.absdiff(now, before).reshape(*now.shape[:2], -1).max(axis=2)
    return float((difference <= _SAME_GREY).mean())


def _grid(image: Image, box: Float64) -> Image:
    """The inner part of a box, reduced or enlarged to a fixed size."""
    side = np.maximum(box[2:] - box[:2], 2.0)
    inner = np.tile(box[:2], 2) + _INNER * np.tile(side, 2)
    step = (inner[2:] - inner[:2]) / _GRID
    offset = inner[:2] + step / 2 - 0.5
    warp = np.array(((step[0], 0, offset[0]), (0, step[1], offset[1])))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, warp, _GRID, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)
