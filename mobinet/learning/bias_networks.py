"""Two small networks that say what views share by accident: the side that is seen, and the picture they are from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mobinet.learning.embedder_network import EmbedderNetwork, convolutions

SIDES = 8
BACKGROUND_DIMENSION = 32
_CHANNELS = (12, 24, 40, 64)


class SideNetwork(nn.Module):
    """``(N, 3, 128, 64)`` normalised RGB to ``(N, 8)`` unit vectors: square roots of how likely each side is.

    The dot product of two is the Bhattacharyya coefficient: 1 for two views from the same side, 0 from opposite ones,
    and in between where the network cannot tell. 0.1 million parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = convolutions(_CHANNELS, nn.BatchNorm2d)
        self.pool = nn.AvgPool2d((4, 2))
        self.head = nn.Linear(_CHANNELS[-1] * 4, SIDES)

    def logits(self, images: Tensor) -> Tensor:
        """``(N, 8)``."""
        values: Tensor = self.head(self.pool(self.body(images)).flatten(1))
        return values

    def forward(self, images: Tensor) -> Tensor:
        return torch.softmax(self.logits(images), dim=1).sqrt()


def background_network() -> EmbedderNetwork:
    """As the embedder, smaller, and with the light of the picture left in: it says where and when a view was taken."""
    return EmbedderNetwork(BACKGROUND_DIMENSION, _CHANNELS, split=False)


def soft_sides(sides: Tensor) -> Tensor:
    """``(N, 8)`` shares of the two nearest of eight sides, for angles in radians; they sum to 1."""
    place = torch.remainder(sides * (SIDES / (2 * torch.pi)), SIDES)
    lower = place.floor()
    share = place - lower
    index = lower.long() % SIDES
    shares = torch.zeros(len(sides), SIDES)
    shares.scatter_add_(1, index[:, None], (1 - share)[:, None].float())
    return shares.scatter_add_(1, ((index + 1) % SIDES)[:, None], share[:, None].float())
