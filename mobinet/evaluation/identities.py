"""How well objects keep one identity over all cameras, and over all robots.

The identity measures of Ristani et al. ("Performance measures and a data set for multi-target, multi-camera
tracking", 2016) on the boxes of all cameras together, as CityFlow (Tang et al. 2019) ranks multi-camera tracking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.matching import MatchedFrames, evaluate_with, make_metric
from mobinet.evaluation.mot import MotSettings, match_frames
from mobinet.evaluation.tables import TrackTable
from mobinet.settings import check_settings, setting
from mobinet.types import Int64

_SEEN_BY_FEW = "seen by few cameras"


@dataclass(frozen=True)
class IdentitySettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    iou_threshold: float = setting(0.5, "least overlap (IoU) of a match in an image", minimum=0.01, maximum=1.0)
    minimum_visibility: float = setting(
        0.0, "true boxes of which less is visible are forgiven, 0..1", minimum=0.0, maximum=1.0
    )
    minimum_height_px: float = setting(0.0, "true boxes that are less high are forgiven, pixels", minimum=0.0)
    minimum_cameras: int = setting(
        1, "objects that fewer cameras see are forgiven; 2 in CityFlow", minimum=1, maximum=1000
    )
    ignored_classes: tuple[str, ...] = setting((), "true boxes of these classes are forgiven")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class IdentityScores:
    """Identity measures (Ristani et al. 2016): each true identity is paired with at most one of the results, over all
    instants at once, so that most boxes agree. Shares are 0..1, NaN when there was nothing to judge.

    Args:
        idf1, idp, idr: F1, precision and recall of boxes (or positions) under that pairing.
        idtp, idfp, idfn: their counts.
        truth_ids, result_ids: number of identities.
        fragments: mean number of result identities that show one true identity; 1 at best.
        mixtures: mean number of true identities that one of the results shows; 1 at best.
    """

    idf1: float
    idp: float
    idr: float
    idtp: int
    idfp: int
    idfn: int
    truth_ids: int
    result_ids: int
    fragments: float
    mixtures: float


def evaluate_identities(
    truth: Mapping[str, TrackTable],
    results: Mapping[str, TrackTable],
    settings: IdentitySettings | None = None,
    frames: Mapping[str, Int64] | None = None,
) -> IdentityScores:
    """Identity measures over all cameras: an object has one id in the truth and should have one in the results.

    Args:
        truth, results: tables by camera name. A camera that has no results lacks all its boxes; ids in the results may
            be of any kind (integers or strings), alike in all cameras.
        frames: the instants of each camera that are judged; by default all in either table.

    Raises:
        InputError: a camera of the results is not in the truth, or, where ``frames`` does not name it, no frame of it.
        MissingDependencyError: TrackEval is not installed.
    """
    settings = settings or IdentitySettings()
    strangers = sorted(set(results) - set(truth))
    if strangers:
        raise InputError(
            f"camera '{strangers[0]}' of the results has no truth; there is truth of {', '.join(sorted(truth))}"
        )
    rare = _ids_of_few_cameras(truth, settings.minimum_cameras)
    ignored = (*settings.ignored_classes, _SEEN_BY_FEW)
    own = MotSettings(settings.iou_threshold, settings.minimum_visibility, settings.minimum_height_px, ignored)
    parts = []
    for camera in sorted(truth):
        table = _forgive(truth[camera], rare)
        judged = None if frames is None else frames.get(camera)
        parts.append(match_frames(table, results.get(camera, TrackTable.empty()), own, judged))
    return score_identities(_join(parts), settings.iou_threshold)


def score_identities(matched: MatchedFrames, threshold: float) -> IdentityScores:
    """The measures of what was matched; ``threshold`` is the least similarity of a match.

    Raises:
        MissingDependencyError: TrackEval is not installed.
    """
    raw = evaluate_with(make_metric("Identity", threshold), matched)
    nothing = matched.truth_count == 0 and matched.result_count == 0

    def share(value: float) -> float:
        return float("nan") if nothing else float(value)

    seen = np.zeros((len(matched.truth_names), len(matched.result_names)), bool)
    for truth, results, similarity in zip(matched.truth_ids, matched.result_ids, matched.similarities, strict=True):
        rows, columns = np.nonzero(similarity >= threshold)
        seen[truth[rows], results[columns]] = True
    return IdentityScores(
        idf1=share(raw["IDF1"]),
        idp=share(raw["IDP"]),
        idr=share(raw["IDR"]),
        idtp=int(raw["IDTP"]),
        idfp=int(raw["IDFP"]),
        idfn=int(raw["IDFN"]),
        truth_ids=len(matched.truth_names),
        result_ids=len(matched.result_names),
        fragments=_mean_above_zero(seen.sum(axis=1)),
        mixtures=_mean_above_zero(seen.sum(axis=0)),
    )


def _join(cameras: Sequence[MatchedFrames]) -> MatchedFrames:
    """The frames of all cameras one after the other, with one numbering of ids."""
    truth_ids, truth_names = _common_numbers([(part.truth_ids, part.truth_names) for part in cameras])
    result_ids, result_names = _common_numbers([(part.result_ids, part.result_names) for part in cameras])
    similarities = [similarity for part in cameras for similarity in part.similarities]
    return MatchedFrames(truth_ids, result_ids, similarities, truth_names, result_names)


def _common_numbers(parts: Sequence[tuple[Sequence[Int64], Sequence[Any]]]) -> tuple[list[Int64], list[Any]]:
    numbers: dict[Any, int] = {}
    frames = []
    for ids, names in parts:
        common = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
        frames += [common[chosen] for chosen in ids]
    return frames, list(numbers)


def _ids_of_few_cameras(truth: Mapping[str, TrackTable], minimum: int) -> list[Any]:
    cameras: dict[Any, int] = {}
    for table in truth.values():
        for name in set(table.ids[table.scores > 0].tolist()):
            cameras[name] = cameras.get(name, 0) + 1
    return [name for name, count in cameras.items() if count < minimum]


def _forgive(table: TrackTable, ids: Sequence[Any]) -> TrackTable:
    if not ids:
        return table
    forgiven = np.isin(table.ids, np.array(ids))
    return replace(table, class_names=np.where(forgiven, _SEEN_BY_FEW, table.class_names))


def _mean_above_zero(counts: Int64) -> float:
    """Mean of the counts of those that were seen at all; NaN for none."""
    found = counts[counts > 0]
    return float(found.mean()) if len(found) else float("nan")
