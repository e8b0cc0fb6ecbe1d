"""How well one chosen object is followed: overlap, centre error, and what happens when it is out of sight.

Short term: Wu et al. ("Online object tracking: a benchmark", 2013) for success and precision, Müller et al.
("TrackingNet", 2018) for normalised precision. Long term, with absences: Lukežič et al. ("Now you see me: evaluating
performance in long-term visual tracking", 2018) for precision, recall and F-score over the tracker's confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.types import Float64

SUCCESS_OVERLAPS = np.linspace(0, 1, 21)
"""Of the success curve (Wu et al. 2013); its area is the share of them that an overlap exceeds, averaged."""
_NORMALISED_ERRORS = np.linspace(0, 0.5, 51)


@dataclass(frozen=True)
class TargetSettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    precision_px: float = setting(20.0, "largest centre error that is precise, pixels", minimum=0.0)
    found_iou: float = setting(0.5, "least overlap (IoU) at which the object counts as found", minimum=0.0, maximum=1.0)
    rate_hz: float = setting(25.0, "images per second, to tell times; of the recording", minimum=1e-3, maximum=1e6)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class TargetScores:
    """Measures of one or more sequences; shares are 0..1, NaN when there was nothing to judge.

    Args:
        success: area under the curve of images whose overlap exceeds 0, .05, .. 1 (so at most 20/21, as in OTB).
        op50, op75: share of images whose overlap exceeds .5 and .75.
        precision: share of images with a centre error up to ``precision_px``.
        norm_precision: area under the curve of the centre error in widths and heights of the true box, 0 to .5.
        f_score, lt_precision, lt_recall, threshold: of long-term tracking at the confidence where F is highest.
        false_alarms: share of images without the object in which a box was reported.
        absences, refound: times that the object went out of sight and came back, and after which it was found again
            before the next one.
        refind_s: median seconds from coming back to being found, of those that were found.
        frames, present: images that were judged, and those with the object.
    """

    success: float
    op50: float
    op75: float
    precision: float
    norm_precision: float
    f_score: float
    lt_precision: float
    lt_recall: float
    threshold: float
    false_alarms: float
    absences: int
    refound: int
    refind_s: float
    frames: int
    present: int


def evaluate_target(
    truth: Float64, results: Float64, confidences: Float64 | None = None, settings: TargetSettings | None = None
) -> TargetScores:
    """Scores of one object in one sequence, or in several laid end to end.

    Overlap, success and precision are of the images in which the object is there (occluded ones have no true box); an
    image without a reported box counts as missed there.

    Args:
        truth: ``(N, 4)`` xyxy pixels, a row of NaN where the object is not to be seen.
        results: ``(N, 4)`` likewise, NaN where the tracker says that it sees nothing.
        confidences: ``(N,)`` of the tracker; equal for all by default.

    Raises:
        InputError: the lengths differ, a box is inverted, or the object is in no image.
    """
    settings = settings or TargetSettings()
    truth, results = checked_boxes(truth, "truth"), checked_boxes(results, "results")
    if len(truth) != len(results):
        raise InputError(
            f"truth has {len(truth)} images and the results {len(results)}: expected one line an image in both; write "
            "NaN, or zeros, where there is no box"
        )
    scores = np.ones(len(results)) if confidences is None else np.asarray(confidences, np.float64)
    if scores.shape != (len(results),):
        raise InputError(f"confidences: expected one for each of {len(results)} images, got shape {scores.shape}")
    there, reported = ~np.isnan(truth[:, 0]), ~np.isnan(results[:, 0])
    if not there.any():
        raise InputError("the truth has no image with the object; check the file and its format")
    overlap = overlaps(truth, results)
    error, normalised = centre_errors(truth, results)
    lt_precision, lt_recall, f_score, threshold = long_term(overlap, there, reported, scores)
    absences, refound, waits = _absences(there, overlap >= settings.found_iou)
    seen = overlap[there]
    return TargetScores(
        success=float((seen[:, None] > SUCCESS_OVERLAPS).mean()),
        op50=float((seen > 0.5).mean()),
        op75=float((seen > 0.75).mean()),
        precision=float((error[there] <= settings.precision_px).mean()),
        norm_precision=float((normalised[there][:, None] <= _NORMALISED_ERRORS).mean()),
        f_score=f_score,
        lt_precision=lt_precision,
        lt_recall=lt_recall,
        threshold=threshold,
        false_alarms=float(reported[~there].mean()) if (~there).any() else float("nan"),
        absences=absences,
        refound=refound,
        refind_s=float(np.median(waits) / settings.rate_hz) if waits else float("nan"),
        frames=len(truth),
        present=int(there.sum()),
    )


def overlaps(truth: Float64, results: Float64) -> Float64:
    """``(N,)`` IoU row by row, 0 where one of the boxes is missing."""
    top_left, bottom_right = np.maximum(truth[:, :2], results[:, :2]), np.minimum(truth[:, 2:], results[:, 2:])
    common = np.maximum(bottom_right - top_left, 0).prod(axis=1)
    areas = (truth[:, 2:] - truth[:, :2]).prod(axis=1) + (results[:, 2:] - results[:, :2]).prod(axis=1)
    shares: Float64 = np.nan_to_num(common / (areas - common), nan=0.0)
    return shares


def centre_errors(truth: Float64, results: Float64) -> tuple[Float64, Float64]:
    """``(N,)`` distances of the centres, in pixels and in sizes of the true box; infinite where a box is missing."""
    offset = (results[:, :2] + results[:, 2:]) / 2 - (truth[:, :2] + truth[:, 2:]) / 2
    pixels = np.linalg.norm(offset, axis=1)
    sizes = np.linalg.norm(offset / (truth[:, 2:] - truth[:, :2]), axis=1)
    return np.nan_to_num(pixels, nan=np.inf), np.nan_to_num(sizes, nan=np.inf)


def long_term(
    overlap: Float64, there: NDArray[np.bool_], reported: NDArray[np.bool_], confidences: Float64
) -> tuple[float, float, float, float]:
    """Precision, recall, F-score and threshold (Lukežič et al. 2018), at the confidence with the highest F-score.

    Precision is the mean overlap of the images in which a box of at least that confidence is reported, where an absent
    object has overlap 0; recall is the sum of the same overlaps over the number of images with the object.
    """
    order = np.argsort(-confidences[reported], kind="stable")
    ranked = confidences[reported][order]
    if not len(ranked):
        return float("nan"), 0.0, 0.0, float("nan")
    total = np.cumsum(overlap[reported][order])
    # boxes of equal confidence pass together
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    precision, recall = total[ends] / (ends + 1), total[ends] / there.sum()
    f_score = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    best = int(f_score.argmax())
    return float(precision[best]), float(recall[best]), float(f_score[best]), float(ranked[ends[best]])


def _absences(there: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[int, int, list[int]]:
    """Number of times the object came back, how often it was found before it went again, and after how many images."""
    first = int(np.argmax(there))
    changes = np.flatnonzero(np.diff(there.astype(np.int8))) + 1
    returns = [int(change) for change in changes if there[change] and change > first]
    waits = []
    for start in returns:
        later = changes[changes > start]
        end = int(later[0]) if len(later) else len(there)
        hits = np.flatnonzero(found[start:end])
        if len(hits):
            waits.append(int(hits[0]))
    return len(returns), len(waits), waits


def checked_boxes(boxes: Float64, what: str) -> Float64:
    """``(N, 4)`` xyxy boxes, where a row of NaN is none; raises InputError for anything else."""
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InputError(f"{what}: expected boxes (N, 4), got shape {boxes.shape}")
    there = ~np.isnan(boxes).all(axis=1)
    good = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    if (there & ~good).any():
        row = int(np.flatnonzero(there & ~good)[0])
        raise InputError(
            f"{what}: box {row + 1} is {boxes[row].tolist()}: expected x1 < x2 and y1 < y2, or four NaN for no box; "
            "check the format, corners or size"
        )
    return boxes
