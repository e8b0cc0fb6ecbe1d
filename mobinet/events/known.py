"""The objects of the last windows: their boxes stay steady while parts of them are at rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.assignment import assign
from mobinet.boxes import iou_matrix
from mobinet.events.grouping import group, shares_inside
from mobinet.events.parts import Parts, trusted
from mobinet.types import Float64, Int64

_LIMIT = 0.8
# Sides of a box move inwards in this time (s): whoever stands on one leg still has two.
_SHRINK_S, _SHRINK_TALL_S, _TALL = 0.02, 0.2, 1.3
_FORGET_S = 0.5
_VELOCITY_GAIN = 0.4
# Objects known for so long, s, and not thin, keep what is theirs to themselves.
_MATURE_S, _THIN, _INSIDE = 0.15, 0.2, 0.7
# A part of less than this share of a known object, and in it, is no object of its own.
_CRUMB_SHARE = 0.3


@dataclass(frozen=True)
class Found:
    """N objects of one window.

    Args:
        boxes: ``(N, 4)`` float64 xyxy pixels.
        ages_s: ``(N,)`` since when each is known, s.
        events, noise: ``(N,)`` events beyond the noise, and of noise to be expected.
    """

    boxes: Float64
    ages_s: Float64
    events: Float64
    noise: Float64


class KnownObjects:
    """Joins parts to objects, and remembers these for a while."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all objects."""
        self._boxes: Float64 = np.zeros((0, 4))
        self._velocities: Float64 = np.zeros((0, 2))
        self._ages_s: Float64 = np.zeros(0)
        self._idle_s: Float64 = np.zeros(0)

    def predict(self, passed_s: float) -> Float64:
        """Moves the objects along.

        Args:
            passed_s: time since the last window's end.

        Returns:
            ``(M, 4)`` boxes of those that are known well.
        """
        self._boxes = self._boxes + np.tile(self._velocities, 2) * passed_s
        self._ages_s = self._ages_s + passed_s
        self._idle_s = self._idle_s + passed_s
        mature: Float64 = self._boxes[self._mature]
        return mature

    @property
    def _mature(self) -> NDArray[np.bool_]:
        width, height = (self._boxes[:, 2:] - self._boxes[:, :2]).T
        mature: NDArray[np.bool_] = (self._ages_s > _MATURE_S) & (width > _THIN * height)
        return mature

    def update(self, parts: Parts, passed_s: float) -> Found:
        """The objects that the parts of a window make; :meth:`predict` has to be called before."""
        groups = group(parts, self._boxes, self._mature)
        cost = 1 - 0.5 * (iou_matrix(self._boxes, groups.boxes) + _overlap(self._boxes, groups.boxes))
        pairs = assign(cost, _LIMIT)
        followed = groups.take(pairs.columns)
        self._follow(pairs.rows, followed, passed_s)
        new = groups.take(pairs.unmatched_columns)
        return self._remember(pairs.rows, followed, new.take(~self._crumbs(new)))

    def _follow(self, rows: Int64, groups: Parts, passed_s: float) -> None:
        """Moves the known objects to where they were found."""
        before, found = self._boxes[rows], groups.boxes
        size = before[:, 2:] - before[:, :2]
        upright = np.where(size[:, 1] > _TALL * size[:, 0], _SHRINK_TALL_S, _SHRINK_S)
        beside = np.full(len(rows), _SHRINK_S)
        shrink = 1 - np.exp(-passed_s / np.stack((beside, upright, beside, upright), axis=1))
        inwards = np.where([True, True, False, False], found > before, found < before)
        self._boxes[rows] = np.where(inwards, before + shrink * (found - before), found)
        self._velocities[rows] += _VELOCITY_GAIN * (trusted(groups.velocities, groups.spreads) - self._velocities[rows])
        self._idle_s[rows] = 0.0

    def _crumbs(self, new: Parts) -> NDArray[np.bool_]:
        """``(N,)`` which of the groups are but small parts of known objects."""
        if not len(self._boxes) or not len(new):
            return np.zeros(len(new), np.bool_)
        small = _areas(new.boxes)[:, None] < _CRUMB_SHARE * _areas(self._boxes)
        return np.asarray((small & (shares_inside(new.boxes, self._boxes) > _INSIDE)).any(axis=1), np.bool_)

    def _remember(self, rows: Int64, followed: Parts, new: Parts) -> Found:
        found = Found(
            np.concatenate((self._boxes[rows], new.boxes)),
            np.concatenate((self._ages_s[rows], np.zeros(len(new)))),
            np.concatenate((followed.events, new.events)),
            np.concatenate((followed.noise, new.noise)),
        )
        kept = self._idle_s < _FORGET_S
        self._boxes = np.concatenate((self._boxes[kept], new.boxes))
        self._velocities = np.concatenate(
            (self._velocities[kept], _VELOCITY_GAIN * trusted(new.velocities, new.spreads))
        )
        self._ages_s = np.concatenate((self._ages_s[kept], np.zeros(len(new))))
        self._idle_s = np.concatenate((self._idle_s[kept], np.zeros(len(new))))
        return found


def _areas(boxes: Float64) -> Float64:
    area: Float64 = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return area


def _overlap(first: Float64, second: Float64) -> Float64:
    """``(N, M)`` intersection over the smaller area."""
    return np.maximum(shares_inside(first, second), shares_inside(second, first).T)
