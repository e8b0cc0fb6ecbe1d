"""What the siamese network learns: to find an object of one picture in another, and to say when it is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mobinet.learning.detector_losses import Targets, detection_losses, paired_overlaps
from mobinet.learning.images import LabelledImage
from mobinet.learning.siamese_matching import matching_loss
from mobinet.learning.siamese_network import LEARNT_SIZE, Answer, SiameseNetwork, cell_points
from mobinet.learning.siamese_pairs import Example, RenderedPairs
from mobinet.learning.siamese_scores import Measured, figures
from mobinet.learning.siamese_shapes import draw_shapes

_SHAPES = 0.4
_MATCHING_WEIGHT = 0.2
_VALIDATION_EXAMPLES = 128


class SiameseBatch(NamedTuple):
    """Templates ``(B K, 3, 127, 127)`` and regions ``(B, 3, 191, 191)``, float32 BGR 0..255; an object a template."""

    templates: Tensor
    regions: Tensor
    targets: Targets


class SiameseTask:
    """See :class:`mobinet.learning.training.Task`.

    Args:
        images: to learn from.
        held_back: of other worlds, to validate with.
        batch: regions of a step.
        seed: of weights and of what is drawn.
    """

    def __init__(
        self, images: Sequence[LabelledImage], held_back: Sequence[LabelledImage], batch: int, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self.network: nn.Module = SiameseNetwork().to(memory_format=torch.channels_last)
        self.pairs = RenderedPairs(images)
        self._held_back = RenderedPairs(held_back)
        self._batch, self._seed = batch, seed

    def batch(self, step: int) -> SiameseBatch:
        """See Task."""
        numbers = range(step * self._batch, (step + 1) * self._batch)
        return stack([self._example(self.pairs, np.random.default_rng([self._seed, 0, number])) for number in numbers])

    def losses(self, network: nn.Module, batch: SiameseBatch, device: torch.device) -> Mapping[str, Tensor]:
        """See Task; those of the detector, with the template's object as the only class, and that of matching."""
        answer: Answer = network(batch.templates.to(device), batch.regions.to(device))
        targets = Targets(batch.targets.boxes.to(device), batch.targets.labels.to(device))
        size = batch.regions.shape[2]
        losses = detection_losses(
            answer.logits.flatten(2), answer.distances.flatten(2), cell_points(size).to(device), targets
        )
        matching = matching_loss(answer.templates, answer.regions, targets.boxes[:, 0], targets.labels[:, 0], size)
        return {**losses, "loss": losses["loss"] + _MATCHING_WEIGHT * matching, "matching_loss": matching}

    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """See Task."""
        return figures(self.measure(network, device))

    @torch.no_grad()
    def measure(self, network: nn.Module, device: torch.device) -> Measured:
        """What the network answers to examples of the worlds that are held back, always the same ones."""
        parts = []
        for start in range(0, _VALIDATION_EXAMPLES, self._batch):
            numbers = range(start, start + self._batch)
            batch = stack([self._example(self._held_back, np.random.default_rng([1, number])) for number in numbers])
            best, score = best_boxes(network(batch.templates.to(device), batch.regions.to(device)))
            overlaps, _ = paired_overlaps(best.cpu(), batch.targets.boxes[:, 0])
            parts.append(Measured(overlaps, score.cpu(), batch.targets.labels[:, 0]))
        return Measured(*(torch.cat(values) for values in zip(*parts, strict=True)))

    @staticmethod
    def _example(pairs: RenderedPairs, draw: np.random.Generator) -> Example:
        if draw.random() < _SHAPES:
            return draw_shapes((pairs.image(draw), pairs.image(draw)), draw)
        return pairs.draw(draw)


def best_boxes(answer: Answer) -> tuple[Tensor, Tensor]:
    """``(B, 4)`` xyxy pixels of the region from the cell of the highest score, and that score ``(B,)``."""
    logits, flat = answer.logits, answer.distances.flatten(2)
    points = cell_points(LEARNT_SIZE).to(logits.device)
    boxes = torch.cat([points - flat[:, :2], points + flat[:, 2:]], dim=1)
    score, cell = logits.flatten(1).sigmoid().max(dim=1)
    return boxes[torch.arange(len(boxes)), :, cell], score


def stack(examples: Sequence[Example]) -> SiameseBatch:
    """All of one number of templates."""
    templates, regions = (
        torch.from_numpy(cv2.dnn.blobFromImages(images)).contiguous(memory_format=torch.channels_last)
        for images in (
            [image for example in examples for image in example.templates],
            [example.region for example in examples],
        )
    )
    boxes = torch.from_numpy(np.concatenate([example.boxes for example in examples]))
    labels = torch.from_numpy(np.concatenate([example.labels for example in examples]))
    return SiameseBatch(templates, regions, Targets(boxes[:, None], labels[:, None]))
