"""How near reported positions are to the true ones, whatever their names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.assignment import assign
from mobinet.evaluation.matching import check_overlap, groups
from mobinet.evaluation.positions import PositionSettings, check_same_dimensions, distances, interpolate_positions
from mobinet.evaluation.tables import PositionTable
from mobinet.types import Float64


@dataclass(frozen=True)
class LocalisationScores:
    """Measures over the instants of the results; NaN without any.

    Args:
        gospa_m: mean of GOSPA with order 2 and alpha 2 (Rahmathullah, García-Fernández and Svensson, "Generalized
            optimal sub-pattern assignment metric", 2017): the root of the squared errors of what was found, plus half
            of the squared cut-off for everything missed and for everything false.
        rms_error_m, median_error_m: of what was found.
        missed, false: mean number an instant.
        found: number of pairs, over all instants.
        instants: how many there are.
    """

    gospa_m: float
    rms_error_m: float
    median_error_m: float
    missed: float
    false: float
    found: int
    instants: int


def evaluate_localisation(
    truth: PositionTable, results: PositionTable, settings: PositionSettings | None = None
) -> LocalisationScores:
    """Distances at every stamp of the results, the truth interpolated; the cut-off is ``distance_m``.

    Raises:
        InputError: the truth does not reach any stamp of the results, or the dimensions differ.
    """
    settings = settings or PositionSettings()
    stamps = np.unique(results.stamps_ns)
    there = interpolate_positions(truth, stamps, settings.tolerance_s)
    if len(truth) and len(results):
        check_same_dimensions(truth, results)
        check_overlap(there.stamps_ns if len(there) else truth.stamps_ns, results.stamps_ns, "stamp")
    errors, gospa, missed, false = [], [], 0, 0
    for theirs, ours in zip(groups(there.stamps_ns, stamps), groups(results.stamps_ns, stamps), strict=True):
        found = _pair_errors(there.positions[theirs], results.positions[ours], settings.distance_m)
        errors.append(found)
        lacking, wrong = len(theirs) - len(found), len(ours) - len(found)
        gospa.append(np.sqrt((found**2).sum() + settings.distance_m**2 / 2 * (lacking + wrong)))
        missed, false = missed + lacking, false + wrong
    pairs = np.concatenate([*errors, np.zeros(0)])
    count = len(stamps)
    return LocalisationScores(
        gospa_m=float(np.mean(gospa)) if count else float("nan"),
        rms_error_m=float(np.sqrt((pairs**2).mean())) if len(pairs) else float("nan"),
        median_error_m=float(np.median(pairs)) if len(pairs) else float("nan"),
        missed=missed / count if count else float("nan"),
        false=false / count if count else float("nan"),
        found=len(pairs),
        instants=count,
    )


def _pair_errors(truth: Float64, results: Float64, cutoff_m: float) -> Float64:
    """Distances of the pairs that make GOSPA least: to leave both alone costs the squared cut-off."""
    metres = distances(truth, results)
    pairs = assign(metres**2, cutoff_m**2)
    return metres[pairs.rows, pairs.columns]
