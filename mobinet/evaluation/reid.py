"""How well pictures of the same object are found among others: mean average precision, CMC, mINP.

Definitions: Zheng et al. ("Scalable person re-identification: a benchmark", 2015, Market-1501) for mAP, the cumulative
matching characteristic and junk, Liu et al. (2016, VeRi) likewise; Tang et al. (2019, CityFlow) without the rule on
cameras; Ye et al. ("Deep learning for person re-identification", 2021) for mINP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Int64

NO_ENTRY = -1


@dataclass(frozen=True)
class ReidSettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    same_camera_is_junk: bool = setting(
        True, "the query's own object from its own camera is passed over (Market, VeRi; not CityFlow)"
    )
    junk_id: int = setting(-1, "gallery pictures of this id are passed over; those of other ids that nobody asks count")
    max_rank: int = setting(50, "length of the CMC curve", minimum=10, maximum=100000)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Pictures:
    """Whom N pictures show, ``(N,)`` int64, and the cameras that took them, ``(N,)`` integers or strings.

    Raises:
        InputError: lengths disagree.
    """

    ids: Int64
    cameras: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.asarray(self.ids, np.int64))
        object.__setattr__(self, "cameras", np.asarray(self.cameras))
        if self.ids.ndim != 1 or self.ids.shape != self.cameras.shape:
            raise InputError(
                f"expected an id and a camera for each picture, got shapes {self.ids.shape} and {self.cameras.shape}"
            )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class ReidScores:
    """Measures in 0..1, NaN without a query that counts.

    Args:
        mean_ap: mean over queries of the average precision: the precision at each right picture's rank, divided by the
            number of right pictures in the gallery, in the ranking or not.
        cmc: ``(max_rank,)`` share of queries with a right picture among the first k.
        minp: mean inverse negative penalty, the number of right pictures over the rank of the last one; 0 for a query
            whose last right picture is not in the ranking.
        queries: that count; those without a right picture in the gallery do not.
        queries_without_match: the others.
    """

    mean_ap: float
    cmc: Float64
    minp: float
    queries: int
    queries_without_match: int

    def rank(self, k: int) -> float:
        """Share of queries with a right picture among the first ``k``."""
        return float(self.cmc[k - 1])


def rank_gallery(queries: Float32, gallery: Float32, count: int | None = None) -> Int64:
    """``(Q, K)`` rows of the gallery by falling similarity (dot product of unit vectors), equals by rising row.

    Args:
        queries: ``(Q, D)``.
        gallery: ``(G, D)``.
        count: how many to keep; all by default.

    Raises:
        InputError: the dimensions differ, or a value is not finite.
    """
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
        raise InputError(
            f"expected vectors (Q, D) and (G, D) of one model, got shapes {queries.shape} and {gallery.shape}"
        )
    if not (np.isfinite(queries).all() and np.isfinite(gallery).all()):
        raise InputError("expected finite vectors, got some that are not; drop the pictures that were not described")
    return np.argsort(-(queries @ gallery.T), axis=1, kind="stable")[:, :count].astype(np.int64)


def same_camera_last(ranking: Int64, queries: Pictures, gallery: Pictures) -> Int64:
    """``(Q, K)`` the ranking with the pictures of the query's own camera behind all others, else in their order.

    Camera verification: who is asked for is elsewhere. Missing entries (-1) stay last.

    Raises:
        InputError: the ranking does not fit the pictures, or names a picture twice.
    """
    ranking = _checked(ranking, len(queries), len(gallery))
    late = np.where(ranking == NO_ENTRY, 2, gallery.cameras[ranking] == queries.cameras[:, None])
    return np.take_along_axis(ranking, np.argsort(late, axis=1, kind="stable"), axis=1)


def evaluate_reid(
    ranking: Int64, queries: Pictures, gallery: Pictures, settings: ReidSettings | None = None
) -> ReidScores:
    """Scores of a ranking.

    Args:
        ranking: ``(Q, K)`` rows of the gallery, the most similar first, each at most once a query; -1 for no entry.
            K may be less than the gallery.

    Raises:
        InputError: the ranking does not fit the pictures, or names a picture twice.
    """
    settings = settings or ReidSettings()
    ranking = _checked(ranking, len(queries), len(gallery))
    precisions, penalties, firsts = [], [], []
    for entries, identity, camera in zip(ranking, queries.ids, queries.cameras, strict=True):
        junk = _junk(gallery, int(identity), camera, settings)
        wanted = int(((gallery.ids == identity) & ~junk).sum())
        if wanted == 0:
            continue
        shown = entries[entries != NO_ENTRY]
        shown = shown[~junk[shown]]
        ranks = np.flatnonzero(gallery.ids[shown] == identity) + 1
        precisions.append(float((np.arange(1, len(ranks) + 1) / ranks).sum() / wanted))
        penalties.append(wanted / ranks[-1] if len(ranks) == wanted else 0.0)
        firsts.append(ranks[0] if len(ranks) else np.inf)
    cmc = np.array([np.mean(np.array(firsts) <= k) if firsts else np.nan for k in range(1, settings.max_rank + 1)])
    return ReidScores(
        mean_ap=float(np.mean(precisions)) if precisions else float("nan"),
        cmc=cmc,
        minp=float(np.mean(penalties)) if penalties else float("nan"),
        queries=len(precisions),
        queries_without_match=len(queries) - len(precisions),
    )


def _junk(gallery: Pictures, identity: int, camera: Any, settings: ReidSettings) -> NDArray[np.bool_]:
    junk: NDArray[np.bool_] = gallery.ids == settings.junk_id
    if settings.same_camera_is_junk:
        junk = junk | ((gallery.ids == identity) & (gallery.cameras == camera))
    return junk


def _checked(ranking: Int64, queries: int, gallery: int) -> Int64:
    ranking = np.asarray(ranking)
    if ranking.ndim != 2 or len(ranking) != queries or ranking.dtype.kind not in "iu":
        raise InputError(
            f"ranking: expected whole numbers (Q, K) with a row for each of {queries} queries, got {ranking.dtype} "
            f"{ranking.shape}"
        )
    if ranking.size and (ranking.min() < NO_ENTRY or ranking.max() >= gallery):
        raise InputError(
            f"ranking: expected gallery rows 0 to {gallery - 1}, got {ranking.min()} to {ranking.max()}; published "
            "rankings often count from 1"
        )
    ordered = np.sort(ranking, axis=1)
    twice = ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] != NO_ENTRY)).any(axis=1)
    if twice.any():
        raise InputError(f"ranking: query {int(np.flatnonzero(twice)[0])} has a gallery picture more than once")
    return ranking.astype(np.int64)
