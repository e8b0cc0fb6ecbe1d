"""How well objects are followed in one camera: HOTA, CLEAR MOT and identity measures of boxes with ids.

What counts is decided as in the development kit of MOT16 (Milan et al. 2016): results are matched with all true boxes
of a frame at once, and those that fall on a forgiven one (a distractor, too small or too little visible) are dropped
before anything is counted. Then true boxes are dropped that are forgiven, of another class or marked with score 0; a
result that finds none of the others is a false positive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.assignment import assign
from mobinet.boxes import iou_matrix
from mobinet.errors import InputError
from mobinet.evaluation.matching import (
    MatchedFrames,
    Raw,
    check_overlap,
    combine_with,
    evaluate_with,
    groups,
    make_metric,
    number_ids,
)
from mobinet.evaluation.tables import MOT16_DISTRACTORS, TrackTable
from mobinet.settings import check_settings, setting
from mobinet.types import UNKNOWN_CLASS, Float64, Int64

METRICS = ("HOTA", "CLEAR", "Identity")


@dataclass(frozen=True)
class MotSettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    iou_threshold: float = setting(
        0.5, "least overlap (IoU) of a match, of CLEAR and identity measures", minimum=0.01, maximum=1.0
    )
    minimum_visibility: float = setting(
        0.0, "true boxes of which less is visible are forgiven, 0..1", minimum=0.0, maximum=1.0
    )
    minimum_height_px: float = setting(0.0, "true boxes that are less high are forgiven, pixels", minimum=0.0)
    ignored_classes: tuple[str, ...] = setting(
        MOT16_DISTRACTORS,
        "true boxes of these classes are forgiven; by default the distractors of MOT16",
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class MotScores:
    """Measures of one or more sequences. Shares are 0..1 (MOTA may be negative), NaN when there was nothing to judge.

    Args:
        hota, deta, assa, loca: higher order tracking accuracy, its detection and association parts, and localisation,
            each the mean over 19 overlaps .05 to .95 (Luiten et al., IJCV 2021).
        detre, detpr, assre, asspr: recall and precision of its parts.
        mota, motp, fp, fn, idsw: CLEAR MOT (Bernardin and Stiefelhagen 2008); motp is the mean IoU of matches.
        mt, pt, ml, frag: true tracks that were mostly (over 80 %), partly and mostly not (below 20 %) followed, and how
            often following was interrupted.
        idf1, idp, idr: Ristani et al. 2016.
        truth_boxes, result_boxes, truth_ids, result_ids: what was judged.
    """

    hota: float
    deta: float
    assa: float
    loca: float
    detre: float
    detpr: float
    assre: float
    asspr: float
    mota: float
    motp: float
    idf1: float
    idp: float
    idr: float
    tp: int
    fp: int
    fn: int
    idsw: int
    frag: int
    mt: int
    pt: int
    ml: int
    truth_boxes: int
    result_boxes: int
    truth_ids: int
    result_ids: int
    raw: Mapping[str, Raw] = field(repr=False, compare=False, default_factory=dict)


def evaluate_mot(
    truth: TrackTable,
    results: TrackTable,
    settings: MotSettings | None = None,
    frames: Int64 | None = None,
) -> MotScores:
    """Scores of one sequence of one camera, whatever the classes.

    Args:
        frames: the instants that are judged, e.g. those for which there is truth, be it nothing, and the tracker
            answered; by default all in either table.

    Raises:
        InputError: ``frames`` is not given, and no frame of the results is one of the truth.
        MissingDependencyError: TrackEval is not installed.
    """
    settings = settings or MotSettings()
    return _score(match_frames(truth, results, settings, frames), settings)


def evaluate_mot_classes(
    truth: TrackTable,
    results: TrackTable,
    settings: MotSettings | None = None,
    frames: Int64 | None = None,
    classes: Sequence[str] = (),
) -> dict[str, MotScores]:
    """Scores of each class, by its name.

    Results without a class name are taken for the class that is judged, as in the MOT challenge.

    Args:
        classes: which ones; by default all of the truth that are not ignored.

    Raises:
        InputError: a class of ``classes`` is neither in the truth nor in the results, or without ``classes`` no class
            is in both; as :func:`evaluate_mot`.
    """
    settings = settings or MotSettings()
    true_names, found_names = set(truth.class_names.tolist()), set(results.class_names.tolist())
    judged = list(classes) or sorted(true_names - set(settings.ignored_classes))
    _check_classes(classes, true_names, found_names - {UNKNOWN_CLASS})
    if frames is None:
        check_overlap(truth.frames, results.frames, "frame")
        frames = np.union1d(truth.frames, results.frames)
    scores = {}
    for name in judged:
        own = results[np.isin(results.class_names, [name, UNKNOWN_CLASS])]
        scores[name] = _score(match_frames(truth, own, settings, frames, name), settings)
    return scores


def _check_classes(classes: Sequence[str], truth: set[str], results: set[str]) -> None:
    unknown = [name for name in classes if name not in truth | results]
    if unknown:
        raise InputError(
            f"no box is of class '{unknown[0]}'; there are {', '.join(sorted(truth | results)) or 'none'}: rename them"
        )
    if not classes and results and not truth & results:
        raise InputError(
            f"no class of the results is one of the truth: truth has {', '.join(sorted(truth))}, results "
            f"{', '.join(sorted(results))}; rename them, or judge boxes whatever their class"
        )


def combine_mot(sequences: Sequence[MotScores], settings: MotSettings | None = None) -> MotScores:
    """Scores of several sequences together, as the MOT challenge adds them up: over boxes, not over sequences.

    Raises:
        InputError: there is none.
    """
    settings = settings or MotSettings()
    if not sequences:
        raise InputError("expected the scores of one or more sequences to combine, got none")
    raw = {
        name: combine_with(make_metric(name, settings.iou_threshold), [scores.raw[name] for scores in sequences])
        for name in METRICS
    }
    names = ("truth_boxes", "result_boxes", "truth_ids", "result_ids")
    return _as_scores(raw, tuple(sum(getattr(scores, name) for scores in sequences) for name in names))


def match_frames(
    truth: TrackTable,
    results: TrackTable,
    settings: MotSettings,
    frames: Int64 | None = None,
    class_name: str | None = None,
) -> MatchedFrames:
    """Overlaps of the boxes that count: with ``class_name``, only true boxes of that class do.

    Raises:
        InputError: ``frames`` is not given, and no frame of the results is one of the truth.
    """
    judged = np.union1d(truth.frames, results.frames) if frames is None else np.unique(np.asarray(frames, np.int64))
    if frames is None:
        check_overlap(truth.frames, results.frames, "frame")
    demanded, forgiven = _demanded_and_forgiven(truth, settings, class_name)
    truth_rows, result_rows, overlaps = [], [], []
    for theirs, ours in zip(groups(truth.frames, judged), groups(results.frames, judged), strict=True):
        overlap = iou_matrix(truth.boxes[theirs].astype(np.float64), results.boxes[ours].astype(np.float64))
        kept = ~_fall_on(overlap, forgiven[theirs], settings.iou_threshold)
        truth_rows.append(theirs[demanded[theirs]])
        result_rows.append(ours[kept])
        overlaps.append(overlap[demanded[theirs]][:, kept])
    truth_ids, truth_names = number_ids(truth.ids, truth_rows)
    result_ids, result_names = number_ids(results.ids, result_rows)
    return MatchedFrames(truth_ids, result_ids, overlaps, truth_names, result_names)


def _demanded_and_forgiven(
    truth: TrackTable, settings: MotSettings, class_name: str | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    of_class = np.ones(len(truth), bool) if class_name is None else truth.class_names == class_name
    ignored = np.isin(truth.class_names, settings.ignored_classes)
    heights = truth.boxes[:, 3] - truth.boxes[:, 1]
    hidden = (truth.visibility < settings.minimum_visibility) | (heights < settings.minimum_height_px)
    demanded = of_class & ~ignored & ~hidden & (truth.scores > 0)
    return demanded, ignored | (hidden & of_class)


def _fall_on(overlap: Float64, forgiven: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """Which columns (results) are matched with a row (true box) that is forgiven."""
    fall = np.zeros(overlap.shape[1], bool)
    if forgiven.any():
        # too little overlap is none, rather than a pair that is not allowed: the development kit matches so
        similar = np.where(overlap >= threshold - np.finfo(float).eps, overlap, 0.0)
        found = assign(-similar, limit=0.0)
        matched = similar[found.rows, found.columns] > 0
        fall[found.columns[matched & forgiven[found.rows]]] = True
    return fall


def _score(matched: MatchedFrames, settings: MotSettings) -> MotScores:
    raw = {name: evaluate_with(make_metric(name, settings.iou_threshold), matched) for name in METRICS}
    sizes = (matched.truth_count, matched.result_count, len(matched.truth_names), len(matched.result_names))
    return _as_scores(raw, sizes)


def _as_scores(raw: Mapping[str, Raw], sizes: tuple[int, ...]) -> MotScores:
    hota, clear, identity = (raw[name] for name in METRICS)
    truth_boxes, result_boxes, truth_ids, result_ids = sizes
    nothing = truth_boxes == 0 and result_boxes == 0

    def share(value: Any) -> float:
        return float("nan") if nothing else float(np.mean(value))

    return MotScores(
        **{
            name.lower(): share(hota[name])
            for name in ("HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr")
        },
        mota=share(clear["MOTA"]),
        motp=share(clear["MOTP"]),
        idf1=share(identity["IDF1"]),
        idp=share(identity["IDP"]),
        idr=share(identity["IDR"]),
        tp=int(clear["CLR_TP"]),
        fp=int(clear["CLR_FP"]),
        fn=int(clear["CLR_FN"]),
        idsw=int(clear["IDSW"]),
        frag=int(clear["Frag"]),
        mt=int(clear["MT"]),
        pt=int(clear["PT"]),
        ml=int(clear["ML"]),
        truth_boxes=truth_boxes,
        result_boxes=result_boxes,
        truth_ids=truth_ids,
        result_ids=result_ids,
        raw=raw,
    )
