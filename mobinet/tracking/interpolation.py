"""Gaps in finished tracks, filled afterwards: for results that may wait until the end of a recording."""

from __future__ import annotations

import numpy as np

from mobinet.errors import InputError
from mobinet.types import Float32, Int64


def fill_gaps(frames: Int64, ids: Int64, boxes: Float32, max_gap: int) -> tuple[Int64, Int64, Float32]:
    """Adds boxes between two of one track, on the straight line from one to the other (as ByteTrack, section 4.1).

    Args:
        frames: ``(N,)`` number of the image of each box.
        ids: ``(N,)`` track ids; each at most once in a frame.
        boxes: ``(N, 4)``.
        max_gap: gaps of more frames stay open.

    Returns:
        Frames, ids and boxes, those given and those added, by frame and id.

    Raises:
        InputError: lengths disagree.
    """
    if not len(frames) == len(ids) == len(boxes):
        raise InputError(f"expected as many frames as ids and boxes, got {len(frames)}, {len(ids)}, {len(boxes)}")
    order = np.lexsort((frames, ids))
    frames, ids, boxes = np.asarray(frames)[order], np.asarray(ids)[order], np.asarray(boxes, np.float32)[order]
    missing = np.diff(frames) - 1
    open_ = (np.diff(ids) == 0) & (missing > 0) & (missing <= max_gap)
    before = np.repeat(open_.nonzero()[0], missing[open_])
    first = np.concatenate(([0], np.cumsum(missing[open_])))[:-1]
    step = np.arange(len(before)) - np.repeat(first, missing[open_]) + 1
    share = (step / (missing[before] + 1))[:, None].astype(np.float32)
    added = boxes[before] + share * (boxes[before + 1] - boxes[before])
    frames = np.concatenate((frames, frames[before] + step))
    ids, boxes = np.concatenate((ids, ids[before])), np.concatenate((boxes, added))
    order = np.lexsort((ids, frames))
    return frames[order], ids[order], boxes[order]
