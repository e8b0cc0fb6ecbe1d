"""How well objects are found in images: average precision and recall by the rules of COCO (Lin et al. 2014).

pycocotools, the data set's own code, computes them. Precision and recall at one score use its matches too.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, MissingDependencyError
from mobinet.evaluation.tables import MOT16_DISTRACTORS, BoxTable
from mobinet.settings import check_settings, setting
from mobinet.types import Float64

_HALF_OVERLAP = 0
_ALL_SIZES = 0
_MOST_BOXES = 2


@dataclass(frozen=True)
class DetectionSettings:
    """What counts.

    Raises:
        SettingsError: a value is out of range.
    """

    score: float = setting(0.5, "precision and recall are told for boxes from this score on", minimum=0.0, maximum=1.0)
    any_class: bool = setting(False, "all boxes are of one class, called 'object'")
    ignored_classes: tuple[str, ...] = setting(
        MOT16_DISTRACTORS, "true boxes of these classes forgive what falls on them"
    )
    max_boxes: int = setting(100, "boxes of the highest scores that count, of an image and class", minimum=1)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class DetectionScores:
    """Measures of one class, or their mean over classes; 0..1, NaN where the truth has no such box.

    Args:
        ap: average precision, mean over the overlaps .50 to .95.
        ap50, ap75: at one overlap.
        ap_small, ap_medium, ap_large: of true boxes below 32 x 32, up to 96 x 96, and above, square pixels.
        ar: average recall with ``max_boxes``.
        precision, recall: of the boxes from the settings' score on, at overlap .5.
        best_score, best_f1: the score at which the F1 measure at overlap .5 is highest, and that measure.
        truth_boxes, result_boxes: what was judged.
    """

    ap: float
    ap50: float
    ap75: float
    ap_small: float
    ap_medium: float
    ap_large: float
    ar: float
    precision: float
    recall: float
    best_score: float
    best_f1: float
    truth_boxes: int
    result_boxes: int


@dataclass(frozen=True)
class DetectionReport:
    """Scores by class name, and their mean; counts are sums."""

    classes: Mapping[str, DetectionScores]
    mean: DetectionScores


def evaluate_detection(
    truth: BoxTable,
    results: BoxTable,
    settings: DetectionSettings | None = None,
    images: Sequence[int | str] = (),
) -> DetectionReport:
    """Average precision and recall of each class of the truth.

    Args:
        images: those that are judged; by default all that are in either table. Name them when some have nothing true
            and nothing found, or when results are there for a part of them.

    Raises:
        InputError: truth and results have no image, or no class, in common.
        MissingDependencyError: pycocotools is not installed.
    """
    settings = settings or DetectionSettings()
    if settings.any_class:
        truth, results = truth.of_one_class("object", settings.ignored_classes), results.of_one_class("object")
    classes = sorted(set(truth.class_names.tolist()) - set(settings.ignored_classes))
    _check_common(truth, results, classes)
    numbers = {name: number for number, name in enumerate(classes, 1)}
    keys = list(dict.fromkeys(images)) or sorted({*truth.images.tolist(), *results.images.tolist()})
    image_numbers = {key: number for number, key in enumerate(keys, 1)}
    evaluation = _run_coco(truth, results, numbers, image_numbers, settings)
    scores = {name: _scores(evaluation, row, settings) for row, name in enumerate(classes)}
    return DetectionReport(scores, _mean(list(scores.values())))


def _check_common(truth: BoxTable, results: BoxTable, classes: Sequence[str]) -> None:
    if len(truth) == 0 or not classes:
        raise InputError("the truth has no box to judge by; check the file and the ignored classes")
    if len(results) == 0:
        return
    if not set(truth.images.tolist()) & set(results.images.tolist()):
        raise InputError(
            f"no image of the results is one of the truth: truth has e.g. {truth.images[0]}, results "
            f"{results.images[0]}; expected the same numbers, stamps or names in both"
        )
    found = sorted(set(results.class_names.tolist()))
    if not set(found) & set(classes):
        raise InputError(
            f"no class of the results is one of the truth: truth has {_listed(classes)}, results {_listed(found)}; "
            "rename them, or judge all as one class"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name or "boxes without a class" for name in names)


def _run_coco(
    truth: BoxTable,
    results: BoxTable,
    classes: Mapping[str, int],
    images: Mapping[Any, int],
    settings: DetectionSettings,
) -> Any:
    """A ``COCOeval`` that has accumulated."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingDependencyError("pycocotools", "average precision") from error
    dataset = {
        "images": [{"id": number} for number in images.values()],
        "categories": [{"id": number, "name": name} for name, number in classes.items()],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells its progress
        true_part, found_part = COCO(), COCO()
        true_part.dataset = dataset | {"annotations": _annotations(truth, classes, images, settings.ignored_classes)}
        found_part.dataset = dataset | {"annotations": _annotations(results, classes, images, ())}
        true_part.createIndex()
        found_part.createIndex()
        evaluation = COCOeval(true_part, found_part, "bbox")
        evaluation.params.maxDets = [1, min(10, settings.max_boxes), settings.max_boxes]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _annotations(
    table: BoxTable, classes: Mapping[str, int], images: Mapping[Any, int], ignored: Sequence[str]
) -> list[dict[str, Any]]:
    """COCO's records. A box of an ignored class is a crowd, of every class: what falls on it is forgiven."""
    records: list[dict[str, Any]] = []
    for image, (x1, y1, x2, y2), score, name, forgiven in zip(
        table.images.tolist(),
        table.boxes.astype(np.float64).tolist(),
        table.scores.tolist(),
        table.class_names.tolist(),
        table.forgiven.tolist(),
        strict=True,
    ):
        if image not in images:
            continue
        size = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "score": score}
        numbers = list(classes.values()) if name in ignored else [classes[name]] if name in classes else []
        for number in numbers:
            crowd = int(forgiven or name in ignored)
            common = {"id": len(records) + 1, "image_id": images[image], "category_id": number, "iscrowd": crowd}
            records.append(common | size)
    return records


def _scores(evaluation: Any, row: int, settings: DetectionSettings) -> DetectionScores:
    precision: Float64 = evaluation.eval["precision"][:, :, row, :, _MOST_BOXES]
    recall: Float64 = evaluation.eval["recall"][:, row, _ALL_SIZES, _MOST_BOXES]
    scores, right, wanted = _matches(evaluation, row)
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(right[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + wanted)
    best = int(f1.argmax()) if len(f1) else -1
    shown = scores >= settings.score
    return DetectionScores(
        ap=_mean_known(precision[:, :, _ALL_SIZES]),
        ap50=_mean_known(precision[0, :, _ALL_SIZES]),
        ap75=_mean_known(precision[5, :, _ALL_SIZES]),
        ap_small=_mean_known(precision[:, :, 1]),
        ap_medium=_mean_known(precision[:, :, 2]),
        ap_large=_mean_known(precision[:, :, 3]),
        ar=_mean_known(recall),
        precision=_ratio(int(right[shown].sum()), int(shown.sum())),
        recall=_ratio(int(right[shown].sum()), wanted),
        best_score=float(scores[order[best]]) if best >= 0 else float("nan"),
        best_f1=float(f1[best]) if best >= 0 else float("nan"),
        truth_boxes=wanted,
        result_boxes=len(scores),
    )


def _matches(evaluation: Any, row: int) -> tuple[Float64, NDArray[np.bool_], int]:
    """Of one class at overlap .5: scores of the boxes that count, which are right, and how many there should be."""
    images = len(evaluation.params.imgIds)
    sizes = len(evaluation.params.areaRng)
    start = row * sizes * images + _ALL_SIZES * images
    parts = [part for part in evaluation.evalImgs[start : start + images] if part is not None]
    scores = np.concatenate([np.asarray(part["dtScores"], np.float64) for part in parts] or [np.zeros(0)])
    right = np.concatenate([part["dtMatches"][_HALF_OVERLAP] > 0 for part in parts] or [np.zeros(0, bool)])
    counts = np.concatenate([~part["dtIgnore"][_HALF_OVERLAP].astype(bool) for part in parts] or [np.zeros(0, bool)])
    wanted = sum(int(np.sum(~np.asarray(part["gtIgnore"], bool))) for part in parts)
    return scores[counts], right[counts], wanted


def _mean_known(values: Float64) -> float:
    """pycocotools writes -1 where there is nothing to judge by."""
    known = values[values > -1]
    return float(known.mean()) if len(known) else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _mean(scores: Sequence[DetectionScores]) -> DetectionScores:
    values: dict[str, Any] = {}
    for field in fields(DetectionScores):
        column = np.array([getattr(each, field.name) for each in scores], np.float64)
        if field.name.endswith("_boxes"):
            values[field.name] = int(column.sum())
        else:
            known = column[~np.isnan(column)]
            values[field.name] = float(known.mean()) if len(known) else float("nan")
    return DetectionScores(**values)
