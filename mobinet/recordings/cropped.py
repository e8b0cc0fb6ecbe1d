"""Ground truth of a wide recording as a window that moves over it shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.recordings.mot import MotTable
from mobinet.types import Float32, Float64

Rectangle = tuple[float, float, float, float]


def crop_boxes(
    boxes: Float32, windows: Rectangle | Float64, size: tuple[int, int] | None = None
) -> tuple[Float32, Float32]:
    """Boxes of the wide image in pixels of the window's image.

    Args:
        boxes: ``(N, 4)`` xyxy, pixels of the wide image.
        windows: ``x, y, width, height`` in pixels of the wide image: one for all boxes, or ``(N, 4)``.
        size: width and height of the image that the window is shown as; default: its own.

    Returns:
        ``(N, 4)`` float32 boxes clipped to the image, and ``(N,)`` float32, the fraction of each box that is inside.
        A box that is not in the window at all has fraction 0 and no area.

    Raises:
        InputError: a window without area.
    """
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    window = np.broadcast_to(np.asarray(windows, np.float64), corners.shape)
    if len(window) and not (np.isfinite(window).all() and (window[:, 2:] > 0).all()):
        raise InputError(
            f"window: expected finite x, y and a width and height above 0, got {np.asarray(windows).tolist()}"
        )
    shown = window[:, 2:] if size is None else np.broadcast_to(np.asarray(size, np.float64), window[:, 2:].shape)
    scale = np.tile(shown / window[:, 2:], 2)
    moved = (corners - np.tile(window[:, :2], 2)) * scale
    clipped = np.clip(moved, 0.0, np.tile(shown, 2))
    fractions = _areas(clipped) / _areas(moved)
    return clipped.astype(np.float32), fractions.astype(np.float32)


def crop_table(
    table: MotTable,
    windows: Sequence[Rectangle] | NDArray[np.number],
    size: tuple[int, int] | None = None,
    min_visibility: float = 0.25,
) -> MotTable:
    """The ground truth of a virtual camera.

    Args:
        table: of the wide recording.
        windows: ``(L, 4)``, a window for each frame: the first is that of frame 1.
        size: width and height of the virtual camera's image; default: that of the windows.
        min_visibility: boxes of which less is visible, hidden parts and parts outside of the window together, are
            left out, as are those outside.

    Returns:
        The boxes that remain, with the same frames and ids; ``visibility`` counts what is outside as hidden.

    Raises:
        InputError: a frame without a window, or a window without area.
    """
    rectangles = np.asarray(windows, np.float64).reshape(-1, 4)
    if len(table) and table.frames.max() > len(rectangles):
        raise InputError(f"windows: expected one for each of {table.frames.max()} frames, got {len(rectangles)}")
    boxes, fractions = crop_boxes(table.boxes, rectangles[table.frames - 1], size)
    visibility = table.visibility * fractions
    has_area = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    kept = has_area & (visibility >= min_visibility)
    return replace(table[kept], boxes=boxes[kept], visibility=visibility[kept])


def _areas(boxes: Float64) -> Float64:
    sizes = boxes[:, 2:] - boxes[:, :2]
    areas: Float64 = sizes[:, 0] * sizes[:, 1]
    return areas
