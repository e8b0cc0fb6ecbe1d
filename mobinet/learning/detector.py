"""Trains the detector of people, cyclists and cars on random worlds, and writes it as an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml

from mobinet.learning.detector_network import (
    CLASSES,
    INPUT_HEIGHT,
    INPUT_WIDTH,
    DetectorNetwork,
    ExportedDetector,
)
from mobinet.learning.detector_scores import balance_scores
from mobinet.learning.detector_task import CropSize, DetectorTask
from mobinet.learning.images import hold_back, read_images
from mobinet.learning.onnx_export import export_onnx, write_text
from mobinet.learning.training import Progress, TrainingSettings, train, write_record

NAME = "street-detector"


@dataclass(frozen=True)
class DetectorTraining:
    """How the detector is trained."""

    training: TrainingSettings = field(default_factory=lambda: TrainingSettings(steps=4500, warm_up=150, batch=16))
    crops: CropSize = field(default_factory=CropSize)


def train_detector(
    data: Path,
    out: Path,
    settings: DetectorTraining | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the images in ``data`` (see :mod:`mobinet.learning.images`).

    ``out`` gets ``checkpoint.pt`` and ``curves.csv`` on the way, and at the end ``street-detector.onnx``, the YAML file
    that a detector reads beside it, and ``training.json`` with what it was trained on.

    Returns:
        The path of the ONNX file.

    Raises:
        SettingsError, RecordingError: see ``train`` and ``read_images``.
        ModelError: the exported file gives other boxes.
    """
    settings = settings or DetectorTraining()
    learnt, held_back = hold_back(read_images(data))
    task = DetectorTask(learnt, held_back, settings.training.batch, settings.training.seed, settings.crops)
    network = train(task, out, settings.training, resume=resume, progress=progress)
    assert isinstance(network, DetectorNetwork)
    balance = balance_scores(network, held_back)
    path = write_detector(network, out)
    record = {
        "images": len(learnt),
        "objects": sum(len(image.labels) for image in learnt),
        "held_back_f1": {name: round(best.f1, 3) for name, best in balance.items()},
    }
    write_record(out, settings.training, record)
    return path


def write_detector(network: DetectorNetwork, folder: Path) -> Path:
    """Writes the network and its YAML file; raises what ``export_onnx`` raises."""
    path = folder / f"{NAME}.onnx"
    example = torch.rand(2, 3, INPUT_HEIGHT, INPUT_WIDTH, generator=torch.Generator().manual_seed(0))
    exported = ExportedDetector(network.to(memory_format=torch.contiguous_format)).eval()
    export_onnx(exported, {"images": example}, path, outputs=["boxes"])
    sidecar = {"head": "yolov8", "resize": "letterbox", "colour": "bgr", "class_names": list(CLASSES)}
    write_text(path.with_suffix(".yaml"), yaml.safe_dump(sidecar, sort_keys=False, default_flow_style=None))
    return path
