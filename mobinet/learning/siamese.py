"""Trains the siamese network on random worlds and random shapes, and writes it as two ONNX files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml

from mobinet.errors import SettingsError
from mobinet.learning.checkpoint import load_checkpoint
from mobinet.learning.images import hold_back, read_images
from mobinet.learning.onnx_export import export_onnx, write_text
from mobinet.learning.siamese_crops import CONTEXT
from mobinet.learning.siamese_network import SEARCH_SIZE, STRIDE, TEMPLATE_SIZE, ExportedHead, SiameseNetwork
from mobinet.learning.siamese_scores import balance_scores, figures
from mobinet.learning.siamese_task import SiameseTask
from mobinet.learning.training import Progress, TrainingSettings, train, write_record

NAME = "street-siamese"


@dataclass(frozen=True)
class SiameseTraining:
    """How the siamese network is trained."""

    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(steps=2500, batch=16, warm_up=100, validate_every=250)
    )


def train_siamese(
    data: Path,
    out: Path,
    settings: SiameseTraining | None = None,
    *,
    backbone: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data`` (see :mod:`mobinet.learning.images`).

    ``out`` gets ``checkpoint.pt`` and ``curves.csv`` on the way, and at the end ``street-siamese.onnx`` (the backbone),
    ``street-siamese-head.onnx``, the YAML file that a matcher reads beside them, and ``training.json`` with what it was
    trained on.

    Args:
        backbone: checkpoint of a detector's training, whose first layers it begins with; random ones without.

    Returns:
        The path of the backbone's ONNX file.

    Raises:
        SettingsError, RecordingError: see ``train`` and ``read_images``; a checkpoint of another network.
        ModelError: an exported file gives other values.
    """
    settings = settings or SiameseTraining()
    learnt, held_back = hold_back(read_images(data))
    task = SiameseTask(learnt, held_back, settings.training.batch, settings.training.seed)
    assert isinstance(task.network, SiameseNetwork)
    if backbone is not None and not resume:
        begin_with(task.network, backbone)
    network = train(task, out, settings.training, resume=resume, progress=progress)
    assert isinstance(network, SiameseNetwork)
    measured = task.measure(network, torch.device("cpu"))
    threshold = balance_scores(network.head, measured)
    path = write_siamese(network, out)
    counts = {"images": len(learnt), "views": len(task.pairs.views)}
    write_record(out, settings.training, {**counts, **figures(measured), "score_that_became_half": threshold})
    return path


def begin_with(network: SiameseNetwork, checkpoint: Path) -> None:
    """Copies the layers down to stride 16, averaged, from the checkpoint of a detector; raises SettingsError."""
    trained = load_checkpoint(checkpoint, torch.device("cpu"))["average"]
    names = [name for name in network.backbone.state_dict() if not name.startswith("neck.")]
    try:
        network.backbone.load_state_dict({name: trained[f"module.{name}"] for name in names}, strict=False)
    except (KeyError, RuntimeError) as error:
        raise SettingsError(
            f"'{checkpoint}' is not the checkpoint of a detector ({error}); give the one that 'mobinet train detector' "
            "wrote, or none"
        ) from error


def write_siamese(network: SiameseNetwork, folder: Path) -> Path:
    """Writes both parts and the YAML file; raises what ``export_onnx`` raises."""
    path, head = folder / f"{NAME}.onnx", folder / f"{NAME}-head.onnx"
    network = network.to(memory_format=torch.contiguous_format).eval()
    draw = torch.Generator().manual_seed(0)
    regions, templates = (255 * torch.rand(2, 3, size, size, generator=draw) for size in (SEARCH_SIZE, TEMPLATE_SIZE))
    export_onnx(network.backbone, {"input": regions}, path, outputs=["output"], any_size=True)
    with torch.no_grad():
        features = {"input1": network.backbone(templates), "input2": network.backbone(regions)}
    export_onnx(ExportedHead(network.head).eval(), features, head, outputs=["output1", "output2"])
    sidecar = {
        "head": head.name,
        "kind": "distances",
        "exemplar_size": TEMPLATE_SIZE,
        "search_size": SEARCH_SIZE,
        "stride": STRIDE,
        "context": CONTEXT,
        "colour": "bgr",
        # found on sequences of random worlds that were not trained on
        "penalty": 0.15,
        "window": 0.35,
        "smoothing": 0.385,
    }
    write_text(path.with_suffix(".yaml"), yaml.safe_dump(sidecar, sort_keys=False, default_flow_style=None))
    return path
