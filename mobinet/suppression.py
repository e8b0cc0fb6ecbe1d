"""Non-maximum suppression: of boxes that overlap, the best one stays."""

from __future__ import annotations

import numpy as np

from mobinet.boxes import iou_matrix
from mobinet.types import Float32, Int64

# Bounds the time of a frame on which a network finds something everywhere.
MAX_CANDIDATES = 3000


def suppress(boxes: Float32, scores: Float32, class_ids: Int64, iou_threshold: float) -> Int64:
    """Greedy suppression within each class.

    Args:
        boxes: ``(N, 4)`` xyxy, finite, not empty.
        scores: ``(N,)``.
        class_ids: ``(N,)``; boxes of different classes do not compete.
        iou_threshold: a box goes when it overlaps a better one of its class by more than this.

    Returns:
        ``(K,)`` indices of what stays, best score first; equal scores in input order.
    """
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    corners = boxes[order].astype(np.float64)
    classes = class_ids[order]
    alive = np.ones(len(order), bool)
    for index in range(len(order)):
        if alive[index]:
            rivals = index + 1 + np.flatnonzero(alive[index + 1 :] & (classes[index + 1 :] == classes[index]))
            overlaps = iou_matrix(corners[index : index + 1], corners[rivals])[0]
            alive[rivals[overlaps > iou_threshold]] = False
    kept: Int64 = order[alive]
    return kept
