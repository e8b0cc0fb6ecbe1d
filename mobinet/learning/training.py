"""The training loop that all small networks share: seeded, resumable, the same on a CPU and on a GPU.

What a step sees follows from the seed and the number of the step alone, as does the learning rate, so a training that
was interrupted and resumed does what it would have done without. Import this after :func:`require_torch`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from mobinet.errors import SettingsError
from mobinet.learning.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from mobinet.learning.curves import Curves
from mobinet.learning.onnx_export import write_text
from mobinet.settings import check_settings, setting

_MEAN_OF_STEPS = 20


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained."""

    steps: int = setting(6000, "batches that are learnt from", minimum=1)
    batch: int = setting(16, "images in one of them", minimum=1)
    learning_rate: float = setting(2e-3, "highest, of AdamW", minimum=1e-7, maximum=1.0)
    weight_decay: float = setting(0.02, "of AdamW, on weights of more than one dimension", minimum=0.0, maximum=1.0)
    warm_up: int = setting(200, "steps in which the learning rate rises from 0", minimum=0)
    average: float = setting(0.998, "share of the old in the moving average of the weights", minimum=0.0, maximum=1.0)
    largest_gradient: float = setting(10.0, "norm to which gradients are cut", minimum=0.0)
    keep_every: int = setting(100, "steps between two checkpoints", minimum=1)
    validate_every: int = setting(1000, "steps between two validations", minimum=1)
    seed: int = setting(0, "of weights, order and augmentation", minimum=0)
    device: str = setting("auto", "cpu, cuda, or auto: cuda where there is one")

    def __post_init__(self) -> None:
        check_settings(self)


class Task(Protocol):
    """What is trained: a network, where its batches come from, and what it shall do.

    Attributes:
        network: its weights are made with ``torch.manual_seed`` set by the caller; on the CPU.
    """

    network: nn.Module

    def batch(self, step: int) -> Any:
        """The data of a step, on the CPU, from the seed and ``step`` alone; called in another thread, one ahead."""
        ...

    def losses(self, network: nn.Module, batch: Any, device: torch.device) -> Mapping[str, torch.Tensor]:
        """Scalars by name; ``"loss"`` is what is made smaller, the others are written into the curves."""
        ...

    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """Figures on data that is not trained on, for the curves; ``network`` has the averaged weights."""
        ...


Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called after each step with the number done, of how many, and the latest losses."""


def train(
    task: Task, folder: Path, settings: TrainingSettings, *, resume: bool = False, progress: Progress | None = None
) -> nn.Module:
    """Trains a network; returns it with the moving average of its weights, on the CPU, in evaluation mode.

    ``folder`` gets ``checkpoint.pt``, replaced every ``keep_every`` steps and never half-written, and ``curves.csv``.
    An interruption (Ctrl-C) is passed on after a last checkpoint was written, unless it came amid an update of the
    weights; then the one before is kept.

    Args:
        resume: go on from the checkpoint in ``folder`` instead of refusing a folder that has one.

    Raises:
        SettingsError: no CUDA where it is asked for; a checkpoint and no ``resume``, or the other way round.
        RecordingError: the folder cannot be written, or its checkpoint is damaged.
    """
    device = choose_device(settings.device)
    trainer = _Trainer(task, settings, device)
    path = folder / "checkpoint.pt"
    check_folder(folder, resume=resume)
    if resume:
        trainer.restore(load_checkpoint(path, device))
    folder.mkdir(parents=True, exist_ok=True)
    curves = Curves(folder / "curves.csv", trainer.step)
    try:
        for step, batch in _ahead(task.batch, trainer.step, settings.steps):
            trainer.learn(batch)
            if progress is not None:
                progress(step + 1, settings.steps, trainer.latest)
            if (step + 1) % _MEAN_OF_STEPS == 0:
                curves.add(step + 1, {"rate": trainer.rate, **trainer.take_means()})
            if (step + 1) % settings.validate_every == 0 or step + 1 == settings.steps:
                curves.add(step + 1, task.validate(trainer.averaged.eval(), device))
            if (step + 1) % settings.keep_every == 0 or step + 1 == settings.steps:
                save_checkpoint(path, trainer.checkpoint())
    except KeyboardInterrupt:
        if trainer.between_steps:
            save_checkpoint(path, trainer.checkpoint())
        raise
    return trainer.averaged.cpu().eval()


def learning_rate(step: int, settings: TrainingSettings) -> float:
    """Rises evenly to the highest, then falls along half a cosine to a hundredth of it."""
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    gone = (step - settings.warm_up) / max(settings.steps - settings.warm_up, 1)
    return settings.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(gone, 1.0))))


def choose_device(name: str) -> torch.device:
    """``auto`` is cuda where there is one; raises SettingsError for what is not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise SettingsError(f"device: '{name}' is not one of auto, cpu, cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device: 'cuda' was asked for, and PyTorch finds none; use 'auto' or 'cpu'")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def check_folder(folder: Path, *, resume: bool) -> None:
    """Raises SettingsError for a checkpoint without ``resume``, or the other way round."""
    there = (folder / "checkpoint.pt").is_file()
    if resume and not there:
        raise SettingsError(f"'{folder}' has no checkpoint.pt to resume from; leave out --resume to begin")
    if not resume and there:
        raise SettingsError(f"'{folder}' has a checkpoint already; go on with --resume, or give another folder")


def write_record(folder: Path, settings: TrainingSettings, figures: Mapping[str, Any]) -> None:
    """Writes ``training.json``: what was chosen and what came out; raises RecordingError when it cannot."""
    chosen = {"seed": settings.seed, "steps": settings.steps, "batch": settings.batch}
    write_text(folder / "training.json", json.dumps({**chosen, **figures}, indent=2) + "\n")


class _Trainer:
    """State of a training between two steps."""

    def __init__(self, task: Task, settings: TrainingSettings, device: torch.device) -> None:
        self.step, self.rate = 0, 0.0
        self.between_steps = True
        self.latest: dict[str, float] = {}
        self._task, self._settings, self._device = task, settings, device
        self._network = task.network.to(device)
        average = _moving_average(settings.average)
        self._average = torch.optim.swa_utils.AveragedModel(self._network, avg_fn=average, use_buffers=True)
        flat = [weight for weight in self._network.parameters() if weight.ndim <= 1]
        deep = [weight for weight in self._network.parameters() if weight.ndim > 1]
        groups = [{"params": deep, "weight_decay": settings.weight_decay}, {"params": flat, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate)
        self._sums: dict[str, float] = {}
        self._summed = 0

    @property
    def averaged(self) -> nn.Module:
        module: nn.Module = self._average.module
        return module

    def learn(self, batch: Any) -> None:
        """One step."""
        torch.manual_seed(self._settings.seed * 1_000_003 + self.step)  # for what draws inside of the network
        self.rate = learning_rate(self.step, self._settings)
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate
        self._network.train()
        losses = self._task.losses(self._network, batch, self._device)
        self._optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call, unused-ignore]
        nn.utils.clip_grad_norm_(self._network.parameters(), self._settings.largest_gradient)
        self.between_steps = False
        self._optimizer.step()
        self._average.update_parameters(self._network)
        self.step += 1
        self.between_steps = True
        self.latest = {name: float(value.detach()) for name, value in losses.items()}
        self._summed += 1
        for name, value in self.latest.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def take_means(self) -> dict[str, float]:
        """Losses, averaged since the last call or the beginning of the process."""
        means = {name: value / self._summed for name, value in self._sums.items()}
        self._sums, self._summed = {}, 0
        return means

    def checkpoint(self) -> Checkpoint:
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Raises SettingsError for a checkpoint of another network."""
        try:
            self._network.load_state_dict(checkpoint["network"])
            self._average.load_state_dict(checkpoint["average"])
            self._optimizer.load_state_dict(checkpoint["optimizer"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise SettingsError(f"the checkpoint is of another network ({error}); train in another folder") from error
        self.step = checkpoint["step"]


def _moving_average(most: float) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor | int], torch.Tensor]:
    """Keeps the share ``most`` of the old, less in the first steps: the untrained weights are soon forgotten."""

    def mix(old: torch.Tensor, new: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
        kept = min(most, (1 + float(count)) / (10 + float(count)))
        return old + ((1 - kept) * (new - old)).to(old.dtype)

    return mix


def _ahead(batch: Callable[[int], Any], first: int, last: int) -> Iterator[tuple[int, Any]]:
    """Steps and their batches, the next one being made while one is learnt from."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(batch, first) if first < last else None
        for step in range(first, last):
            assert future is not None
            current = future.result()
            future = pool.submit(batch, step + 1) if step + 1 < last else None
            yield step, current
