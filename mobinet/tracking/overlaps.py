"""How boxes of two cameras, cx, cy, w, h, lie on each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.types import Float64

# Least IoU of a detection of the sister and a track that the camera itself sees, for both to be about one object.
_AGREED = 0.5


def overlaid(first: Float64, second: Float64) -> Float64:
    """``(N, M)`` what two boxes share, as a share of the smaller one.

    Args:
        first: ``(N, 4)`` cx, cy, w, h.
        second: ``(M, 4)``.
    """
    sizes, others = first[:, None, 2:], second[None, :, 2:]
    apart = np.abs(first[:, None, :2] - second[None, :, :2])
    sides = np.clip(np.minimum(0.5 * (sizes + others) - apart, np.minimum(sizes, others)), 0, None)
    shared: Float64 = sides.prod(axis=2) / np.minimum(sizes.prod(axis=2), others.prod(axis=2))
    return shared


def agree(expected: Float64, found: Float64, variances: Float64) -> NDArray[np.bool_]:
    """``(...)`` whether boxes are those expected: with an IoU of a half, but for the error of where they are expected.

    What the camera itself sees, a box around half of it or around two of it must not move.

    Args:
        expected, found: ``(..., 4)`` cx, cy, w, h.
        variances: ``(..., 4)`` of the tracks.
    """
    apart = np.maximum(np.abs(expected[..., :2] - found[..., :2]) - np.sqrt(variances[..., :2]), 0)
    sizes, others = expected[..., 2:], found[..., 2:]
    both = np.clip(np.minimum(0.5 * (sizes + others) - apart, np.minimum(sizes, others)), 0, None).prod(axis=-1)
    return np.asarray(both >= _AGREED * (sizes.prod(axis=-1) + others.prod(axis=-1) - both))
