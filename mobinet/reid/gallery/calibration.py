"""From which score an object is known, and below which it is new: read off scores of objects that somebody named.

Open-set identification as in Phillips, Grother and Micheals, "Evaluation Methods in Face Recognition" (Handbook of Face
Recognition, 2011): an impostor's score is the best one that an object gets in a gallery in which it is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.reid.vectors import check_vectors, unit_vectors
from mobinet.types import Float32, Float64

_KEPT = 1000
# views that are compared with all others, evenly drawn
_QUERIES = 5000
_SCORES_AT_ONCE = 1 << 24
LEAST_SAMPLES = 20


@dataclass(frozen=True)
class Thresholds:
    """From ``known`` on an object is known, below ``new`` it is new, between them nothing can be said."""

    known: float
    new: float


@dataclass(frozen=True)
class Calibration:
    """Two distributions of scores.

    Args:
        genuine: scores of views with other views of the same object, ascending; at most 1000, evenly drawn from all.
        impostor: best scores of views with any other object, ascending, likewise.
        samples: how many scores there were of each.
        identities: how many objects an impostor was compared with.
    """

    genuine: tuple[float, ...]
    impostor: tuple[float, ...]
    samples: tuple[int, int]
    identities: int

    def thresholds(self, false_accepts: float, false_news: float, gallery_size: int) -> Thresholds:
        """Thresholds for these rates in a gallery of this many identities.

        The best of more strangers scores higher: as if they were independent, ``1 - (1 - rate) ** (identities /
        gallery_size)`` of the impostors measured may pass for ``rate`` of those that meet the larger gallery. A rate
        that is smaller than what so many samples can show is taken as the best that they show: the highest impostor,
        the lowest genuine score. Where the two kinds of scores do not overlap, all between them is unsure.
        """
        ratio = self.identities / max(gallery_size, self.identities)
        allowed = 1 - (1 - min(false_accepts, 1 - 1e-12)) ** ratio
        accept = _quantile(self.impostor, self.samples[1], 1 - allowed)
        reject = -_quantile(tuple(-score for score in reversed(self.genuine)), self.samples[0], 1 - false_news)
        return Thresholds(known=max(accept, reject), new=min(accept, reject))


def calibrate(vectors: Float32, objects: NDArray[Any]) -> Calibration:
    """Measures both distributions on views whose object is known.

    Args:
        vectors: ``(N, D)`` float32 of any length but zero.
        objects: ``(N,)`` which object each shows.

    Raises:
        InputError: shapes disagree, or there are too few objects with two views.
    """
    check_vectors("vectors", vectors)
    objects = np.asarray(objects)
    if objects.shape != (len(vectors),):
        raise InputError(f"objects: expected one for each of {len(vectors)} vectors, got shape {objects.shape}")
    names, places = np.unique(objects, return_inverse=True)
    whose, count = places.ravel(), len(names)
    unit = unit_vectors(vectors)
    chosen = np.unique(np.linspace(0, len(unit) - 1, min(len(unit), _QUERIES)).astype(np.int64))
    block = max(_SCORES_AT_ONCE // max(len(unit), 1), 1)
    genuine: Float64 = np.full(len(chosen), -np.inf)
    impostor: Float64 = np.full(len(chosen), -np.inf)
    for top in range(0, len(chosen), block):
        rows = chosen[top : top + block]
        scores = unit[rows] @ unit.T
        same = whose[rows, None] == whose
        impostor[top : top + block] = np.where(same, -np.inf, scores).max(axis=1)
        same[np.arange(len(rows)), rows] = False
        genuine[top : top + block] = np.where(same, scores, -np.inf).max(axis=1)
    genuine, impostor = np.sort(genuine[np.isfinite(genuine)]), np.sort(impostor[np.isfinite(impostor)])
    if min(len(genuine), len(impostor)) < LEAST_SAMPLES:
        raise InputError(
            f"a calibration needs at least {LEAST_SAMPLES} views of objects that were seen at least twice, and two "
            f"objects; got {len(genuine)} of {count} objects: enroll more, or give labelled pictures"
        )
    kept = tuple(tuple(float(score) for score in _drawn(scores)) for scores in (genuine, impostor))
    return Calibration(kept[0], kept[1], (len(genuine), len(impostor)), count - 1)


def _drawn(scores: Float64) -> Float64:
    """At most so many of them, evenly, with the first and the last."""
    if len(scores) <= _KEPT:
        return scores
    drawn: Float64 = scores[np.round(np.linspace(0, len(scores) - 1, _KEPT)).astype(int)]
    return drawn


def _quantile(scores: tuple[float, ...], samples: int, share: float) -> float:
    """Above it lie at most ``1 - share`` of further scores, in expectation: the rank of split conformal prediction."""
    rank = min(math.ceil(share * (samples + 1)), samples)
    place = (max(rank, 1) - 1) * (len(scores) - 1) / max(samples - 1, 1)
    above = scores[math.ceil(place - 1e-9)]
    # strictly above the highest that must not pass
    return float(np.nextafter(np.float32(above), np.float32(2)))
