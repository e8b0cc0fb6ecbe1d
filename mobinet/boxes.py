"""Axis-aligned boxes: two ways to write them, and how much they overlap."""

from __future__ import annotations

import numpy as np

from mobinet.types import Float32, Float64

# one small product is several times faster than slicing and joining, for the few boxes of an image
_XYXY_TO_CXCYWH = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])
_CXCYWH_TO_XYXY = np.array([[1.0, 0, 1, 0], [0, 1, 0, 1], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]])


def xyxy_to_cxcywh(boxes: Float32 | Float64) -> Float64:
    """``(N, 4)`` corners x1, y1, x2, y2, all finite, to float64 centre and size cx, cy, w, h."""
    centred: Float64 = boxes @ _XYXY_TO_CXCYWH
    return centred


def cxcywh_to_xyxy(boxes: Float64) -> Float64:
    """``(N, 4)`` centre and size cx, cy, w, h, all finite, to float64 corners x1, y1, x2, y2."""
    corners: Float64 = boxes @ _CXCYWH_TO_XYXY
    return corners


def iou_matrix(first: Float64, second: Float64) -> Float64:
    """Intersection over union of every pair.

    Args:
        first: ``(N, 4)`` xyxy, ``x2 > x1`` and ``y2 > y1``.
        second: ``(M, 4)`` xyxy, likewise.

    Returns:
        ``(N, M)`` float64 in 0..1.
    """
    a = np.asarray(first, np.float64)[:, None, :]
    b = np.asarray(second, np.float64)[None, :, :]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0.0)
    overlap: Float64 = sides[..., 0] * sides[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return overlap / (area_a + area_b - overlap)
