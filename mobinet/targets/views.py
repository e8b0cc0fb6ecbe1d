"""How a target looked when it was surely seen: a small bank of views, and how well another box agrees with them.

Two measures, each cheap and each blind to something else: *likeness* of the network's own features over the middle of
the template (cosine), and *colour* of the inner part of the box (the Bhattacharyya coefficient of Lab histograms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mobinet.targets.base import Comparer, Matcher
from mobinet.types import Float32, Float64, Image

_SAMPLE = (20, 48)
_BINS = (8, 8, 8)
_NEWEST = 4
_INNER = np.array((0.2, 0.12, 0.8, 0.88))


@dataclass(frozen=True)
class View:
    """A box and what was seen in it.

    Args:
        stamp_ns: time of exposure.
        template: of the matcher.
        colours: ``(512,)`` float32, square roots of the histogram's shares.
        patch: the image in the box, a copy.
    """

    stamp_ns: int
    template: Any
    colours: Float32
    patch: Image


def colours_of(image: Image, box: Float64) -> Float32:
    """``(512,)`` float32: square roots of the shares of Lab colours in the inner part of a box (xyxy pixels)."""
    size = np.maximum(box[2:] - box[:2], 2.0)
    inner = np.tile(box[:2], 2) + _INNER * np.tile(size, 2)
    step = (inner[2:] - inner[:2]) / _SAMPLE
    offset = inner[:2] + step / 2 - 0.5
    warp = np.array(((step[0], 0, offset[0]), (0, step[1], offset[1])))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sample = cv2.warpAffine(image, warp, _SAMPLE, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    colours = cv2.cvtColor(sample, cv2.COLOR_GRAY2BGR) if sample.ndim == 2 else sample
    lab = cv2.cvtColor(colours, cv2.COLOR_BGR2Lab)
    counts = cv2.calcHist([lab], [0, 1, 2], None, list(_BINS), [0, 256] * 3).ravel()
    shares: Float32 = np.sqrt(counts / counts.sum()).astype(np.float32)
    return shares


def take_view(stamp_ns: int, image: Image, box: Float64, template: Any) -> View:
    """A view of a box (xyxy pixels) that has a part in the image."""
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.floor(box[:2]), 0, (width - 1, height - 1)).astype(int)
    x2, y2 = np.maximum(np.clip(np.ceil(box[2:]), 0, (width, height)).astype(int), (x1 + 1, y1 + 1))
    return View(stamp_ns, template, colours_of(image, box), image[y1:y2, x1:x2].copy())


class ViewBank:
    """The first view and later sure ones, unlike each other where there is a choice.

    Args:
        matcher: made the templates.
        size: views that are kept beside the first.
    """

    def __init__(self, matcher: Matcher, size: int) -> None:
        self._matcher = matcher
        self._first: View | None = None
        self._recent: list[View] = []
        self._size = size

    def reset(self, first: View) -> None:
        """Forgets all but this one."""
        self._first = first
        self._recent = [first]

    @property
    def n_bytes(self) -> int:
        """Memory of the images of all views."""
        return sum(view.patch.nbytes for view in self.views())

    def add(self, view: View) -> None:
        """A sure view. Where there are too many, the one that says least beside its successor is forgotten."""
        self._recent.append(view)
        if len(self._recent) > self._size:
            del self._recent[self._least_telling()]

    @property
    def newest(self) -> View:
        """The last sure view."""
        return self._recent[-1]

    def forget_after(self, stamp_ns: int) -> None:
        """Drops views newer than a stamp, but for the last one that is left."""
        while len(self._recent) > 1 and self._recent[-1].stamp_ns > stamp_ns:
            self._recent.pop()

    def views(self) -> tuple[View, ...]:
        """All, each once, the first view first."""
        first = (self._first,) if self._first is not None and self._first is not self._recent[0] else ()
        return (*first, *self._recent)

    def compare(self, template: Any, colours: Float32) -> tuple[float | None, float]:
        """Highest likeness (``None`` with a matcher that cannot compare) and highest colour agreement with the views.

        Args:
            template, colours: of the box in question.
        """
        views = self.views()
        colour = max(float(colours @ view.colours) for view in views)
        if not isinstance(self._matcher, Comparer):
            return None, colour
        return max(self._matcher.likeness(template, view.template) for view in views), colour

    def _least_telling(self) -> int:
        matcher, views = self._matcher, self._recent
        if not isinstance(matcher, Comparer):
            return 0
        # the newest are the way by which the others were reached
        older = views[: max(1, len(views) - _NEWEST)]
        likeness = [
            matcher.likeness(view.template, next_.template) for view, next_ in zip(older, views[1:], strict=False)
        ]
        return int(np.argmax(likeness))
