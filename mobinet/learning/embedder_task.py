"""What the embedder learns: batches of crops, losses, and how well it finds objects again in other worlds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mobinet.evaluation.reid import Pictures, evaluate_reid, rank_gallery
from mobinet.learning.embedder_augment import augment, plain
from mobinet.learning.embedder_crops import Crops
from mobinet.learning.embedder_network import EmbedderWithClassifier, batch_hard
from mobinet.learning.embedder_sampler import IdentitySampler
from mobinet.types import Float32, Image

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_SMOOTHING = 0.1
_CROPS_OF_EACH = 4
_VALIDATION_BATCH = 64


@dataclass(frozen=True)
class CropBatch:
    """``(N, 3, 128, 64)`` normalised images and ``(N,)`` identities."""

    images: Tensor
    identities: Tensor


class EmbedderTask:
    """See Task.

    Args:
        training, validation: crops of different worlds.
        batch: crops in a batch, four of each object.
        seed: of what is drawn.
    """

    def __init__(self, training: Crops, validation: Crops, batch: int, seed: int) -> None:
        self._training, self._validation, self._seed = training, validation, seed
        objects = max(batch // _CROPS_OF_EACH, 2)
        self._sampler = IdentitySampler(training.identities, training.people, objects, _CROPS_OF_EACH, seed)
        self.network: nn.Module = EmbedderWithClassifier(int(training.identities.max()) + 1)

    def batch(self, step: int) -> CropBatch:
        """See Task."""
        crops, rows = self._training, self._sampler.rows(step)
        draw = np.random.default_rng([self._seed, step, 1])
        images = [augment(crops.images[row], crops.margin, draw) for row in rows]
        return CropBatch(torch.from_numpy(normalise(images)), torch.from_numpy(crops.identities[rows]))

    def losses(self, network: nn.Module, batch: CropBatch, device: torch.device) -> Mapping[str, Tensor]:
        """See Task: triplets before the neck, identities behind it."""
        images, identities = batch.images.to(device), batch.identities.to(device)
        features, logits = network(images)
        triplets = batch_hard(features, identities)
        classes = nn.functional.cross_entropy(logits, identities, label_smoothing=_SMOOTHING)
        right = (logits.argmax(dim=1) == identities).float().mean()
        return {"loss": triplets + classes, "triplets": triplets, "classes": classes, "right": right}

    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """See Task: objects of one camera, looked for in all others."""
        if not len(self._validation):
            return {}
        assert isinstance(network, EmbedderWithClassifier)
        vectors = embed(network.embedder, self._validation, device)
        return cross_camera_figures(vectors, self._validation)


def normalise(images: list[Image]) -> Float32:
    """``(N, 3, H, W)`` float32 RGB of N ``(H, W, 3)`` BGR images."""
    values = np.stack(images)[..., ::-1].astype(np.float32) / 255
    values = (values - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def embed(network: nn.Module, crops: Crops, device: torch.device) -> Float32:
    """``(N, D)`` vectors of all crops."""
    vectors = []
    with torch.no_grad():
        for start in range(0, len(crops), _VALIDATION_BATCH):
            chosen = crops.images[start : start + _VALIDATION_BATCH]
            images = torch.from_numpy(normalise([plain(crop, crops.margin) for crop in chosen]))
            vectors.append(network(images.to(device)).cpu().numpy())
    return np.concatenate(vectors)


def cross_camera_figures(vectors: Float32, crops: Crops) -> dict[str, float]:
    """Each crop is looked for among the crops of all other cameras, those of other worlds too."""
    pictures = Pictures(crops.identities, crops.cameras)
    scores = evaluate_reid(rank_gallery(vectors, vectors), pictures, pictures)
    return {"mAP": scores.mean_ap, "rank1": scores.rank(1)}
