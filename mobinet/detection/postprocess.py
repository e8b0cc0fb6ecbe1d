"""From candidates to detections: thresholds, class filter, suppression, clipping."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from mobinet.detection.base import Candidates, DetectorSettings, parse_class_thresholds
from mobinet.errors import ModelError, SettingsError
from mobinet.suppression import suppress
from mobinet.types import Detections, Float32, Int64

# Thinner boxes hold no pixel; they come from objects that are cut by the border.
_SMALLEST_SIDE_PX = 1.0


class Selection:
    """The settings of a detector, made ready for one list of classes.

    Args:
        settings: thresholds, filter, suppression.
        class_names: of the model, by class id.

    Raises:
        SettingsError: the filter or a threshold names a class that the model lacks.
    """

    def __init__(self, settings: DetectorSettings, class_names: Sequence[str]) -> None:
        self.settings = settings
        self._names = tuple(class_names)
        thresholds = parse_class_thresholds(settings.class_thresholds)
        for where, names in (("classes", settings.classes), ("class_thresholds", tuple(thresholds))):
            for name in names:
                _check_class(where, name, self._names)
        wanted = set(settings.classes or self._names)
        self._lowest: Float32 = np.array(
            [thresholds.get(name, settings.score_threshold) if name in wanted else np.inf for name in self._names],
            np.float32,
        )

    def apply(self, candidates: Candidates, height: int, width: int, *, overlapping: bool) -> Detections:
        """What is reported of an image.

        Args:
            candidates: boxes in pixels of the image.
            height, width: of the image; boxes are clipped to it.
            overlapping: whether the candidates still hold several boxes of one object.

        Returns:
            Best score first.

        Raises:
            ModelError: a class id has no name.
        """
        boxes, scores, class_ids = candidates.boxes, candidates.scores, candidates.class_ids
        sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
        # A first cut before anything else: heads give thousands of candidates, nearly all of them background.
        keep = np.flatnonzero(sound & (scores > 0) & (scores >= self._lowest.min(initial=np.inf)))
        self._check_class_ids(class_ids[keep])
        keep = keep[scores[keep] >= self._lowest[class_ids[keep]]]
        boxes = clip_boxes(boxes[keep], height, width)
        large = (boxes[:, 2:] - boxes[:, :2] >= _SMALLEST_SIDE_PX).all(axis=1)
        boxes, keep = boxes[large], keep[large]
        if overlapping:
            order = suppress(boxes, scores[keep], class_ids[keep], self.settings.nms_iou)
        else:
            order = np.argsort(-scores[keep], kind="stable")
        order = order[: self.settings.max_detections]
        names = tuple(self._names[class_id] for class_id in class_ids[keep[order]])
        return Detections(boxes[order], np.clip(scores[keep[order]], 0, 1), names)

    def _check_class_ids(self, class_ids: Int64) -> None:
        if len(class_ids) and (class_ids.min() < 0 or class_ids.max() >= len(self._names)):
            bad = class_ids.min() if class_ids.min() < 0 else class_ids.max()
            raise ModelError(
                f"the network reports class {bad}, but there are only {len(self._names)} class names: "
                "give all names in order as 'class_names' in the model's YAML file"
            )


def clip_boxes(boxes: Float32, height: int, width: int) -> Float32:
    """``(N, 4)`` xyxy boxes cut to ``0..width`` and ``0..height``; a copy."""
    limits = np.array([width, height, width, height], np.float32)
    clipped: Float32 = np.clip(boxes.astype(np.float32), 0, limits)
    return clipped


def _check_class(where: str, name: str, known: tuple[str, ...]) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(known[:20])}{' ...' * (len(known) > 20)}"
    raise SettingsError(f"{where}: the model knows no class '{name}'; {hint}")
