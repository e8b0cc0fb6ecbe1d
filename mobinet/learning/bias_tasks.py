"""What the networks for orientation and background learn, from the crops of random worlds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mobinet.errors import SettingsError
from mobinet.evaluation.reid import Pictures, ReidSettings, evaluate_reid, rank_gallery
from mobinet.learning.bias_networks import SIDES, SideNetwork, background_network, soft_sides
from mobinet.learning.embedder_augment import augment
from mobinet.learning.embedder_crops import Crops
from mobinet.learning.embedder_network import EmbedderWithClassifier, batch_hard
from mobinet.learning.embedder_sampler import IdentitySampler
from mobinet.learning.embedder_task import CropBatch, embed, normalise
from mobinet.types import Image, Int64

_SMOOTHING = 0.1
_CROPS_OF_EACH = 4
_FLIP = 0.5


@dataclass(frozen=True)
class SideBatch:
    """``(N, 3, 128, 64)`` normalised images and ``(N,)`` sides in radians."""

    images: Tensor
    sides: Tensor


class SideTask:
    """See Task: from which side an object is seen; a mirrored one from the mirrored side.

    Raises:
        SettingsError: the images do not tell sides.
    """

    def __init__(self, training: Crops, validation: Crops, batch: int, seed: int) -> None:
        if not np.isfinite(training.sides).all():
            raise SettingsError("the images do not tell sides; remove the folder of --data and render them again")
        self._training, self._validation = training, validation
        self._batch, self._seed = batch, seed
        self.network: nn.Module = SideNetwork()

    def batch(self, step: int) -> SideBatch:
        """See Task."""
        draw = np.random.default_rng([self._seed, step])
        rows = draw.choice(len(self._training), self._batch)
        images, sides = [], self._training.sides[rows]
        for index, row in enumerate(rows):
            image = augment(self._training.images[row], self._training.margin, draw, flip=False)
            if draw.random() < _FLIP:
                image, sides[index] = image[:, ::-1], -sides[index]
            images.append(image)
        return SideBatch(torch.from_numpy(normalise(images)), torch.from_numpy(sides))

    def losses(self, network: nn.Module, batch: SideBatch, device: torch.device) -> Mapping[str, Tensor]:
        """See Task."""
        assert isinstance(network, SideNetwork)
        logits = network.logits(batch.images.to(device))
        wanted = soft_sides(batch.sides).to(device)
        right = (logits.argmax(dim=1) == wanted.argmax(dim=1)).float().mean()
        return {"loss": nn.functional.cross_entropy(logits, wanted), "right": right}

    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """See Task: share of views whose likeliest side is within 45 degrees of the true one."""
        if not len(self._validation):
            return {}
        found = embed(network, self._validation, device).argmax(axis=1) * (2 * np.pi / SIDES)
        wrong = np.abs(np.remainder(found - self._validation.sides + np.pi, 2 * np.pi) - np.pi)
        return {"within45": float((wrong < np.pi / 4).mean())}


class BackgroundTask:
    """See Task: which crops are from one picture, whatever they show.

    The scenery and the light of every picture of the random worlds are its own, and the objects in it are not.
    """

    def __init__(self, training: Crops, validation: Crops, batch: int, seed: int) -> None:
        self._training, self._seed = _with_company(training), seed
        self._validation = validation
        self._labels = numbered(self._training.pictures)
        objects = max(batch // _CROPS_OF_EACH, 2)
        # people and vehicles of one picture belong together
        alike = np.ones(len(self._labels), bool)
        self._sampler = IdentitySampler(self._labels, alike, objects, _CROPS_OF_EACH, seed)
        self.network: nn.Module = EmbedderWithClassifier(int(self._labels.max()) + 1, background_network())

    def batch(self, step: int) -> CropBatch:
        """See Task: boxes are moved and scaled alone, as light and blur are what a picture is known by."""
        rows = self._sampler.rows(step)
        draw = np.random.default_rng([self._seed, step, 1])
        images: list[Image] = [self._shifted(row, draw) for row in rows]
        return CropBatch(torch.from_numpy(normalise(images)), torch.from_numpy(self._labels[rows]))

    def losses(self, network: nn.Module, batch: CropBatch, device: torch.device) -> Mapping[str, Tensor]:
        """See Task."""
        images, labels = batch.images.to(device), batch.identities.to(device)
        features, logits = network(images)
        triplets = batch_hard(features, labels)
        classes = nn.functional.cross_entropy(logits, labels, label_smoothing=_SMOOTHING)
        right = (logits.argmax(dim=1) == labels).float().mean()
        return {"loss": triplets + classes, "triplets": triplets, "classes": classes, "right": right}

    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """See Task: for a crop, the others of its picture are looked for; other views of its object are no help."""
        if not len(self._validation):
            return {}
        assert isinstance(network, EmbedderWithClassifier)
        vectors = embed(network.embedder, self._validation, device)
        # "cameras" are the objects here: a crop is not to be found by itself
        pictures = Pictures(self._validation.pictures, self._validation.identities)
        scores = evaluate_reid(rank_gallery(vectors, vectors), pictures, pictures, ReidSettings())
        return {"mAP": scores.mean_ap, "rank1": scores.rank(1)}

    def _shifted(self, row: int, draw: np.random.Generator) -> Image:
        image = augment(self._training.images[row], self._training.margin, draw, flip=False, light=False)
        return image[:, ::-1] if draw.random() < _FLIP else image


def _with_company(crops: Crops) -> Crops:
    """Crops of pictures that others were cut from too."""
    counts = np.bincount(crops.pictures)
    return crops[counts[crops.pictures] > 1]


def numbered(values: Int64) -> Int64:
    """The same groups, numbered from 0 without a gap."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
