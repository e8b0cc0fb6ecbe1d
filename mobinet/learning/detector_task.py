"""Training of the street detector on rendered images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mobinet.learning.augmentation import cover, disturb, place_randomly
from mobinet.learning.detector_losses import IGNORED, PADDING, Targets, detection_losses
from mobinet.learning.detector_network import CLASSES, DetectorNetwork, cell_middles
from mobinet.learning.images import LabelledImage
from mobinet.types import Float32, Image, Int64

_LEAST_VISIBILITY = 0.25
_LEAST_SIDE_PX = 4.0
_LEAST_HEIGHT_PX = 10.0
_LEAST_LEFT = 0.3  # share of a box that a cut leaves, for it to count


@dataclass(frozen=True)
class CropSize:
    """Of the images that are learnt from, pixels, multiples of 32: parts of larger ones, to save time."""

    height: int = 256
    width: int = 320


class Batch(NamedTuple):
    """``(B, 3, H, W)`` float32 0..1, and what is in them."""

    images: Tensor
    targets: Targets


class DetectorTask:
    """See :class:`mobinet.learning.training.Task`.

    Args:
        images: to learn from.
        held_back: of other worlds, to validate with.
        batch: images of a step.
        seed: of weights, order and augmentation.
    """

    def __init__(
        self,
        images: Sequence[LabelledImage],
        held_back: Sequence[LabelledImage],
        batch: int,
        seed: int,
        sizes: CropSize | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.network: nn.Module = DetectorNetwork().to(memory_format=torch.channels_last)
        self._images, self._held_back = images, held_back
        self._batch, self._seed = batch, seed
        self._sizes = sizes or CropSize()

    def batch(self, step: int) -> Batch:
        examples = []
        for number in range(step * self._batch, (step + 1) * self._batch):
            epoch, place = divmod(number, len(self._images))
            order = np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._images))
            draw = np.random.default_rng([self._seed, 1, number])
            examples.append(_augmented(self._images[order[place]], self._sizes, draw))
        return _stack(examples)

    def losses(self, network: nn.Module, batch: Batch, device: torch.device) -> Mapping[str, Tensor]:
        images = batch.images.to(device).contiguous(memory_format=torch.channels_last)
        logits, distances = network(images)
        middles = cell_middles(*images.shape[2:]).to(device)
        targets = Targets(batch.targets.boxes.to(device), batch.targets.labels.to(device))
        return detection_losses(logits, distances, middles, targets)

    @torch.no_grad()
    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """Mean losses on the images that are held back, as they are."""
        sums: dict[str, float] = {}
        starts = range(0, len(self._held_back), self._batch)
        for start in starts:
            examples = [plain_example(image) for image in self._held_back[start : start + self._batch]]
            for name, value in self.losses(network, _stack(examples), device).items():
                sums[f"held_back_{name}"] = sums.get(f"held_back_{name}", 0.0) + float(value)
        return {name: value / len(starts) for name, value in sums.items()}


class Example(NamedTuple):
    image: Image
    boxes: Float32
    labels: Int64


def class_numbers(image: LabelledImage) -> Int64:
    """``(N,)`` class numbers; ``IGNORED`` for what is hardly visible, ``PADDING`` for what is background, as robots."""
    numbers = np.array([CLASSES.index(name) if name in CLASSES else PADDING for name in image.labels], np.int64)
    return np.where((numbers >= 0) & (image.visibility < _LEAST_VISIBILITY), IGNORED, numbers)


def _augmented(source: LabelledImage, sizes: CropSize, draw: np.random.Generator) -> Example:
    image, boxes = place_randomly(source.load(), source.boxes, sizes.height, sizes.width, draw)
    boxes, labels = cut_boxes(boxes, class_numbers(source), sizes.height, sizes.width)
    if draw.random() < 0.5:
        image = cover(image, boxes[labels >= 0], draw)
    return Example(disturb(image, draw), boxes, labels)


def plain_example(source: LabelledImage) -> Example:
    image = source.load()
    height, width = (side // 32 * 32 for side in image.shape[:2])
    boxes, labels = cut_boxes(source.boxes, class_numbers(source), height, width)
    return Example(np.ascontiguousarray(image[:height, :width]), boxes, labels)


def cut_boxes(boxes: Float32, labels: Int64, height: int, width: int) -> tuple[Float32, Int64]:
    """Boxes within the image; what is too small or mostly outside does not count, what is wholly outside goes."""
    limits = np.array([width, height, width, height], np.float32)
    inside = np.clip(boxes, 0, limits)
    sides, whole = inside[:, 2:] - inside[:, :2], boxes[:, 2:] - boxes[:, :2]
    left = sides.prod(axis=1) / np.maximum(whole.prod(axis=1), 1e-6)
    counts = (sides[:, 0] >= _LEAST_SIDE_PX) & (sides[:, 1] >= _LEAST_HEIGHT_PX) & (left >= _LEAST_LEFT)
    labels = np.where((labels >= 0) & ~counts, IGNORED, labels)
    keep = (sides > 0).all(axis=1) & (labels != PADDING)
    return inside[keep].astype(np.float32), labels[keep]


def _stack(examples: Sequence[Example]) -> Batch:
    images = cv2.dnn.blobFromImages([example.image for example in examples], 1 / 255)
    most = max(1, *(len(example.labels) for example in examples))
    boxes = np.zeros((len(examples), most, 4), np.float32)
    labels = np.full((len(examples), most), PADDING, np.int64)
    for row, example in enumerate(examples):
        boxes[row, : len(example.labels)] = example.boxes
        labels[row, : len(example.labels)] = example.labels
    return Batch(torch.from_numpy(images), Targets(torch.from_numpy(boxes), torch.from_numpy(labels)))
