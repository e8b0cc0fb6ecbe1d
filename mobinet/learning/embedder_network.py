"""The small network that describes what is in a box, and what is added to it for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

DIMENSION = 128
CHANNELS = (16, 32, 64, 128)
_STRIPES = 4


class EmbedderNetwork(nn.Module):
    """``(N, 3, 128, 64)`` normalised RGB to ``(N, 128)`` unit vectors; 0.4 million parameters, 30 million products.

    Plain convolutions that halve the picture four times, each followed by a residual one; what is left is averaged over
    four stripes, as the height of a colour tells shirts from trousers (Sun et al., "Beyond part models", 2018). The
    vector that is compared is the one behind a last normalisation without bias, the neck of Luo et al., "Bag of tricks
    and a strong baseline for deep person re-identification", 2019.

    Args:
        dimension: of the vectors.
        channels: after each halving.
        split: half of the first channels are normalised by the image, which takes its light out.
    """

    def __init__(self, dimension: int = DIMENSION, channels: Sequence[int] = CHANNELS, split: bool = True) -> None:
        super().__init__()
        self.body = convolutions(channels, _SplitNorm if split else nn.BatchNorm2d)
        self.stripes = nn.AvgPool2d((2, 4))
        self.head = nn.Linear(channels[-1] * _STRIPES, dimension, bias=False)
        self.neck = nn.BatchNorm1d(dimension)
        self.neck.bias.requires_grad_(False)

    def features(self, images: Tensor) -> Tensor:
        """``(N, 128)`` before the neck: distances are learnt here."""
        vectors: Tensor = self.head(self.stripes(self.body(images)).flatten(1))
        return vectors

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.normalize(self.neck(self.features(images)))


class Training(NamedTuple):
    """What the losses need: vectors before the neck, and a value for every known identity."""

    features: Tensor
    logits: Tensor


class EmbedderWithClassifier(nn.Module):
    """The network and a classifier of the identities that it is trained on; the classifier is not kept."""

    def __init__(self, identities: int, embedder: EmbedderNetwork | None = None) -> None:
        super().__init__()
        self.embedder = embedder or EmbedderNetwork()
        self.classifier = nn.Linear(self.embedder.head.out_features, identities, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, images: Tensor) -> Training:
        features = self.embedder.features(images)
        return Training(features, self.classifier(self.embedder.neck(features)))


def convolutions(channels: Sequence[int], norm: Callable[[int], nn.Module]) -> nn.Sequential:
    """Halves the picture once for each number of channels; ``norm`` is that of the first two."""
    layers: list[nn.Module] = [_convolution(3, channels[0], 2, norm)]
    layers += [_convolution(channels[0], channels[1], 2, norm), _Residual(channels[1])]
    for before, after in pairwise(channels[1:]):
        layers += [_convolution(before, after, 2), _Residual(after)]
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(channels, channels)

    def forward(self, values: Tensor) -> Tensor:
        added: Tensor = values + self.convolution(values)
        return added


class _SplitNorm(nn.Module):
    """Half of the channels keep the light of the image, the other half is normalised by it.

    What differs between worlds and photographs is light and contrast more than content (Pan et al., "Two at once:
    enhancing learning and generalization capacities via IBN-Net", 2018).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.by_image = nn.GroupNorm(channels // 2, channels // 2)  # of one channel each
        self.by_batch = nn.BatchNorm2d(channels - channels // 2)

    def forward(self, values: Tensor) -> Tensor:
        half = self.by_image.num_channels
        return torch.cat([self.by_image(values[:, :half]), self.by_batch(values[:, half:])], dim=1)


def _convolution(
    before: int, after: int, stride: int = 1, norm: Callable[[int], nn.Module] = nn.BatchNorm2d
) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, padding=1, bias=False), norm(after), nn.ReLU(inplace=True))


def batch_hard(features: Tensor, identities: Tensor, margin: float = 0.3) -> Tensor:
    """Mean over the batch of how much nearer the nearest other object is than the farthest crop of the same one.

    Hermans et al., 2017, equation 5, on Euclidean distances.

    Args:
        features: ``(N, D)``.
        identities: ``(N,)`` int64; at least two different ones.
    """
    distances = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    same = identities[:, None] == identities[None, :]
    farthest = distances.masked_fill(~same, 0.0).amax(dim=1)
    nearest = distances.masked_fill(same, float("inf")).amin(dim=1)
    return torch.relu(farthest - nearest + margin).mean()
