"""The training loop, on the smallest of tasks: a line through points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mobinet.errors import RecordingError, SettingsError
from mobinet.learning.checkpoint import save_checkpoint
from mobinet.learning.curves import read_curves
from mobinet.learning.training import TrainingSettings, choose_device, learning_rate, train

SETTINGS = TrainingSettings(
    steps=40, batch=4, learning_rate=0.05, warm_up=5, average=0.9, keep_every=10, validate_every=20
)


class Line:
    """y = 3 x; dropout, so that what is drawn inside of the network matters too."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        self.stop_at = 10_000

    def batch(self, step: int) -> Tensor:
        return torch.from_numpy(np.random.default_rng(step).uniform(-1, 1, (8, 1)).astype(np.float32))

    def losses(self, network: nn.Module, batch: Tensor, device: torch.device) -> Mapping[str, Tensor]:
        if torch.equal(batch, self.batch(self.stop_at)):
            raise KeyboardInterrupt
        return {"loss": ((network(batch.to(device)) - 3 * batch) ** 2).mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        return {"error": float((network(torch.ones(1, 1)) - 3).abs())}


def weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def test_it_learns(tmp_path):
    steps: list[int] = []
    network = train(Line(), tmp_path, SETTINGS, progress=lambda done, total, losses: steps.append(done))
    assert steps == list(range(1, 41))
    assert Line().validate(network, torch.device("cpu"))["error"] < 1.5
    rows = read_curves(tmp_path / "curves.csv")
    assert [step for step, name, _ in rows if name == "error"] == [20, 40]
    losses = [value for _, name, value in rows if name == "loss"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("stop_at", [1, 10, 37])
def test_resumed_is_as_uninterrupted(tmp_path: Path, stop_at: int):
    whole = train(Line(), tmp_path / "whole", SETTINGS)
    task = Line()
    task.stop_at = stop_at
    with pytest.raises(KeyboardInterrupt):
        train(task, tmp_path / "parts", SETTINGS)
    resumed = train(Line(), tmp_path / "parts", SETTINGS, resume=True)
    assert torch.equal(weights(resumed), weights(whole))
    # a row stands once, whatever was run again
    rows = [(step, name) for step, name, _ in read_curves(tmp_path / "parts/curves.csv")]
    assert len(rows) == len(set(rows))


def test_learning_rate_rises_and_falls():
    rates = [learning_rate(step, SETTINGS) for step in range(40)]
    assert rates[4] == pytest.approx(0.05)
    assert rates[:5] == sorted(rates[:5])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01 * 0.05 + 0.001


def test_folders_are_not_mixed_up(tmp_path):
    with pytest.raises(SettingsError, match=r"no checkpoint.pt to resume from"):
        train(Line(), tmp_path, SETTINGS, resume=True)
    trained = train(Line(), tmp_path, SETTINGS)
    with pytest.raises(SettingsError, match="--resume"):
        train(Line(), tmp_path, SETTINGS)
    # a finished training that is resumed has nothing left to do
    again = train(Line(), tmp_path, SETTINGS, resume=True)
    for first, second in zip(trained.parameters(), again.parameters(), strict=True):
        assert torch.equal(first, second)


def test_other_networks_and_damaged_files(tmp_path):
    train(Line(), tmp_path, SETTINGS)
    other = Line()
    other.network = nn.Linear(1, 1)
    with pytest.raises(SettingsError, match="another network"):
        train(other, tmp_path, SETTINGS, resume=True)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RecordingError, match="damaged"):
        train(Line(), tmp_path, SETTINGS, resume=True)
    torch.save({"something": 1}, path)
    with pytest.raises(RecordingError, match="no checkpoint of a training here"):
        train(Line(), tmp_path, SETTINGS, resume=True)


def test_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"the one before")

    def fill(content: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(RecordingError, match="--resume"):
        save_checkpoint(path, {"step": 1, "network": {}, "average": {}, "optimizer": {}})
    assert path.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [path]


def test_device(monkeypatch):
    assert choose_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(SettingsError, match="finds none"):
        choose_device("cuda")
    with pytest.raises(SettingsError, match="auto, cpu, cuda"):
        choose_device("tpu")
