"""Truth and results side by side, frame by frame, and the metrics of TrackEval on them.

TrackEval (Luiten et al., MIT licence) is the reference implementation of HOTA and of the MOT challenge's measures. Only
its metric classes are used; they need NumPy and SciPy. Reading and the choice of what counts are ours.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, MissingDependencyError
from mobinet.types import Float64, Int64

Raw: TypeAlias = dict[str, Any]
"""What a metric of TrackEval answers for a sequence; sums of it can be combined."""

TRACKEVAL = "trackeval==1.3.0"
_CURE = (
    f"pip install --no-deps {TRACKEVAL} (without --no-deps it brings opencv-python, which overwrites "
    "opencv-python-headless)"
)


@dataclass(frozen=True)
class MatchedFrames:
    """Truth and results of a sequence, ids counted from 0.

    Args:
        truth_ids, result_ids: for each frame the ids that are there, ``(n,)`` and ``(m,)`` int64.
        similarities: for each frame ``(n, m)`` float64 in 0..1.
        truth_names, result_names: the id that each number stands for.
    """

    truth_ids: Sequence[Int64]
    result_ids: Sequence[Int64]
    similarities: Sequence[Float64]
    truth_names: Sequence[Any]
    result_names: Sequence[Any]

    @property
    def truth_count(self) -> int:
        """Number of true boxes."""
        return sum(map(len, self.truth_ids))

    @property
    def result_count(self) -> int:
        """Number of boxes in the results."""
        return sum(map(len, self.result_ids))

    def as_trackeval(self) -> dict[str, Any]:
        return {
            "num_timesteps": len(self.truth_ids),
            "num_gt_ids": len(self.truth_names),
            "num_tracker_ids": len(self.result_names),
            "num_gt_dets": self.truth_count,
            "num_tracker_dets": self.result_count,
            "gt_ids": self.truth_ids,
            "tracker_ids": self.result_ids,
            "similarity_scores": self.similarities,
        }


def groups(keys: Int64, wanted: Int64) -> list[Int64]:
    """For each of ``wanted`` (rising, each once) the rows of ``keys`` that are equal to it."""
    order = np.argsort(keys, kind="stable")
    found = keys[order]
    starts = np.searchsorted(found, wanted, "left")
    ends = np.searchsorted(found, wanted, "right")
    return [order[start:end] for start, end in zip(starts, ends, strict=True)]


def number_ids(ids: NDArray[Any], rows: Sequence[Int64]) -> tuple[list[Int64], list[Any]]:
    """The ids of the rows of each frame, counted from 0, and what the numbers stand for."""
    used = np.concatenate([*rows, np.zeros(0, np.int64)])
    names, numbers = np.unique(ids[used], return_inverse=True)
    ends = np.cumsum([len(chosen) for chosen in rows])
    return [part.astype(np.int64) for part in np.split(numbers.reshape(-1), ends[:-1])], names.tolist()


def check_overlap(truth: Int64, results: Int64, what: str) -> None:
    """Raises InputError when both have rows and not one instant is common."""
    if len(truth) == 0 or len(results) == 0 or len(np.intersect1d(truth, results)):
        return
    raise InputError(
        f"no {what} of the results is one of the truth: truth has {truth.min()} to {truth.max()}, results "
        f"{results.min()} to {results.max()}; expected the same images, counted or stamped alike in both"
    )


def make_metric(name: str, threshold: float) -> Any:
    """One of TrackEval's metrics: HOTA, CLEAR or Identity.

    Args:
        threshold: least similarity of a match; HOTA has its own nineteen.

    Raises:
        MissingDependencyError: TrackEval is not installed.
    """
    return getattr(_metrics(), name)({"THRESHOLD": threshold, "PRINT_CONFIG": False})


def evaluate_with(metric: Any, frames: MatchedFrames) -> Raw:
    """The metric's fields of one sequence."""
    return dict(_quietly(metric.eval_sequence, frames.as_trackeval()))


def combine_with(metric: Any, sequences: Sequence[Raw]) -> Raw:
    """The metric's fields of all sequences together, as the MOT challenge adds them up."""
    return dict(_quietly(metric.combine_sequences, {str(number): raw for number, raw in enumerate(sequences)}))


def _quietly(function: Callable[..., Any], *arguments: Any) -> Any:
    """TrackEval divides 0 by 0 where nothing matched at all, and puts the right number in its place itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return function(*arguments)


@functools.cache
def _metrics() -> Any:
    try:
        # it prints which of its optional data sets cannot be read
        with contextlib.redirect_stdout(io.StringIO()):
            from trackeval import metrics
    except ImportError as error:
        raise MissingDependencyError("trackeval", "this evaluation", cure=_CURE) from error
    return metrics
