"""Which of a network's proposals is the target, given where and how large it was."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from mobinet.targets.heads import Cells
from mobinet.targets.settings import AS_NETWORK, TargetSettings
from mobinet.targets.sidecar import SiameseSidecar
from mobinet.types import Float32, Float64

_SMALLEST_PX = 1.0


@dataclass(frozen=True)
class Weights:
    """What a proposal is weighed by.

    Args:
        penalty: on changes of size and shape.
        window: weight of the cosine window.
        smoothing: share of a new size in the next one.
    """

    penalty: float
    window: float
    smoothing: float

    @classmethod
    def of(cls, sidecar: SiameseSidecar, settings: TargetSettings) -> Weights:
        """Those of the settings where they are given, else those that the network was published with."""
        names = ("penalty", "window", "smoothing")
        chosen = {name: getattr(settings, name) for name in names}
        return cls(**{name: getattr(sidecar, name) if chosen[name] == AS_NETWORK else chosen[name] for name in names})


def choose(cells: Cells, size: tuple[float, float], weights: Weights) -> tuple[tuple[int, int, int], Float32]:
    """Index ``(k, row, column)`` of the best proposal, and the factors ``(K, H, W)`` by which its size counts.

    Args:
        cells: the proposals.
        size: width and height of the target so far, in pixels of the crop.
    """
    factors = size_factors(cells.boxes, size, weights.penalty)
    ranked = factors * cells.scores * (1 - weights.window) + cosine_window(*cells.scores.shape[1:]) * weights.window
    best = np.unravel_index(int(ranked.argmax()), ranked.shape)
    return (int(best[0]), int(best[1]), int(best[2])), factors


def size_factors(boxes: Float32, size: tuple[float, float], penalty: float) -> Float32:
    """``(K, H, W)`` in 0..1: exp(penalty (1 - r s)), r and s the changes of ratio and size (Li et al. 2018, eq. 13)."""
    sizes = np.maximum(boxes[2:], _SMALLEST_PX)
    before = np.array(size, np.float32)
    ratio = _change((sizes[0] / sizes[1]) * (before[1] / before[0]))
    scale = _change(_padded_side(sizes) / _padded_side(before))
    factors: Float32 = np.exp((1 - ratio * scale) * np.float32(penalty))
    return factors


@functools.lru_cache(maxsize=32)
def cosine_window(height: int, width: int) -> Float32:
    """``(height, width)``: 1 in the middle, 0 at the edge.

    The root of the Hann window that the networks were published with, as in OpenCV: no difference for what moves by a
    cell or two from image to image, but wider, and so better for a camera that turns or gives few images.
    """
    window: Float32 = np.sqrt(np.outer(np.hanning(height), np.hanning(width))).astype(np.float32)
    window.setflags(write=False)
    return window


def best_of_each_cell(cells: Cells) -> tuple[Float32, Float64]:
    """Score ``(H, W)`` and box ``(4, H, W)`` float64 of the proposal with the highest score in each cell."""
    if len(cells.scores) == 1:
        return cells.scores[0], cells.boxes[:, 0].astype(np.float64)
    best = cells.scores.argmax(axis=0)[None]
    scores = np.take_along_axis(cells.scores, best, axis=0)[0]
    boxes = np.take_along_axis(cells.boxes, best[None], axis=1)[:, 0]
    return scores, boxes.astype(np.float64)


def _padded_side(sizes: Float32) -> Float32:
    """Side of the square with the area of boxes and their surroundings, for widths and heights ``(2, ...)``."""
    margin = sizes.sum(axis=0) * np.float32(0.5)
    side: Float32 = np.sqrt((sizes[0] + margin) * (sizes[1] + margin))
    return side


def _change(ratio: Float32) -> Float32:
    change: Float32 = np.maximum(ratio, 1 / ratio)
    return change
