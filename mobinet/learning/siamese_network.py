"""The street siamese network: an object's picture and a wider one in, where the object is in the second out.

Template and search region go through one backbone of stride 16 (Bertinetto et al., "Fully-convolutional siamese
networks for object tracking", 2016, arXiv:1606.09549). Every cell of the template is compared with every cell of the
search region (pixel-wise correlation, Yan et al., "Alpha-Refine", CVPR 2021, arXiv:2007.02024), by the cosine of their
features; the 64 maps tell where which part of the object is. Without anchors each cell then gives a score and the
distances to the four sides (Chen et al., "Siamese box adaptive network", CVPR 2020, arXiv:2003.06761).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mobinet.learning.blocks import SeparableBlock, convolution

STRIDE = 16
TEMPLATE_SIZE, SEARCH_SIZE = 127, 255
"""Sides of the two pictures, pixels; the object is as large in one as in the other."""
LEARNT_SIZE = 191
"""Side of the search regions that are learnt from: smaller, to save time."""
TEMPLATE_CELLS = 8

_WIDTHS = (16, 24, 48, 96)  # channels at strides 2, 4, 8, 16
_FEATURES = 64
_HEAD = 64
_FIRST_SCORE = 0.01
_FIRST_DISTANCE_PX = 32.0
_LARGEST_LOG = 2.8  # sides up to 16 e^2.8 = 263 pixels away


class SiameseBackbone(nn.Module):
    """``(B, 3, S, S)`` BGR, 0..255 -> ``(B, 64, ceil(S / 16), ceil(S / 16))``.

    Down to stride 16 its layers and their names are those of the street detector.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = _WIDTHS
        self.stem = nn.Sequential(convolution(3, half, 2), convolution(half, quarter, 2), SeparableBlock(quarter, 3))
        self.at_8 = nn.Sequential(convolution(quarter, eighth, 2), *(SeparableBlock(eighth, 5) for _ in range(2)))
        self.at_16 = nn.Sequential(convolution(eighth, sixteenth, 2), *(SeparableBlock(sixteenth, 5) for _ in range(4)))
        self.neck = nn.Sequential(nn.Conv2d(sixteenth, _FEATURES, 1, bias=False), nn.BatchNorm2d(_FEATURES))

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.neck(self.at_16(self.at_8(self.stem(images * (1 / 255)))))
        return features


class SiameseHead(nn.Module):
    """Features ``(B, 64, 8, 8)`` and ``(B, 64, 16, 16)`` -> logits ``(B, 1, 16, 16)``, distances ``(B, 4, 16, 16)``.

    Search regions may have any size.

    Distances are pixels of the search region, from the point of a cell to the left, top, right and bottom side.
    """

    def __init__(self) -> None:
        super().__init__()
        cells = TEMPLATE_CELLS**2
        self.compared = nn.BatchNorm2d(cells)
        joined = nn.Conv2d(cells + 2 * _FEATURES, _HEAD, 1, bias=False)
        self.join = nn.Sequential(joined, nn.BatchNorm2d(_HEAD), nn.ReLU(inplace=True))
        self.shared = nn.Sequential(*(SeparableBlock(_HEAD, 5) for _ in range(2)))
        self.score = nn.Sequential(SeparableBlock(_HEAD, 5), nn.Conv2d(_HEAD, 1, 1))
        self.sides = nn.Sequential(*(SeparableBlock(_HEAD, 5) for _ in range(2)), nn.Conv2d(_HEAD, 4, 1))
        self._set_first_outputs()

    def forward(self, template: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        example, region = functional.normalize(template, dim=1), functional.normalize(search, dim=1)
        alike = torch.matmul(example.flatten(2).transpose(1, 2), region.flatten(2))
        alike = alike.reshape(-1, TEMPLATE_CELLS**2, *search.shape[2:])
        # what the middle of the template has of each feature, as weights of the region's features
        weighed = _FEATURES * template_middle(example) * region
        joined = self.join(torch.cat([self.compared(alike), weighed, search], dim=1))
        shared = self.shared(joined)
        return self.score(shared), STRIDE * self.sides(shared).clamp(max=_LARGEST_LOG).exp()

    def _set_first_outputs(self) -> None:
        """At first every cell says background, and boxes are of a common size."""
        score, sides = self.score[-1], self.sides[-1]
        assert isinstance(score, nn.Conv2d)
        assert isinstance(sides, nn.Conv2d)
        assert score.bias is not None
        assert sides.bias is not None
        nn.init.constant_(score.bias, -math.log((1 - _FIRST_SCORE) / _FIRST_SCORE))
        nn.init.zeros_(sides.weight)
        nn.init.constant_(sides.bias, math.log(_FIRST_DISTANCE_PX / STRIDE))


class Answer(NamedTuple):
    """What the network gives in training.

    Args:
        logits, distances: of the head.
        templates, regions: features of the backbone.
    """

    logits: Tensor
    distances: Tensor
    templates: Tensor
    regions: Tensor


class SiameseNetwork(nn.Module):
    """Templates ``(B K, 3, 127, 127)`` and regions ``(B, 3, S, S)``, BGR, 0..255, to what the head gives for B K pairs.

    K templates one after the other belong to one region, which goes through the backbone once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = SiameseBackbone()
        self.head = SiameseHead()

    def forward(self, templates: Tensor, regions: Tensor) -> Answer:
        described, searched = self.backbone(templates), self.backbone(regions)
        each = len(described) // len(searched)
        logits, distances = self.head(described, searched.repeat_interleave(each, dim=0))
        return Answer(logits, distances, described, searched)


class ExportedHead(nn.Module):
    """What is written as ONNX: two channels of logits, not the object and the object, then the distances."""

    def __init__(self, head: SiameseHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, template: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        logits, distances = self.head(template, search)
        return torch.cat([torch.zeros_like(logits), logits], dim=1), distances


def template_middle(template: Tensor) -> Tensor:
    """``(B, C, 1, 1)`` mean of the cells of a template ``(B, C, 8, 8)`` that every object covers."""
    return template[:, :, 3:6, 3:6].mean(dim=(2, 3), keepdim=True)


def cell_points(size: int = SEARCH_SIZE) -> Tensor:
    """``(2, cells)`` x and y of the point of each cell in pixels of a search region of that side, row by row.

    Of N cells a side, the one of row and column N // 2 has the middle of the region.
    """
    cells = -(-size // STRIDE)
    steps = size / 2 + STRIDE * (torch.arange(cells, dtype=torch.float32) - cells // 2)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()])
