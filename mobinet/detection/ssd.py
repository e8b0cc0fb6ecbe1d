"""Single-shot detectors whose boxes leave the network decoded (Liu et al., "SSD", ECCV 2016), e.g. of faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.head import Signature, best_class
from mobinet.detection.preprocessing import InputFormat


class SsdHead:
    """Outputs ``scores`` ``(B, N, 1 + C)``, probabilities with the background first, and ``boxes`` ``(B, N, 4)``,
    corners as parts of the input."""

    name = "ssd"
    expects = "two outputs scores (batch, boxes, 1 + classes) with the background first, and boxes (batch, boxes, 4)"
    overlapping = True

    def __init__(self, signature: Signature) -> None:
        self._scores, self._boxes = (signature.output_names.index(name) for name in ("scores", "boxes"))
        self.class_count: int | None = signature.output_shapes[self._scores][2] - 1
        self.input_format = InputFormat(
            signature.height, signature.width, resize="stretch", scale=1.0, mean=(127.0,) * 3, std=(128.0,) * 3
        )
        self._whole = np.array([signature.width, signature.height] * 2, np.float32)

    @classmethod
    def fits(cls, signature: Signature) -> bool:
        if sorted(signature.output_names) != ["boxes", "scores"]:
            return False
        shapes = dict(zip(signature.output_names, signature.output_shapes, strict=True))
        scores, boxes = shapes["scores"], shapes["boxes"]
        return len(scores) == 3 and scores[2] > 1 and boxes == (*scores[:2], 4)

    @classmethod
    def recognises(cls, signature: Signature) -> bool:
        return cls.fits(signature)

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        boxes = outputs[self._boxes].astype(np.float32, copy=False) * self._whole
        scores = outputs[self._scores].astype(np.float32, copy=False)
        return [best_class(box, score[:, 1:]) for box, score in zip(boxes, scores, strict=True)]
