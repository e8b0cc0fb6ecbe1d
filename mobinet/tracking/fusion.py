"""Whether a track is there that one of two cameras sees and the other one does not.

Each camera misses what it cannot see: an event camera what stands still, a colour camera what is dark or blurred. So a
camera's silence counts only as far as that camera would have spoken. The tracker's own camera is judged by the objects
that it knows and that its sister sees at the same time: the share of them that it sees too, ``sight``, is near 1 by
day and falls at night. A track has logarithmic odds, ``evidence``: detections of the sister add to them, and images
of the camera itself without it take ``-log(1 - sight)`` away for each tenth of a second, as in integrated
probabilistic data association (Musicki, Evans, Stankovic, IEEE Transactions on Automatic Control, 1994, eq. 21) with a
probability of detection that is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.settings import check_settings, setting
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64

# A camera that is asked nothing is taken for one that sees a third of what there is.
_UNKNOWN_SIGHT = 0.3
_MOST_SIGHT = 0.95
# By how much of an object's evidence it forgets what it could see, while nothing tells.
_FORGETTING = 0.3
# The noise of the sister's boxes is known from about so many seconds of one object; it is between these factors, and
# one detection that is far off counts as four standard deviations, squared.
_NOISE_MEMORY_S = 1.0
_LEAST_NOISE, _MOST_NOISE, _MOST_SURPRISE = 0.5, 10.0, 16.0
# Detections of images that follow each other sooner say no more than one of them, seconds.
_LOOK_S = 0.1
# What is sure is doubted soon enough, and what is doubted believed.
MOST_EVIDENCE, _LEAST_EVIDENCE = 3.0, -3.0
_ENOUGH_EVIDENCE = 0.5
# A track whose middle is not known to so much of its size is not told as seen.
_LARGEST_ERROR = 0.2
# A doubtful detection in the place of a track is so much likelier where it is there: two and a half times.
HINT = 0.9


@dataclass(frozen=True)
class FusionSettings:
    """How a tracker takes what a sister camera, e.g. an event camera, sees.

    Raises:
        SettingsError: a value is out of range.
    """

    sister_score: float = setting(
        0.4, "detections of the sister camera below this score are not looked at, 0..1", minimum=0.0, maximum=1.0,
        live=True,
    )  # fmt: skip
    sister_new_track_score: float = setting(
        0.6, "from this score on, one that nothing is near to starts a track, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    sister_confirm_hits: int = setting(
        6, "a track that the sister camera alone sees is confirmed at this many of its detections", minimum=1,
        maximum=1000, live=True,
    )  # fmt: skip
    sister_min_iou: float = setting(
        0.3, "least overlap of a track and a detection of the sister camera, both widened by their errors",
        minimum=0.0, maximum=1.0, live=True,
    )  # fmt: skip
    sister_apart: float = setting(
        0.3, "share of the smaller box from which on two are near: one of them starts no track", minimum=0.0,
        maximum=1.0, live=True,
    )  # fmt: skip
    sister_evidence: float = setting(
        0.6, "what a tenth of a second in the sister camera adds to the logarithm of a track's odds", minimum=0.0,
        maximum=10.0, live=True,
    )  # fmt: skip
    sister_memory_s: float = setting(
        0.12, "what the sister camera saw so long ago, it still sees, seconds", minimum=0.0, maximum=10.0, live=True
    )
    sight_memory_s: float = setting(
        3.0, "time in which it is learnt how much the camera itself sees, seconds", minimum=0.01, maximum=3600.0,
        live=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)


class Senses(NamedTuple):
    """What is known of both cameras.

    ``own_ns``, ``sister_ns``: when they looked last, nanoseconds. ``sight``: how much the camera itself sees of what
    its sister does, 0..1. ``centre_noise``, ``size_noise``: by what factor her boxes err more than they are said to.
    """

    own_ns: int | None = None
    sister_ns: int | None = None
    sight: float = _UNKNOWN_SIGHT
    centre_noise: float = 1.0
    size_noise: float = 1.0

    @property
    def alone(self) -> bool:
        """Whether no sister has looked yet."""
        return self.sister_ns is None

    def follows(self, stamp_ns: int, sister: bool) -> bool:
        """Whether a camera may look at this time: after its own last look, and not before the other's."""
        mine, others = (self.sister_ns, self.own_ns) if sister else (self.own_ns, self.sister_ns)
        return (mine is None or stamp_ns > mine) and (others is None or stamp_ns >= others)

    def worsened(self, variances: Float64) -> Float64:
        """``(M, 4)`` variances of the sister's boxes as large as they turned out to be."""
        return np.asarray(variances * np.repeat(np.square((self.centre_noise, self.size_noise)), 2))

    def own_dt_s(self, stamp_ns: int) -> float:
        """Since the camera itself looked last, seconds; 0 for its first look."""
        return 0.0 if self.own_ns is None else (stamp_ns - self.own_ns) * 1e-9

    def sister_dt_s(self, stamp_ns: int) -> float:
        """Since the sister looked last, seconds; 0 for her first look."""
        return 0.0 if self.sister_ns is None else (stamp_ns - self.sister_ns) * 1e-9


def judge_misses(
    table: TrackTable, matched: NDArray[np.bool_], before: Senses, stamp_ns: int, settings: FusionSettings
) -> float:
    """Takes evidence from the tracks that the camera itself did not see in its image of ``stamp_ns``.

    Args:
        table: N tracks, changed in place.
        matched: ``(N,)`` those that it did see.
        before: this image.

    Returns:
        How much the camera sees, after this image.
    """
    dt_s = before.own_dt_s(stamp_ns)
    miss = np.log(1 - min(before.sight, _MOST_SIGHT)) * looks(dt_s)
    table.evidence[:] = np.where(matched, MOST_EVIDENCE, np.maximum(table.evidence + miss, _LEAST_EVIDENCE))
    # what it never saw itself may be nothing
    asked = shown_by_sister(table, stamp_ns, settings) & table.confirmed & (table.hits > 0)
    count = int(np.count_nonzero(asked))
    seen = np.count_nonzero(asked & matched) / count if count else _UNKNOWN_SIGHT
    share = min(1.0, max(count, _FORGETTING) * dt_s / settings.sight_memory_s)
    return before.sight + share * (seen - before.sight)


def follow_noise(senses: Senses, surprises: Float64, stamp_ns: int) -> Senses:
    """After the sister's detections of tracks that the camera itself saw when it looked last.

    Her boxes are as good as her detector, and as the parallax of what there is. Their noise is scaled until they are as
    far from where the tracks are expected as it says (matching covariances, Mehra 1972), so that good ones lead and bad
    ones hardly pull.

    Args:
        surprises: ``(K, 4)`` squares of how far cx, cy, w, h were from what was expected, in standard deviations.
    """
    if not len(surprises):
        return senses
    share = min(1.0, len(surprises) * senses.sister_dt_s(stamp_ns) / _NOISE_MEMORY_S)
    levels = np.minimum(surprises, _MOST_SURPRISE).mean(axis=0).reshape(2, 2).mean(axis=1) + 1e-3
    factors = np.array((senses.centre_noise, senses.size_noise)) * levels ** (0.5 * share)
    centre, size = np.clip(factors, _LEAST_NOISE, _MOST_NOISE).tolist()
    return senses._replace(centre_noise=centre, size_noise=size)


def add_evidence(table: TrackTable, rows: Int64, dt_s: float, settings: FusionSettings) -> None:
    """Adds what detections of the sister say for the tracks of ``rows``; she looked ``dt_s`` seconds ago before."""
    more = settings.sister_evidence * looks(dt_s)
    table.evidence[rows] = np.minimum(table.evidence[rows] + more, MOST_EVIDENCE)


def shown_by_sister(table: TrackTable, stamp_ns: int, settings: FusionSettings) -> NDArray[np.bool_]:
    """``(N,)`` which tracks the sister camera sees now."""
    recent = table.sister_stamps_ns >= stamp_ns - round(settings.sister_memory_s * 1e9)
    return np.asarray((table.sister_hits > 0) & recent)


def believed(table: TrackTable, stamp_ns: int, settings: FusionSettings) -> NDArray[np.bool_]:
    """``(N,)`` which tracks the sister camera sees now, that are believed to be there, and where they are is known."""
    known = table.variances[:, :2] <= _LARGEST_ERROR**2 * table.boxes[:, 2:3] * table.boxes[:, 3:4]
    shown = shown_by_sister(table, stamp_ns, settings) & (table.evidence >= _ENOUGH_EVIDENCE)
    return np.asarray(shown & known.all(axis=1))


def seen_last(table: TrackTable, senses: Senses) -> NDArray[np.bool_]:
    """``(N,)`` which tracks the camera itself saw when it looked last."""
    return np.asarray((table.hits > 0) & (table.own_stamps_ns == (senses.own_ns or 0)))


def looks(dt_s: float) -> float:
    """For how many images one counts that comes so long after the one before."""
    return min(1.0, dt_s / _LOOK_S)
