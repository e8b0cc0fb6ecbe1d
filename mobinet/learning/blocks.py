"""Layers that several of the small networks are made of."""

from __future__ import annotations

from torch import Tensor, nn


class SeparableBlock(nn.Module):
    """A separable convolution that adds to its input: ``(B, width, H, W)`` to the same."""

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.change = separable(width, width, side, 1)

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.change(features)
        return changed


def convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """3 x 3, normalised over the batch."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def separable(inputs: int, outputs: int, side: int, stride: int) -> nn.Sequential:
    """Each channel by itself, then all together (Howard et al., "MobileNets", arXiv:1704.04861)."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, side, stride, side // 2, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
