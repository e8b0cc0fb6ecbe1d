"""What every embedder is: settings, interface, and how a box is cut out of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Frame, Image, check_boxes

# A crop of fewer pixels on a side says nothing about what is in it.
_MIN_SIDE_PX = 2


@dataclass(frozen=True)
class EmbedderSettings:
    """Settings of an embedder."""

    model: str = setting(
        "histogram",
        "'histogram' (colour and texture, needs no file), the path of an .onnx file (OSNet style) or a name of the zoo",
    )
    provider: str = setting("cpu", "what runs a network", choices=("cpu", "cuda", "tensorrt", "openvino"))
    threads: int = setting(0, "processor threads of one run, 0 = half of the cores", minimum=0, maximum=256)
    batch: int = setting(16, "most crops in one run of a network", minimum=1, maximum=1024)
    flip: bool = setting(False, "describe the mirrored crop too, and take the mean: twice the time")
    ensemble: tuple[str, ...] = setting((), "further models, whose vectors are joined to those of 'model'")
    weights: tuple[float, ...] = setting(
        (), "shares of the models in the similarity, that of 'model' first; all alike when empty", minimum=0.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


Clip: TypeAlias = Sequence[Image]
"""Crops ``(h, w, 3)`` BGR uint8 of one object, the newest last."""


class Embedder(Protocol):
    """Turns what is inside boxes into unit vectors; similar looks give a high dot product.

    Attributes:
        model: fingerprint; vectors of different models never compare.
        dimension: length of the vectors.
        clip_length: most crops of one object that it makes use of at once; 1 unless it looks at clips.
    """

    @property
    def model(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def clip_length(self) -> int: ...

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        """Describes boxes of one image.

        Args:
            boxes: ``(N, 4)`` float32 xyxy pixels; the part inside the image counts.

        Returns:
            ``(N, dimension)`` float32 unit vectors.

        Raises:
            InputError: a malformed image or box, or a box of which less than 2 x 2 pixels are in the image.
            ModelError: the network fails or gives something that is no vector.
        """
        ...

    def embed_clips(self, clips: Sequence[Clip]) -> Float32:
        """Describes objects by one or more crops of each, of one or of many images and cameras.

        Args:
            clips: of N objects, at least one crop each.

        Returns:
            ``(N, dimension)`` float32 unit vectors.

        Raises:
            ModelError: the network fails or gives something that is no vector.
        """
        ...


def crops_of(frame: Frame, boxes: Float32) -> list[Image]:
    """The pixels inside boxes: N views ``(h, w, 3)`` BGR uint8 on the frame's image (copies where it is grey).

    Raises:
        InputError: a malformed image or box, or a box of which less than 2 x 2 pixels are in the image.
    """
    image = frame.require_image()
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    check_boxes(boxes)
    height, width = image.shape[:2]
    corners = np.clip(np.round(boxes), 0, (width, height, width, height)).astype(int)
    small = (corners[:, 2:] - corners[:, :2] < _MIN_SIDE_PX).any(axis=1)
    if small.any():
        index = int(np.flatnonzero(small)[0])
        raise InputError(
            f"camera '{frame.camera}': box {index} {boxes[index].tolist()} has less than {_MIN_SIDE_PX} x "
            f"{_MIN_SIDE_PX} pixels inside the {width} x {height} image; leave such boxes out"
        )
    crops = [image[y1:y2, x1:x2] for x1, y1, x2, y2 in corners]
    return [cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR) for crop in crops] if image.ndim == 2 else crops
