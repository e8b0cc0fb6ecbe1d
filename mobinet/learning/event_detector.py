"""Trains the recurrent detector of people, cyclists and cars in events, and writes it as an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml

from mobinet.learning.event_clips import WINDOW_NS, ClipSize
from mobinet.learning.event_network import (
    BINS,
    CHANNELS,
    CLASSES,
    MEMORY_STRIDES,
    MOST_EVENTS,
    EventNetwork,
    ExportedEventDetector,
    empty_memory,
)
from mobinet.learning.event_scores import balance_event_scores
from mobinet.learning.event_sequences import hold_back, read_sequences
from mobinet.learning.event_task import EventTask
from mobinet.learning.onnx_export import export_onnx, write_text
from mobinet.learning.training import Progress, TrainingSettings, train, write_record

NAME = "street-events"


def _defaults() -> TrainingSettings:
    return TrainingSettings(
        steps=1500, warm_up=60, batch=12, learning_rate=2.5e-3, average=0.995, keep_every=25, validate_every=300
    )


@dataclass(frozen=True)
class EventDetectorTraining:
    """How the event detector is trained."""

    training: TrainingSettings = field(default_factory=_defaults)
    clips: ClipSize = field(default_factory=ClipSize)
    settle: int = 1100


def train_event_detector(
    data: Path,
    out: Path,
    settings: EventDetectorTraining | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Trains on the sequences in ``data`` (see :mod:`mobinet.learning.event_sequences`).

    ``out`` gets ``checkpoint.pt`` and ``curves.csv`` on the way, and at the end ``street-events.onnx``, the YAML file
    that a detector reads beside it, and ``training.json`` with what it was trained on.

    Returns:
        The path of the ONNX file.

    Raises:
        SettingsError, RecordingError: see ``train`` and ``read_sequences``.
        ModelError: the exported file gives other boxes.
    """
    settings = settings or EventDetectorTraining()
    learnt, held_back = hold_back(read_sequences(data))
    task = EventTask(
        learnt, held_back, settings.training.batch, settings.training.seed, settings.clips, settings.settle
    )
    network = train(task, out, settings.training, resume=resume, progress=progress)
    assert isinstance(network, EventNetwork)
    balance = balance_event_scores(network, held_back)
    path = write_event_detector(network, out)
    record = {
        "sequences": len(learnt),
        "objects": sum(len(sequence.labels) for sequence in learnt),
        "held_back_f1": {name: round(best.f1, 3) for name, best in balance.items()},
    }
    write_record(out, settings.training, record)
    return path


def write_event_detector(network: EventNetwork, folder: Path) -> Path:
    """Writes the network and its YAML file; raises what ``export_onnx`` raises."""
    path = folder / f"{NAME}.onnx"
    draw = torch.Generator().manual_seed(0)
    counts = torch.randint(0, MOST_EVENTS + 1, (2, CHANNELS, 64, 96), generator=draw).float()
    memory = [torch.rand(state.shape, generator=draw) - 0.5 for state in empty_memory(2, 64, 96)]
    states = [f"memory_{stride}" for stride in MEMORY_STRIDES]
    following = [f"next_{name}" for name in states]
    exported = ExportedEventDetector(network.to(memory_format=torch.contiguous_format)).eval()
    examples = {"counts": counts, **dict(zip(states, memory, strict=True))}
    cells = {"boxes": {0: "batch", 2: "cells"}}
    export_onnx(exported, examples, path, outputs=["boxes", *following], any_size=True, axes=cells)
    sidecar = {
        "counts": "counts",
        "boxes": "boxes",
        "states": [f"{before}={after}" for before, after in zip(states, following, strict=True)],
        "state_strides": list(MEMORY_STRIDES),
        "bins": BINS,
        "most_events": MOST_EVENTS,
        "window_s": WINDOW_NS / 1e9,
        "head": "scores",
        "class_names": list(CLASSES),
    }
    write_text(path.with_suffix(".yaml"), yaml.safe_dump(sidecar, sort_keys=False, default_flow_style=None))
    return path
