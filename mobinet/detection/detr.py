"""Set prediction with transformers: DETR (Carion et al., ECCV 2020), RT-DETR (Zhao et al., CVPR 2024) and kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.coco import COCO_80, COCO_91
from mobinet.detection.head import Signature, best_class, centre_to_corners
from mobinet.detection.preprocessing import InputFormat
from mobinet.types import Float32

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_LOGITS = ("logits", "pred_logits", "labels")
_BOXES = ("pred_boxes", "dets", "boxes")
# A class more than the names, for "nothing here": such networks are trained with a softmax over all.
_WITH_NO_OBJECT = (len(COCO_80) + 1, len(COCO_91) + 1)


class DetrHead:
    """Outputs ``(B, Q, C)`` class logits and ``(B, Q, 4)`` boxes, centre and size as parts of the input.

    Logits become scores by a sigmoid, or by a softmax whose last class is "no object" when there are 81 or 92 of them
    (COCO's 80 or 91 and one). Networks with other numbers of classes and a softmax say ``head: detr-softmax``.
    """

    name = "detr"
    expects = "two outputs, (batch, queries, classes) named e.g. logits and (batch, queries, 4) named e.g. pred_boxes"
    overlapping = False
    _always_softmax = False

    def __init__(self, signature: Signature) -> None:
        found = _logits_and_boxes(signature)
        assert found is not None, self.expects
        self._logits, self._boxes = found
        classes = signature.output_shapes[self._logits][2]
        self._softmax = self._always_softmax or classes in _WITH_NO_OBJECT
        self.class_count: int | None = classes - 1 if self._softmax else classes
        normalised = self._softmax or signature.output_names[self._boxes] == "dets"
        self.input_format = InputFormat(
            signature.height,
            signature.width,
            resize="stretch",
            mean=_IMAGENET_MEAN if normalised else (0.0, 0.0, 0.0),
            std=_IMAGENET_STD if normalised else (1.0, 1.0, 1.0),
        )
        self._whole = np.array([signature.width, signature.height] * 2, np.float32)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        return _logits_and_boxes(signature) is not None

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        logits = outputs[self._logits].astype(np.float32, copy=False)
        boxes = centre_to_corners(outputs[self._boxes].astype(np.float32, copy=False)) * self._whole
        scores = _softmax(logits)[..., :-1] if self._softmax else 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        return [best_class(*pair) for pair in zip(boxes, scores, strict=True)]


class DetrSoftmaxHead(DetrHead):
    """The same, with a softmax whose last class is "no object", for any number of classes."""

    name = "detr-softmax"
    _always_softmax = True

    @classmethod
    def recognises(cls, signature: Signature) -> bool:  # noqa: ARG003 - only its name in a YAML file chooses it
        return False


class RtDetrHead:
    """Outputs labels ``(B, Q)``, boxes ``(B, Q, 4)`` and scores ``(B, Q)``: what RT-DETR's own exporter writes.

    Boxes are corners in pixels of the size that the input ``orig_target_sizes`` says, which is given the network's own.
    """

    name = "rtdetr"
    expects = "three outputs labels (batch, queries), boxes (batch, queries, 4), scores (batch, queries)"
    overlapping = False

    def __init__(self, signature: Signature) -> None:
        self.class_count: int | None = None
        self.input_format = InputFormat(signature.height, signature.width, resize="stretch")
        self._order = tuple(signature.output_names.index(name) for name in ("labels", "boxes", "scores"))

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        if sorted(signature.output_names) != ["boxes", "labels", "scores"]:
            return False
        shapes = dict(zip(signature.output_names, signature.output_shapes, strict=True))
        return len(shapes["scores"]) == 2 and shapes["boxes"] == (*shapes["scores"], 4)

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        labels, boxes, scores = (outputs[index] for index in self._order)
        return [
            Candidates(box.astype(np.float32), score.astype(np.float32), label.astype(np.int64))
            for label, box, score in zip(labels, boxes, scores, strict=True)
        ]


def _logits_and_boxes(signature: Signature) -> tuple[int, int] | None:
    """Which outputs they are, ``None`` where there is no such pair."""
    names, shapes = signature.output_names, signature.output_shapes
    logits = [index for index, name in enumerate(names) if name in _LOGITS]
    boxes = [index for index, name in enumerate(names) if name in _BOXES]
    if len(logits) != 1 or len(boxes) != 1:
        return None
    logit_shape, box_shape = shapes[logits[0]], shapes[boxes[0]]
    if len(logit_shape) != 3 or box_shape != (*logit_shape[:2], 4):
        return None
    return logits[0], boxes[0]


def _softmax(logits: Float32) -> Float32:
    powers: Float32 = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total: Float32 = powers.sum(axis=-1, keepdims=True)
    return powers / total
