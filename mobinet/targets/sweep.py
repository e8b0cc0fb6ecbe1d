"""Looks for a target in the whole image at once: coarse, cheap, the same cost whatever the image holds.

Image and view are reduced until the target has about 18 pixels a side, and compared by normalised cross-correlation
(Lewis, "Fast normalized cross-correlation", 1995). Its peaks are only places worth a closer look.
"""

from __future__ import annotations

import cv2
import numpy as np

from mobinet.targets.views import View
from mobinet.types import Float64, Image

_SIDE = 18.0
_LEAST_SIDE = 3


def sweep(image: Image, view: View, size: Float64, count: int) -> list[tuple[float, Float64]]:
    """The places of the image that correlate best with a view, best first.

    Args:
        image: to search, of as many channels as the view.
        view: what to search for.
        size: ``(2,)`` width and height at which the target is expected, pixels.
        count: most places to give.

    Returns:
        Correlation -1..1 and box ``(4,)`` xyxy pixels of each; none overlaps another by more than half a side.
    """
    step = min(1.0, _SIDE / float(np.sqrt(size.prod())))
    wanted = np.maximum(np.round(size * step), _LEAST_SIDE).astype(int)
    reduced = (max(1, round(image.shape[1] * step)), max(1, round(image.shape[0] * step)))
    if (wanted > reduced).any() or view.patch.ndim != image.ndim:
        return []
    small = cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)
    pattern = cv2.resize(view.patch, (int(wanted[0]), int(wanted[1])), interpolation=cv2.INTER_AREA)
    # a pattern without contrast gives no number
    match = np.nan_to_num(cv2.matchTemplate(small, pattern, cv2.TM_CCOEFF_NORMED), nan=-1.0, posinf=-1.0, neginf=-1.0)
    scale = np.array((image.shape[1] / reduced[0], image.shape[0] / reduced[1]))
    found = []
    for _ in range(count):
        _, best, _, (x, y) = cv2.minMaxLoc(match)
        if best <= 0:
            break
        corner = np.array((x, y)) * scale
        middle = corner + wanted * scale / 2
        found.append((float(best), np.concatenate((middle - size / 2, middle + size / 2))))
        low = np.maximum(np.array((x, y)) - wanted // 2, 0)
        match[low[1] : y + wanted[1] // 2 + 1, low[0] : x + wanted[0] // 2 + 1] = -1.0
    return found
