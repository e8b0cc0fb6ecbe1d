"""Trains the embedder of people and vehicles on random worlds, and writes it as an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn

from mobinet.errors import SettingsError
from mobinet.learning.embedder_crops import INPUT_SIZE, Crops, CropSettings, cut_crops
from mobinet.learning.embedder_network import EmbedderWithClassifier
from mobinet.learning.embedder_task import MEAN, STD, EmbedderTask
from mobinet.learning.images import read_images
from mobinet.learning.onnx_export import export_onnx, write_text
from mobinet.learning.picture_crops import join_crops, read_crops
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
    data: Path | None,
    out: Path,
    settings: EmbedderTraining | None = None,
    *,
    folders: Sequence[Path] = (),
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data`` (see :mod:`mobinet.learning.images`) and on crops in ``folders``.

    ``out`` gets ``checkpoint.pt`` and ``curves.csv`` on the way, and at the end ``street-embedder.onnx``, the YAML file
    that an embedder reads beside it, and ``training.json`` with what it was trained on.

    Args:
        data: images of random worlds; ``None`` for the folders alone.
        folders: in the layout of Market-1501, VeRi or CityFlow; their training split is learnt from.

    Returns:
        The path of the ONNX file.

    Raises:
        SettingsError, RecordingError: see ``train``, ``read_images``, ``cut_crops``.
        ModelError: the exported file gives other vectors.
    """
    settings = settings or EmbedderTraining()
    training, validation = _gather(data, folders, settings.crops)
    torch.manual_seed(settings.training.seed)
    task = EmbedderTask(training, validation, settings.training.batch, settings.training.seed)
    network = train(task, out, settings.training, resume=resume, progress=progress)
    assert isinstance(network, EmbedderWithClassifier)
    path = write_embedder(network.embedder, out)
    figures = task.validate(network, torch.device("cpu"))
    record = {"training": counts(training), "validation": {**counts(validation), **figures}}
    write_record(out, settings.training, record)
    return path


def _gather(data: Path | None, folders: Sequence[Path], settings: CropSettings) -> tuple[Crops, Crops]:
    sources = [] if data is None else [cut_crops(read_images(data), settings)]
    sources += [read_crops(folder, settings) for folder in folders]
    if not sources:
        raise SettingsError("nothing to learn from: give images of random worlds, or folders of crops")
    training, validation = sources[0]
    for more, held_back in sources[1:]:
        training, validation = join_crops(training, more), join_crops(validation, held_back)
    return training, validation


class _FromPixels(nn.Module):
    """``(N, 3, H, W)`` RGB as it is in pictures, 0 to 255: scaling and normalisation are in the file."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(MEAN).reshape(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(STD).reshape(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        vectors: Tensor = self.network((images - self.mean) / self.std)
        return vectors


def write_embedder(network: nn.Module, folder: Path, name: str = NAME) -> Path:
    """Writes the network and its YAML file; raises what ``export_onnx`` raises."""
    path = folder / f"{name}.onnx"
    example = torch.rand(_EXAMPLES, 3, *INPUT_SIZE, generator=torch.Generator().manual_seed(0)) * 255
    export_onnx(_FromPixels(network).eval(), {"images": example}, path, outputs=["vectors"])
    plain = {"scale": 1.0, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
    sidecar = {"input_size": list(INPUT_SIZE), "colour": "rgb", **plain}
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
