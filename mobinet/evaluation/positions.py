"""How well objects keep one identity on the map, whoever saw them: identity measures with distances for overlaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.assignment import assign
from mobinet.errors import InputError
from mobinet.evaluation.identities import IdentityScores, score_identities
from mobinet.evaluation.matching import MatchedFrames, check_overlap, groups, number_ids
from mobinet.evaluation.tables import Ids, PositionTable
from mobinet.settings import check_settings, setting
from mobinet.types import Float64, Int64


@dataclass(frozen=True)
class PositionSettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    distance_m: float = setting(1.0, "largest distance of a match on the map, metres", minimum=1e-6, maximum=1e6)
    tolerance_s: float = setting(
        0.25, "true positions are interpolated over gaps up to this, seconds", minimum=0.0, maximum=60.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


def evaluate_positions(
    truth: PositionTable, results: PositionTable, settings: PositionSettings | None = None
) -> IdentityScores:
    """Identity measures on the map: a result matches a true position within ``distance_m`` of it.

    The truth is interpolated linearly at the stamps of the results, which alone are judged: what nobody reported at an
    instant counts as missed, instants without any report do not count.

    Raises:
        InputError: the truth does not reach any stamp of the results, or the dimensions differ.
        MissingDependencyError: TrackEval is not installed.
    """
    settings = settings or PositionSettings()
    check_same_dimensions(truth, results)
    stamps = np.unique(results.stamps_ns)
    there = interpolate_positions(truth, stamps, settings.tolerance_s)
    if len(truth) and len(results):
        check_overlap(there.stamps_ns if len(there) else truth.stamps_ns, results.stamps_ns, "stamp")
    return score_identities(match_positions(there, results, settings.distance_m), 0.5)


def check_same_dimensions(first: PositionTable, second: PositionTable) -> None:
    """Raises InputError when one table has two coordinates and the other three."""
    if first.positions.shape[1] != second.positions.shape[1]:
        raise InputError(
            f"positions: truth has {first.positions.shape[1]} coordinates and results {second.positions.shape[1]}; "
            "give x, y (, z) in both"
        )


def interpolate_positions(table: PositionTable, stamps_ns: Int64, tolerance_s: float) -> PositionTable:
    """Where each object was at each of ``stamps_ns`` (rising): linear between two of its rows that are at most twice
    ``tolerance_s`` apart; nothing before its first and after its last row, and in longer gaps."""
    limit_ns = 2 * tolerance_s * 1e9
    rows: list[tuple[Int64, Ids, Float64, NDArray[np.str_]]] = []
    names, numbers = np.unique(table.ids, return_inverse=True)
    for unsorted in groups(numbers.reshape(-1).astype(np.int64), np.arange(len(names))):
        own = unsorted[np.argsort(table.stamps_ns[unsorted], kind="stable")]
        times = table.stamps_ns[own]
        inside = stamps_ns[(stamps_ns >= times[0]) & (stamps_ns <= times[-1])]
        after = np.searchsorted(times, inside, "left")
        before = np.where(times[after] == inside, after, after - 1)
        near = times[after] - times[before] <= limit_ns
        inside, after, before = inside[near], after[near], before[near]
        span = np.maximum(times[after] - times[before], 1)
        share = ((inside - times[before]) / span)[:, None]
        where = (1 - share) * table.positions[own[before]] + share * table.positions[own[after]]
        rows.append((inside, table.ids[own[before]], where, table.class_names[own[before]]))
    if not rows:
        return table
    return PositionTable(*(np.concatenate([row[column] for row in rows]) for column in range(4)))


def match_positions(truth: PositionTable, results: PositionTable, distance_m: float) -> MatchedFrames:
    """Similarities 1 - distance / (2 distance_m), 0 at least: one half at ``distance_m``."""
    stamps = np.union1d(truth.stamps_ns, results.stamps_ns)
    theirs, ours = groups(truth.stamps_ns, stamps), groups(results.stamps_ns, stamps)
    similarities = [
        np.maximum(1 - distances(truth.positions[a], results.positions[b]) / (2 * distance_m), 0.0)
        for a, b in zip(theirs, ours, strict=True)
    ]
    truth_ids, truth_names = number_ids(truth.ids, theirs)
    result_ids, result_names = number_ids(results.ids, ours)
    return MatchedFrames(truth_ids, result_ids, similarities, truth_names, result_names)


def distances(first: Float64, second: Float64) -> Float64:
    """``(N, M)`` metres between ``(N, D)`` and ``(M, D)`` positions."""
    result: Float64 = np.linalg.norm(first[:, None, :] - second[None, :, :], axis=2)
    return result


@dataclass(frozen=True)
class AgreementScores:
    """Whether two robots mean the same by an id, where both report an object at about the same place and time.

    Args:
        agreement: share of common objects to which both give the same id, 0..1; NaN without any.
        same, different: their numbers, over all instants.
        missing: objects that one reports and the other does not.
    """

    agreement: float
    same: int
    different: int
    missing: int


def evaluate_agreement(
    first: PositionTable, second: PositionTable, settings: PositionSettings | None = None
) -> AgreementScores:
    """Mutual agreement of two robots' identities; needs no truth.

    The second robot's positions are interpolated at the stamps of the first. At each instant objects are paired so that
    the sum of distances is least, up to ``distance_m``.

    Raises:
        InputError: the dimensions differ.
    """
    settings = settings or PositionSettings()
    if len(first) and len(second):
        check_same_dimensions(first, second)
    stamps = np.unique(first.stamps_ns)
    there = interpolate_positions(second, stamps, settings.tolerance_s)
    common = np.intersect1d(stamps, there.stamps_ns)
    same = different = missing = 0
    for a, b in zip(groups(first.stamps_ns, common), groups(there.stamps_ns, common), strict=True):
        pairs = assign(distances(first.positions[a], there.positions[b]), settings.distance_m)
        equal = first.ids[a[pairs.rows]] == there.ids[b[pairs.columns]]
        same += int(equal.sum())
        different += int((~equal).sum())
        missing += len(a) + len(b) - 2 * len(pairs.rows)
    total = same + different
    return AgreementScores(same / total if total else float("nan"), same, different, missing)
