"""Colour and texture of horizontal stripes: an embedder that needs no file."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mobinet.reid.embedder import Clip, crops_of
from mobinet.types import Float32, Float64, Frame, Image, Int64

_WIDTH, _HEIGHT = 32, 96
_STRIPES = 6
_HUES, _SATURATIONS, _VALUES = 8, 2, 4
_GREY_BELOW = 40  # hue of paler pixels is noise
_COLOUR_BINS = _HUES * _SATURATIONS + _VALUES
_TEXTURE_BINS = 8
_TEXTURE_SHARE = 0.2


class HistogramEmbedder:
    """Per stripe of the body a histogram of hue and saturation (of brightness where there is no colour) and one of
    gradient directions.

    Pixels count by an Epanechnikov kernel, so that what is beside the body counts little (Comaniciu, Ramesh and Meer,
    Kernel-based object tracking, 2003). Histograms are compared by the Bhattacharyya coefficient, which is the dot
    product of their square roots; the share that every image has in common (the uniform histogram) is taken out, so
    that different looks come near 0 instead of near 1. Stripes as in Gray and Tao, Viewpoint invariant pedestrian
    recognition, 2008.
    """

    model = "histogram:1"
    dimension = _STRIPES * (_COLOUR_BINS + _TEXTURE_BINS)
    clip_length = 1

    def __init__(self) -> None:
        y = (np.arange(_HEIGHT) + 0.5) / _HEIGHT * 2 - 1
        x = (np.arange(_WIDTH) + 0.5) / _WIDTH * 2 - 1
        # a person fills the height of the box and the middle of its width
        kernel = np.clip(1 - x[None, :] ** 2 - 0.5 * y[:, None] ** 2, 0, None)
        self._weights: Float64 = kernel
        self._stripes = (np.arange(_HEIGHT) * _STRIPES // _HEIGHT)[:, None].repeat(_WIDTH, axis=1)

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        """See Embedder."""
        return self.embed_clips([[crop] for crop in crops_of(frame, boxes)])

    def embed_clips(self, clips: Sequence[Clip]) -> Float32:
        """See Embedder; of a clip the newest crop."""
        vectors = np.empty((len(clips), self.dimension), np.float32)
        for row, clip in enumerate(clips):
            vectors[row] = self._describe(clip[-1])
        return vectors

    def _describe(self, crop: Image) -> Float64:
        patch = cv2.resize(crop, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
        colour = self._histogram(_colour_bins(patch), _COLOUR_BINS, self._weights)
        bins, strength = _texture_bins(patch)
        texture = self._histogram(bins, _TEXTURE_BINS, self._weights * strength)
        blocks = [
            _without_common(colour) * np.sqrt(1 - _TEXTURE_SHARE),
            _without_common(texture) * np.sqrt(_TEXTURE_SHARE),
        ]
        vector: Float64 = np.concatenate(blocks, axis=1).ravel()
        return vector / np.linalg.norm(vector)

    def _histogram(self, bins: Int64, count: int, weights: Float64) -> Float64:
        """``(stripes, count)``, each row of sum 1; a small share of every bin keeps empty rows defined."""
        index = (self._stripes * count + bins).ravel()
        sums = np.bincount(index, weights.ravel(), _STRIPES * count).reshape(_STRIPES, count) + 1e-6
        result: Float64 = sums / sums.sum(axis=1, keepdims=True)
        return result


def _colour_bins(patch: Image) -> Int64:
    hue, saturation, value = cv2.split(cv2.cvtColor(patch, cv2.COLOR_BGR2HSV))
    coloured = (hue.astype(np.int64) * _HUES // 180) * _SATURATIONS + (saturation > 110)
    grey = _HUES * _SATURATIONS + value.astype(np.int64) * _VALUES // 256
    # dark pixels too: their hue comes from the camera's noise
    bins: Int64 = np.where((saturation >= _GREY_BELOW) & (value >= _GREY_BELOW), coloured, grey)
    return bins


def _texture_bins(patch: Image) -> tuple[Int64, Float64]:
    grey = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    angle = np.mod(np.arctan2(dy, dx), np.pi)
    return np.minimum(angle * _TEXTURE_BINS / np.pi, _TEXTURE_BINS - 1).astype(np.int64), np.hypot(dx, dy)


def _without_common(histogram: Float64) -> Float64:
    """Square roots, less most of their part along the uniform histogram; the rest keeps the vector from vanishing."""
    roots = np.sqrt(histogram)
    common = roots.mean(axis=1, keepdims=True)
    result: Float64 = roots - 0.9 * common
    return result
