"""How far what a sister camera detects may be believed, learnt while it runs.

Detectors differ: boxes of one are objects, those of another one half of them, shadows, or two persons in one. What the
camera itself sees at the same time tells. A detection of the sister where the camera sees something is right, and fits
where its box is about that one. One where the camera sees nothing may be false, or be what the camera misses: it counts
as false by the probability of that, ``(1 - p) / (1 - p + p (1 - s))`` for detections that are right with ``p`` and a
camera that sees a share ``s`` of what there is (an expectation step, Dempster, Laird and Rubin 1977). Where the camera
sees nothing at all it tells nothing, so that what was learnt in the light holds in the dark.

Counts are those of a beta distribution (Bernoulli trials) for each band of scores. Before anything is known, a score is
taken for the probability that it should be.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.tracking.found import Found
from mobinet.tracking.fusion import Senses, looks, seen_last
from mobinet.tracking.overlaps import agree, overlaid
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64

_BANDS = 5
# Rows of counts: one for each band of scores, the last one for fits; columns: yes and no.
TRUST_SHAPE = (_BANDS + 1, 2)
# Counts halve in about so long: light and views change. One track in ten images is one count each.
_MEMORY_S = 20.0
# So many counts weigh as much as the score, and as all bands together weigh for each.
_SCORE_COUNTS = 10.0
# Before anything is known.
_FIT_COUNTS: Float64 = np.array((4.0, 1.0))
# A detection that covers so much of what the camera sees, or is covered by it, is there.
_NEAR = 0.3
# Boxes fit where they agree within this many standard deviations of where the track is: its turns are no fault of hers.
_ERROR = 2.0
# A camera that sees anything is taken to see at least this share of what there is.
_LEAST_SIGHT = 0.5
# What is right in less than half of all cases is not taken, nor boxes that fit in less than this share: they are around
# groups or parts, and do not tell which track is there, and where. A camera that sees everything needs less help than
# one that sees nothing, and only takes it from better boxes.
_ENOUGH_TRUST, _FIT_IN_THE_DARK, _FIT_IN_THE_LIGHT = 0.5, 0.6, 0.8


def no_trust() -> Float64:
    """Counts before anything is known."""
    return np.zeros(TRUST_SHAPE)


def rightness(trust: Float64, scores: Float64) -> Float64:
    """``(M,)`` probabilities that detections of the sister are something that is there."""
    counts = trust[:_BANDS]
    whole, bands = counts.sum(axis=0), counts[_band_of(scores)]
    usual = (_SCORE_COUNTS * scores + whole[0]) / (_SCORE_COUNTS + whole.sum())
    share: Float64 = (_SCORE_COUNTS * usual + bands[:, 0]) / (_SCORE_COUNTS + bands.sum(axis=1))
    return share


def fitness(trust: Float64) -> float:
    """The probability that a box of the sister, where something is, is about that one."""
    yes, no = (trust[_BANDS] + _FIT_COUNTS).tolist()
    return float(yes / (yes + no))


def split(trust: Float64, scores: Float64, sight: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """``(M,)`` which of the sister's detections are taken, and ``(M,)`` which may start tracks.

    Args:
        trust: ``(6, 2)`` counts.
        scores: ``(M,)``.
        sight: how much the camera itself sees.
    """
    enough_fit = _FIT_IN_THE_DARK + sight * (_FIT_IN_THE_LIGHT - _FIT_IN_THE_DARK)
    right, fit = rightness(trust, scores), fitness(trust)
    return (right >= _ENOUGH_TRUST) & (fit >= enough_fit), right * fit >= _ENOUGH_TRUST


def follow_trust(trust: Float64, table: TrackTable, found: Found, senses: Senses, stamp_ns: int) -> Float64:
    """Counts after one more look of the sister.

    Args:
        trust: ``(6, 2)`` before it.
        table: predicted to ``stamp_ns``, before the sister's detections change it.
        found: what she detected.
        senses: before her look.
    """
    seen = seen_last(table, senses) & table.confirmed
    if not seen.any():
        return trust
    dt_s = senses.sister_dt_s(stamp_ns)
    followed: Float64 = trust * 0.5 ** (dt_s / _MEMORY_S)
    tracks = table.take(seen)
    expected = tracks.observed + tracks.velocities * senses.own_dt_s(stamp_ns)
    near = (overlaid(expected, found.measurements) >= _NEAR).any(axis=0)
    fits = agree(expected[:, None], found.measurements[None], _ERROR**2 * tracks.variances[:, None]).any(axis=0)
    right, unseen = rightness(trust, found.scores), 1 - max(senses.sight, _LEAST_SIGHT)
    false = np.where(near, 0.0, (1 - right) / (1 - right + right * unseen + 1e-9))
    weight = looks(dt_s)
    np.add.at(followed, _band_of(found.scores), weight * np.column_stack((near, false)))
    followed[_BANDS] += weight * np.array((np.count_nonzero(near & fits), np.count_nonzero(near & ~fits)))
    return followed


def _band_of(scores: Float64) -> NDArray[np.int64]:
    return np.minimum((scores * _BANDS).astype(np.int64), _BANDS - 1)
