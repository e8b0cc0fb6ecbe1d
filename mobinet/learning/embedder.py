"""Trains the embedder of people and vehicles on random worlds, and writes it as an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from torch import nn

from mobinet.learning.embedder_crops import INPUT_SIZE, Crops, CropSettings, cut_crops
from mobinet.learning.embedder_network import EmbedderWithClassifier
from mobinet.learning.embedder_task import MEAN, STD, EmbedderTask
from mobinet.learning.images import read_images
from mobinet.learning.onnx_export import export_onnx, write_text
from mobinet.learning.training import Progress, TrainingSettings, train, write_record

NAME = "street-embedder"
_EXAMPLES = 4


@dataclass(frozen=True)
class EmbedderTraining:
    """How the embedder is trained."""

    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            steps=2400, batch=64, learning_rate=2e-3, weight_decay=0.05, validate_every=250
        )
    )
    crops: CropSettings = field(default_factory=CropSettings)


def train_embedder(
    data: Path,
    out: Path,
    settings: EmbedderTraining | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data`` (see :mod:`mobinet.learning.images`).

    ``out`` gets ``checkpoint.pt`` and ``curves.csv`` on the way, and at the end ``street-embedder.onnx``, the YAML file
    that an embedder reads beside it, and ``training.json`` with what it was trained on.

    Returns:
        The path of the ONNX file.

    Raises:
        SettingsError, RecordingError: see ``train``, ``read_images``, ``cut_crops``.
        ModelError: the exported file gives other vectors.
    """
    settings = settings or EmbedderTraining()
    training, validation = cut_crops(read_images(data), settings.crops)
    torch.manual_seed(settings.training.seed)
    task = EmbedderTask(training, validation, settings.training.batch, settings.training.seed)
    network = train(task, out, settings.training, resume=resume, progress=progress)
    assert isinstance(network, EmbedderWithClassifier)
    path = write_embedder(network.embedder, out)
    figures = task.validate(network, torch.device("cpu"))
    record = {"training": counts(training), "validation": {**counts(validation), **figures}}
    write_record(out, settings.training, record)
    return path


def write_embedder(network: nn.Module, folder: Path, name: str = NAME) -> Path:
    """Writes the network and its YAML file; raises what ``export_onnx`` raises."""
    path = folder / f"{name}.onnx"
    example = torch.rand(_EXAMPLES, 3, *INPUT_SIZE, generator=torch.Generator().manual_seed(0)) * 4 - 2
    export_onnx(network.eval(), {"images": example}, path, outputs=["vectors"])
    sidecar = {"input_size": list(INPUT_SIZE), "colour": "rgb", "mean": list(MEAN), "std": list(STD)}
    write_text(path.with_suffix(".yaml"), yaml.safe_dump(sidecar, sort_keys=False, default_flow_style=None))
    return path


def counts(crops: Crops) -> dict[str, int]:
    """Of worlds, objects and crops, for the record."""
    if not len(crops):
        return {"worlds": 0, "objects": 0, "crops": 0}
    return {
        "worlds": int(crops.worlds.max()) + 1,
        "objects": int(crops.identities.max()) + 1,
        "crops": len(crops),
    }
