"""The street detector for event cameras: a small recurrent network on stacked histograms of events.

Each window of events is seen by itself, down to stride 32; at strides 8, 16 and 32 a gated memory keeps what was seen
before, so that what stands still, and makes no events, is not forgotten at once. What is fed and how often is that of
Gehrig and Scaramuzza, "Recurrent Vision Transformers for Object Detection with Event Cameras" (CVPR 2023,
arXiv:2212.05598), who have the memory within each stage; here it is behind all of them, so that the windows of a
training clip pass the convolutions together. Memory: convolutional GRU (Ballas et al., "Delving Deeper into
Convolutional Networks for Learning Video Representations", ICLR 2016, arXiv:1511.06432) with depthwise kernels on what
is remembered, which follow things that move. Neck and heads are those of :mod:`mobinet.learning.detector_network`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from mobinet.learning.blocks import SeparableBlock, convolution, separable

CLASSES = ("person", "cyclist", "car")
BINS = 10
CHANNELS = 2 * BINS
MOST_EVENTS = 10  # of a pixel in a bin that still tell something
MEMORY_STRIDES = (8, 16, 32)
MEMORY_WIDTHS = (48, 80, 112)
STRIDE = 8

_STEM_WIDTHS = (16, 32)  # channels at strides 2 and 4
_NECK = 64
_FIRST_SCORE = 0.01
_LARGEST_LOG = 4.5  # sides up to 8 e^4.5 = 720 pixels away

Memory: TypeAlias = tuple[Tensor, ...]
"""One ``(B, width, H / stride, W / stride)`` a memory."""


class EventNetwork(nn.Module):
    """``(T, B, 20, H, W)`` counts, H and W divisible by 32 -> raw ``(T * B, C, cells)`` and ``(T * B, 4, cells)``.

    Channels are OFF and ON, each with its bins from the first to the last; a count is at most ``MOST_EVENTS``. The
    first output are logits of the classes, the second distances in pixels from the middle of a cell to the left, top,
    right and bottom side, window by window; cells row by row, of stride 8. The third is the memory after the last
    window.
    """

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        half, quarter = _STEM_WIDTHS
        eighth, sixteenth, last = MEMORY_WIDTHS
        self.stem = nn.Sequential(convolution(CHANNELS, half, 2), convolution(half, quarter, 2))
        self.at_8 = nn.Sequential(
            SeparableBlock(quarter, 3), convolution(quarter, eighth, 2), SeparableBlock(eighth, 5)
        )
        self.at_16 = nn.Sequential(convolution(eighth, sixteenth, 2), *(SeparableBlock(sixteenth, 5) for _ in range(2)))
        self.at_32 = nn.Sequential(separable(sixteenth, last, 5, 2), *(SeparableBlock(last, 5) for _ in range(2)))
        self.memories = nn.ModuleList([GatedMemory(width) for width in MEMORY_WIDTHS])
        self.laterals = nn.ModuleList([nn.Conv2d(width, _NECK, 1) for width in MEMORY_WIDTHS])
        self.joined = SeparableBlock(_NECK, 5)
        self.class_head = nn.Sequential(
            SeparableBlock(_NECK, 5), SeparableBlock(_NECK, 5), nn.Conv2d(_NECK, classes, 1)
        )
        self.box_head = nn.Sequential(SeparableBlock(_NECK, 5), SeparableBlock(_NECK, 5), nn.Conv2d(_NECK, 4, 1))
        self._set_first_outputs()

    def forward(self, counts: Tensor, memory: Memory) -> tuple[Tensor, Tensor, Memory]:
        remembered, memory = self.remember(counts, memory)
        fine, middle, coarse = (lateral(features) for lateral, features in zip(self.laterals, remembered, strict=True))
        middle = middle + functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        joined = self.joined(fine + functional.interpolate(middle, scale_factor=2.0, mode="nearest"))
        logits = self.class_head(joined).flatten(2)
        distances = STRIDE * self.box_head(joined).clamp(max=_LARGEST_LOG).exp().flatten(2)
        return logits, distances, memory

    def remember(self, counts: Tensor, memory: Memory) -> tuple[Memory, Memory]:
        """What the memories hold after each window ``(T * B, ...)``, and after the last."""
        fine = self.at_8(self.stem(counts.flatten(0, 1)))
        middle = self.at_16(fine)
        features = (fine, middle, self.at_32(middle))
        windows = counts.shape[0]
        held, last = [], []
        for cell, level, state in zip(self.memories, features, memory, strict=True):
            steps = [state]
            for window in level.unflatten(0, (windows, -1)).unbind(0) if windows > 1 else (level,):
                steps.append(cell(window, steps[-1]))
            held.append(torch.cat(steps[1:]) if windows > 1 else steps[-1])
            last.append(steps[-1])
        return tuple(held), tuple(last)

    def _set_first_outputs(self) -> None:
        """At first every cell says background, and boxes are as large as most people."""
        classes, sides = self.class_head[-1], self.box_head[-1]
        nn.init.constant_(classes.bias, -math.log((1 - _FIRST_SCORE) / _FIRST_SCORE))
        nn.init.zeros_(sides.weight)
        with torch.no_grad():
            sides.bias.copy_(torch.tensor([0.2, 0.9, 0.2, 0.9]))


class GatedMemory(nn.Module):
    """``(B, width, H, W)`` features and memory to the next memory, within -1..1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # at first what is remembered stays where it is
        self.around = nn.Conv2d(width, width, 5, padding=2, groups=width)
        for weight in self.around.parameters():
            nn.init.zeros_(weight)
        self.gates = nn.Conv2d(2 * width, 2 * width, 1)
        self.candidate = nn.Conv2d(2 * width, width, 1)

    def forward(self, features: Tensor, memory: Tensor) -> Tensor:
        moved = memory + self.around(memory)
        keep, use = self.gates(torch.cat([features, moved], dim=1)).sigmoid().chunk(2, dim=1)
        candidate = self.candidate(torch.cat([features, use * moved], dim=1)).tanh()
        following: Tensor = keep * moved.clamp(-1, 1) + (1 - keep) * candidate
        return following


class ExportedEventDetector(nn.Module):
    """What is written as ONNX: one window and the memory before it -> ``(B, 4 + C, cells)`` and the memory after it.

    The first are centre and size in pixels and scores. Sizes of images are open.
    """

    def __init__(self, network: EventNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, counts: Tensor, *memory: Tensor) -> tuple[Tensor, ...]:
        logits, distances, following = self.network(counts[None], memory)
        middles = cell_middles(counts.shape[2], counts.shape[3])
        low, high = middles - distances[:, :2], middles + distances[:, 2:]
        return torch.cat([(low + high) / 2, high - low, logits.sigmoid()], dim=1), *following


def cell_middles(height: int, width: int) -> Tensor:
    """``(2, cells)`` x and y of the middle of each cell, pixels."""
    y = (torch.arange(height // STRIDE, dtype=torch.float32) + 0.5) * STRIDE
    x = (torch.arange(width // STRIDE, dtype=torch.float32) + 0.5) * STRIDE
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()])


def empty_memory(batch: int, height: int, width: int, device: torch.device | None = None) -> Memory:
    """Of somebody who has seen nothing yet."""
    return tuple(
        torch.zeros(batch, channels, height // stride, width // stride, device=device)
        for channels, stride in zip(MEMORY_WIDTHS, MEMORY_STRIDES, strict=True)
    )


def detached(memory: Sequence[Tensor]) -> Memory:
    """The same, behind which nothing is learnt."""
    return tuple(state.detach() for state in memory)
