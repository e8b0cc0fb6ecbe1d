"""The street detector: a small one-stage network without anchors, all objects on one grid of stride 8.

Depthwise separable blocks (Howard et al., "MobileNets", arXiv:1704.04861) down to stride 32, their features added up
on the grid of stride 8 (top-down path of Lin et al., "Feature Pyramid Networks", CVPR 2017), and one head for class and
box each (FCOS, Tian et al., ICCV 2019, arXiv:1904.01355: distances from a cell to the four sides). A class score says
both what it is and how well the box fits (Li et al., "Generalized Focal Loss", arXiv:2006.04388): no objectness.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mobinet.learning.blocks import SeparableBlock, convolution, separable

CLASSES = ("person", "cyclist", "car")
STRIDE = 8
INPUT_HEIGHT, INPUT_WIDTH = 320, 416

_WIDTHS = (16, 24, 48, 96, 144)  # channels at strides 2, 4, 8, 16, 32
_NECK = 64
_FIRST_SCORE = 0.01
_LARGEST_LOG = 4.5  # sides up to 8 e^4.5 = 720 pixels away


class DetectorNetwork(nn.Module):
    """``(B, 3, H, W)`` BGR, 0..1, H and W divisible by 32 -> raw ``(B, C, cells)`` and ``(B, 4, cells)``.

    The first are logits of the classes, the second distances in pixels from the middle of a cell to the left, top,
    right and bottom side; cells row by row.
    """

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, last = _WIDTHS
        self.stem = nn.Sequential(convolution(3, half, 2), convolution(half, quarter, 2), SeparableBlock(quarter, 3))
        self.at_8 = nn.Sequential(convolution(quarter, eighth, 2), *(SeparableBlock(eighth, 5) for _ in range(2)))
        self.at_16 = nn.Sequential(convolution(eighth, sixteenth, 2), *(SeparableBlock(sixteenth, 5) for _ in range(4)))
        self.at_32 = nn.Sequential(separable(sixteenth, last, 5, 2), *(SeparableBlock(last, 5) for _ in range(3)))
        self.laterals = nn.ModuleList([nn.Conv2d(width, _NECK, 1) for width in (eighth, sixteenth, last)])
        self.joined = SeparableBlock(_NECK, 5)
        self.class_head = nn.Sequential(
            SeparableBlock(_NECK, 5), SeparableBlock(_NECK, 5), nn.Conv2d(_NECK, classes, 1)
        )
        self.box_head = nn.Sequential(SeparableBlock(_NECK, 5), SeparableBlock(_NECK, 5), nn.Conv2d(_NECK, 4, 1))
        self._set_first_outputs()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.at_8(self.stem(images))
        middle = self.at_16(fine)
        coarse = self.laterals[2](self.at_32(middle))
        middle = self.laterals[1](middle) + functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        fine = self.laterals[0](fine) + functional.interpolate(middle, scale_factor=2.0, mode="nearest")
        joined = self.joined(fine)
        logits = self.class_head(joined).flatten(2)
        distances = STRIDE * self.box_head(joined).clamp(max=_LARGEST_LOG).exp().flatten(2)
        return logits, distances

    def _set_first_outputs(self) -> None:
        """At first every cell says background, and boxes are as large as most people."""
        classes, sides = self.class_head[-1], self.box_head[-1]
        nn.init.constant_(classes.bias, -math.log((1 - _FIRST_SCORE) / _FIRST_SCORE))
        nn.init.zeros_(sides.weight)
        with torch.no_grad():
            sides.bias.copy_(torch.tensor([0.4, 1.1, 0.4, 1.1]))


class ExportedDetector(nn.Module):
    """What is written as ONNX: ``(B, 3, H, W)`` -> ``(B, 4 + C, cells)``: centre, size in pixels, scores.

    It is the layout that the head ``yolov8`` of :mod:`mobinet.detection` reads.
    """

    def __init__(self, network: DetectorNetwork, height: int = INPUT_HEIGHT, width: int = INPUT_WIDTH) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("middles", cell_middles(height, width))

    def forward(self, images: Tensor) -> Tensor:
        logits, distances = self.network(images)
        low, high = self.middles - distances[:, :2], self.middles + distances[:, 2:]
        return torch.cat([(low + high) / 2, high - low, logits.sigmoid()], dim=1)


def cell_middles(height: int, width: int) -> Tensor:
    """``(2, cells)`` x and y of the middle of each cell, pixels."""
    y = (torch.arange(height // STRIDE, dtype=torch.float32) + 0.5) * STRIDE
    x = (torch.arange(width // STRIDE, dtype=torch.float32) + 0.5) * STRIDE
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()])
