"""What a siamese network gives, and what corrects it: the two interfaces that everything here is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from mobinet.types import Float32, Float64, Frame, Image, TargetState


@dataclass(frozen=True)
class Response:
    """What a network sees in one search region, all of it and not only the best box.

    Args:
        box: ``(4,)`` float64 xyxy pixels: the choice, after window, penalties and smoothing of the size.
        score: 0..1, of the network at the choice, without window or penalty.
        score_map: ``(H, W)`` float32 in 0..1, without window or penalty.
        boxes: ``(H, W, 4)`` float64 xyxy pixels: the box that each cell proposes.
        region: ``(4,)`` float64 xyxy pixels: the square that was searched; it may reach beyond the image.
    """

    box: Float64
    score: float
    score_map: Float32
    boxes: Float64
    region: Float64


class Matcher(Protocol):
    """Finds an object in an image by an example of it. It has no memory: the same call gives the same answer."""

    def describe(self, image: Image, box: Float64) -> Any:
        """Template of the object in ``box`` (xyxy pixels); opaque but to the same matcher."""

    def search(self, image: Image, template: Any, around: Float64, widen: float = 1.0) -> Response:
        """Looks for the template around a box (xyxy pixels), in a region ``widen`` times as wide and high as usual."""


@runtime_checkable
class Comparer(Protocol):
    """What a matcher may be besides: one that can tell how alike two of its templates are."""

    def likeness(self, first: Any, second: Any) -> float:
        """Cosine of the features in the middle of both templates, -1..1; 1 for the same template."""


@dataclass(frozen=True)
class Estimate:
    """What is believed after an image, and where to look in the next one.

    Args:
        box: ``(4,)`` float64 xyxy pixels.
        state: of the target.
        confidence: 0..1.
        search_around: ``(4,)`` box to search around next.
        widen: factor of the next search region.
    """

    box: Float64
    state: TargetState
    confidence: float
    search_around: Float64
    widen: float = 1.0


class Correction(Protocol):
    """A module behind the network: takes what it saw and what is believed so far, and answers what to believe."""

    def start(self, frame: Frame, box: Float64, template: Any) -> None:
        """A new target: forget the old one."""

    def correct(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        """The belief after this image, given that of the network or of the module before."""
