"""A matcher without a network, and images of textured patches: what tests of the corrections run on."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mobinet.targets.base import Response
from mobinet.types import Float64, Frame, Image

RATE = 25
SIZE = (24, 36)
_REACH = 1.4
_LIKELY = 0.02


class CorrelationMatcher:
    """Normalised cross-correlation at one scale, with a mild preference for the middle of the region."""

    def __init__(self) -> None:
        self.searches = 0

    def describe(self, image: Image, box: Float64) -> Any:
        """The box's pixels at the size of ``SIZE``."""
        x1, y1 = box[:2]
        step = (box[2:] - box[:2]) / SIZE
        warp = np.array(((step[0], 0, x1 + step[0] / 2 - 0.5), (0, step[1], y1 + step[1] / 2 - 0.5)))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, warp, SIZE, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def likeness(self, first: Any, second: Any) -> float:
        """Correlation of the pixels."""
        a, b = (template.astype(np.float64).ravel() - template.mean() for template in (first, second))
        return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))

    def search(self, image: Image, template: Any, around: Float64, widen: float = 1.0) -> Response:
        """See Matcher; the size of ``around`` stays."""
        self.searches += 1
        width, height = np.maximum(np.round(around[2:] - around[:2]).astype(int), 2)
        reach = int(_REACH * widen * max(width, height))
        x, y = np.round((around[:2] + around[2:]) / 2).astype(int)
        padded = cv2.copyMakeBorder(image, *[reach + height] * 2, *[reach + width] * 2, cv2.BORDER_CONSTANT)
        x1, y1 = x + width - width // 2, y + height - height // 2
        part = padded[y1 : y1 + 2 * reach + height, x1 : x1 + 2 * reach + width]
        shown = cv2.resize(template, (int(width), int(height)))
        found = np.nan_to_num(cv2.matchTemplate(part, shown, cv2.TM_CCOEFF_NORMED), posinf=0.0, neginf=0.0)
        scores = np.clip(found, 0, 1).astype(np.float32)
        rows, columns = np.indices(scores.shape)
        corners = np.stack((columns + x - reach - width // 2, rows + y - reach - height // 2), axis=-1)
        boxes = np.concatenate((corners, corners + np.array((width, height))), axis=-1).astype(np.float64)
        far = ((rows - reach) ** 2 + (columns - reach) ** 2) / reach**2
        best = np.unravel_index(int((scores - _LIKELY * far).argmax()), scores.shape)
        middle = np.array((x, y))
        region = np.concatenate((middle - reach, middle + reach)).astype(np.float64)
        return Response(boxes[best], float(scores[best]), scores, boxes, region)


def texture(rng: np.random.Generator, width: int, height: int, grain: int = 4) -> Image:
    """Coloured blobs of about ``grain`` pixels."""
    coarse = rng.integers(0, 256, (height // grain + 2, width // grain + 2, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def paste(image: Image, patch: Image, x: float, y: float) -> None:
    """Draws a patch with its upper left corner at a place, as far as it is in the image."""
    x, y = round(x), round(y)
    height, width = patch.shape[:2]
    x1, y1 = max(x, 0), max(y, 0)
    x2, y2 = min(x + width, image.shape[1]), min(y + height, image.shape[0])
    if x1 < x2 and y1 < y2:
        image[y1:y2, x1:x2] = patch[y1 - y : y2 - y, x1 - x : x2 - x]


def frame_of(index: int, image: Image) -> Frame:
    """The image of a number of a camera with ``RATE`` images a second."""
    return Frame(index * 1_000_000_000 // RATE, "front", image)


def box_at(x: float, y: float) -> Float64:
    """A target's box with its upper left corner at a place."""
    return np.array((x, y, x + SIZE[0], y + SIZE[1]), np.float64)
