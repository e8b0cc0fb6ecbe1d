"""Parts of the picture to objects: what belongs together is joined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.events.parts import Parts
from mobinet.types import Float64, Int64

# Of the width of the narrower part: so much of it stands above or below the other.
_SHARED_COLUMNS, _SHARED_ROWS = 0.4, 0.5
# Of the height of the taller part: gaps that an object may have, upright more than across.
_GAP_ABOVE, _GAP_BESIDE = 0.5, 0.15
# A part of this width to its height or less is one side of something whose other side may be this far away.
_THIN, _GAP_OF_THIN = 0.2, 0.3
# Of the height of what both lay in before: a limb is shorter, and may be this far away.
_LIMB, _GAP_OF_LIMB, _GAP_WITHIN, _INSIDE = 0.6, 0.2, 0.3, 0.6
# Joined, an object is at most so much taller than wide, or wider than tall.
_TALLEST, _WIDEST = 6.0, 4.0
# Parts that move apart faster than this many standard deviations, and widths of theirs a second, are two objects.
_DEVIATIONS, _WIDTHS_PER_S = 3.0, 1.5
_ROUNDS = 4


def group(parts: Parts, known: Float64, mature: NDArray[np.bool_]) -> Parts:
    """Joins parts until no two fit.

    Args:
        known: ``(K, 4)`` boxes that objects had before, moved along: parts that lie in one of them are joined more
            readily.
        mature: ``(K,)`` which of them are known for long enough to keep their parts to themselves.
    """
    for _ in range(_ROUNDS):
        if len(parts) < 2:
            break
        joined = _connected(_fit(parts, known) & ~_of_two(parts.boxes, known[mature]))
        if joined.max() + 1 == len(parts):
            break
        parts = _merge(parts, joined)
    return parts


def _fit(parts: Parts, known: Float64) -> NDArray[np.bool_]:
    """``(N, N)`` which pairs are of one object."""
    x1, y1, x2, y2 = parts.boxes.T
    width, height = x2 - x1, y2 - y1
    overlap_x = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    overlap_y = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    narrower, shorter = np.minimum(width[:, None], width), np.minimum(height[:, None], height)
    taller = np.maximum(height[:, None], height)
    # what was one object stays one over larger gaps
    whole = _whole(parts.boxes, known)
    together = whole > 0
    gap_above = np.maximum(_GAP_ABOVE * taller, _GAP_WITHIN * whole)
    above = (overlap_x > _SHARED_COLUMNS * narrower) & (-overlap_y < gap_above)
    thin = width < _THIN * height
    gap_beside = np.where(thin[:, None] & thin, _GAP_OF_THIN, _GAP_BESIDE) * taller
    limbs = together & (shorter < _LIMB * whole) & (-overlap_y < _GAP_WITHIN * whole)
    gap_beside = np.where(limbs, _GAP_OF_LIMB * whole, gap_beside)
    above |= limbs & (-overlap_x < _GAP_OF_LIMB * whole)
    beside = (overlap_y > _SHARED_ROWS * shorter) & (-overlap_x < gap_beside)
    wide = np.maximum(x2[:, None], x2) - np.minimum(x1[:, None], x1)
    tall = np.maximum(y2[:, None], y2) - np.minimum(y1[:, None], y1)
    likely = (tall < _TALLEST * wide) | (tall <= 1.05 * taller) | together
    inside = (overlap_x > 0.7 * narrower) & (overlap_y > 0.7 * shorter)
    fit: NDArray[np.bool_] = ((above | beside) & likely & ~_part_ways(parts)) | inside
    return fit


def _of_two(boxes: Float64, known: Float64) -> NDArray[np.bool_]:
    """``(N, N)`` which pairs lie in two different known boxes."""
    if not len(known):
        return np.zeros((len(boxes), len(boxes)), np.bool_)
    inside = shares_inside(boxes, known)
    owner = np.where(inside.max(axis=1) > _INSIDE, inside.argmax(axis=1), -1)
    apart: NDArray[np.bool_] = (owner[:, None] != owner) & (owner[:, None] >= 0) & (owner >= 0)
    return apart


def _whole(boxes: Float64, known: Float64) -> Float64:
    """``(N, N)`` height of the known box that both lie in, for the most part; 0 for none."""
    if not len(known):
        return np.zeros((len(boxes), len(boxes)))
    inside = shares_inside(boxes, known) > _INSIDE
    heights = np.where(inside[:, None, :] & inside[None, :, :], known[:, 3] - known[:, 1], 0.0)
    whole: Float64 = heights.max(axis=2)
    return whole


def shares_inside(boxes: Float64, others: Float64) -> Float64:
    """``(N, M)`` which share of each box lies in each of the others."""
    sides = np.minimum(boxes[:, None, 2:], others[:, 2:]) - np.maximum(boxes[:, None, :2], others[:, :2])
    shares: Float64 = np.maximum(sides, 0).prod(axis=2) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]
    return shares


def _part_ways(parts: Parts) -> NDArray[np.bool_]:
    """``(N, N)`` which pairs move apart: limbs of one body do so slowly."""
    difference = np.abs(parts.velocities[:, None] - parts.velocities)[..., 0]
    doubt = np.hypot(parts.spreads[:, None], parts.spreads)[..., 0]
    heights = parts.boxes[:, 3] - parts.boxes[:, 1]
    size = np.maximum(heights[:, None], heights)
    apart: NDArray[np.bool_] = (difference > _DEVIATIONS * doubt) & (difference > _WIDTHS_PER_S * size)
    return apart


def _connected(pairs: NDArray[np.bool_]) -> Int64:
    """``(N,)`` number of the connected set of each, from 0 on."""
    labels = np.arange(len(pairs))
    while True:
        lowest = np.where(pairs | np.eye(len(pairs), dtype=np.bool_), labels, len(pairs)).min(axis=1)
        if (lowest == labels).all():
            return np.asarray(np.unique(labels, return_inverse=True)[1], np.int64).reshape(-1)
        labels = lowest


def _merge(parts: Parts, of: Int64) -> Parts:
    count = int(of.max()) + 1
    boxes = np.full((count, 4), np.inf) * (1, 1, -1, -1)
    np.minimum.at(boxes[:, :2], of, parts.boxes[:, :2])
    np.maximum.at(boxes[:, 2:], of, parts.boxes[:, 2:])
    # the mean velocity, weighted by how well each is known
    weights = 1 / np.maximum(parts.spreads, 1e-6) ** 2
    total = _sums(of, weights, count)
    velocities = _sums(of, weights * parts.velocities, count) / total
    return Parts(
        boxes,
        velocities,
        1 / np.sqrt(total),
        _sum(of, parts.events, count),
        _sum(of, parts.noise, count),
    )


def _sums(of: Int64, values: Float64, count: int) -> Float64:
    return np.stack([_sum(of, column, count) for column in values.T], axis=1)


def _sum(of: Int64, values: Float64, count: int) -> Float64:
    return np.asarray(np.bincount(of, values, count), np.float64)
