"""From an image to the input of a network, and boxes back again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from mobinet.types import Float32, Image

Resize: TypeAlias = Literal["stretch", "letterbox", "corner"]


@dataclass(frozen=True)
class InputFormat:
    """How a network wants its image.

    A value is ``(pixel * scale - mean) / std`` per colour, in the network's order of colours.

    Args:
        height, width: pixels.
        resize: ``stretch`` ignores the aspect; ``letterbox`` keeps it and centres the image in a frame of ``pad``;
            ``corner`` keeps it with the image at the top left.
        colour: ``bgr`` or ``rgb``.
        scale: usually 1 or 1/255.
        mean, std: of the three colours.
        pad: grey level of the frame.
    """

    height: int
    width: int
    resize: Resize = "letterbox"
    colour: Literal["bgr", "rgb"] = "rgb"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    pad: int = 114


@dataclass(frozen=True)
class Placement:
    """Where an image lies in the network's input: ``input = source * scale + offset``, pixels, (x, y)."""

    scale: tuple[float, float]
    offset: tuple[float, float]

    def to_source(self, boxes: Float32) -> Float32:
        """``(N, 4)`` xyxy boxes in the input to pixels of the source image."""
        scale = np.array(self.scale * 2, np.float64)
        offset = np.array(self.offset * 2, np.float64)
        return ((boxes - offset) / scale).astype(np.float32)


def prepare(image: Image, target: InputFormat) -> tuple[Float32, Placement]:
    """An image as the network wants it.

    Args:
        image: ``(H, W, 3)`` BGR or ``(H, W)`` grey, uint8, of any size.

    Returns:
        ``(3, height, width)`` float32, and where the image lies in it.
    """
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    placed, placement = _place(image, target)
    tensor = cv2.dnn.blobFromImage(placed, scalefactor=target.scale, swapRB=target.colour == "rgb")[0]
    if any(target.mean) or any(value != 1 for value in target.std):
        tensor -= np.array(target.mean, np.float32)[:, None, None]
        tensor /= np.array(target.std, np.float32)[:, None, None]
    return tensor, placement


def _place(image: Image, target: InputFormat) -> tuple[Image, Placement]:
    height, width = image.shape[:2]
    if target.resize == "stretch":
        size = (target.width, target.height)
    else:
        ratio = min(target.width / width, target.height / height)
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    # The rounded size, not the ratio: else boxes of a small input are off by up to a pixel and a half.
    scale = (size[0] / width, size[1] / height)
    # Linear as in the networks' training; averaging costs as much as a small network and found no more people.
    resized = image if size == (width, height) else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    if size == (target.width, target.height):
        return resized, Placement(scale, (0.0, 0.0))
    left, top = 0, 0
    if target.resize == "letterbox":
        left, top = (target.width - size[0]) // 2, (target.height - size[1]) // 2
    canvas = np.full((target.height, target.width, 3), target.pad, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = resized
    return canvas, Placement(scale, (float(left), float(top)))
