"""The head of a network: what its outputs mean. Each family has its own file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mobinet.detection.base import Candidates
from mobinet.detection.preprocessing import InputFormat, Placement
from mobinet.types import Float32


@dataclass(frozen=True)
class Signature:
    """What is known of a network before its head is chosen.

    Args:
        height, width: of the image input, pixels.
        input_names: in the file's order.
        output_names: in the file's order.
        output_shapes: of a trial run with one image.
        metadata: free text by key, as exporters write it.
    """

    height: int
    width: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    output_shapes: tuple[tuple[int, ...], ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        outputs = ", ".join(f"{n} {s}" for n, s in zip(self.output_names, self.output_shapes, strict=True))
        return f"input {self.height} x {self.width}, outputs {outputs}"

    def cells(self, strides: Sequence[int]) -> int:
        """How many cells the grids of these strides have."""
        return sum((self.height // stride) * (self.width // stride) for stride in strides)


class Head(Protocol):
    """Reads the outputs of one family of networks.

    ``fits`` says whether outputs have the shape that the family needs; ``recognises`` whether no other family has it.
    """

    name: str
    expects: str
    overlapping: bool
    class_count: int | None
    input_format: InputFormat

    def __init__(self, signature: Signature) -> None: ...

    @classmethod
    def fits(cls, signature: Signature) -> bool: ...

    @classmethod
    def recognises(cls, signature: Signature) -> bool: ...

    def decode(self, outputs: Sequence[NDArray[Any]]) -> list[Candidates]:
        """Candidates of each image of the batch, in pixels of the network's input."""
        ...


def centre_to_corners(boxes: Float32) -> Float32:
    """``(..., 4)`` boxes cx, cy, width, height to x1, y1, x2, y2."""
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], axis=-1)


def best_class(boxes: Float32, class_scores: Float32) -> Candidates:
    """One candidate a box: ``(N, 4)`` xyxy boxes with ``(N, C)`` scores give each box its best class."""
    class_ids = class_scores.argmax(axis=1)
    return Candidates(boxes, class_scores[np.arange(len(boxes)), class_ids], class_ids)


def to_source(candidates: Candidates, placement: Placement) -> Candidates:
    """The same candidates in pixels of the source image."""
    return Candidates(placement.to_source(candidates.boxes), candidates.scores, candidates.class_ids)
