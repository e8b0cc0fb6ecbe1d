"""Trains the networks for orientation and background on random worlds, and writes them as ONNX files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from mobinet.learning.bias_tasks import BackgroundTask, SideTask
from mobinet.learning.embedder import counts, write_embedder
from mobinet.learning.embedder_crops import CropSettings, cut_crops
from mobinet.learning.embedder_network import EmbedderWithClassifier
from mobinet.learning.images import read_images
from mobinet.learning.training import Progress, TrainingSettings, train, write_record

ORIENTATION = "street-orientation"
BACKGROUND = "street-background"


@dataclass(frozen=True)
class BiasTraining:
    """How such a network is trained."""

    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            steps=3000, batch=64, learning_rate=2e-3, weight_decay=0.05, warm_up=100, validate_every=500
        )
    )
    crops: CropSettings = field(default_factory=CropSettings)


def train_orientation(
    data: Path,
    out: Path,
    settings: BiasTraining | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data``; writes ``street-orientation.onnx``, see ``train_embedder``.

    Raises:
        SettingsError: the images do not tell sides; and as ``train_embedder``.
    """
    return _train(SideTask, ORIENTATION, data, out, settings, resume, progress)


def train_background(
    data: Path,
    out: Path,
    settings: BiasTraining | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data``; writes ``street-background.onnx``, see ``train_embedder``."""
    return _train(BackgroundTask, BACKGROUND, data, out, settings, resume, progress)


def _train(
    kind: type[SideTask] | type[BackgroundTask],
    name: str,
    data: Path,
    out: Path,
    settings: BiasTraining | None,
    resume: bool,
    progress: Progress | None,
) -> Path:
    settings = settings or BiasTraining()
    training, validation = cut_crops(read_images(data), settings.crops)
    torch.manual_seed(settings.training.seed)
    task = kind(training, validation, settings.training.batch, settings.training.seed)
    network = train(task, out, settings.training, resume=resume, progress=progress)
    kept = network.embedder if isinstance(network, EmbedderWithClassifier) else network
    path = write_embedder(kept, out, name)
    figures = task.validate(network, torch.device("cpu"))
    record = {"training": counts(training), "validation": {**counts(validation), **figures}}
    write_record(out, settings.training, record)
    return path
