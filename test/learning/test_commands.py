"""``mobinet train``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobinet.cli import main
from mobinet.learning import images, torch_import


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int, int]]:
    """What was asked to be rendered, in place of rendering."""
    calls: list[tuple[Path, int, int]] = []
    monkeypatch.setattr(images, "render_images", lambda data, count, first, *_: calls.append((data, count, first)))
    return calls


def test_detector_to_the_end_and_again(images_dir, tmp_path, rendered, capsys):
    out = tmp_path / "out"
    command = ["train", "detector", "-o", str(out), "--data", str(images_dir), "--images", "4", "--batch", "1"]
    assert main([*command, "--steps", "1"]) == 0
    assert rendered == [(images_dir, 4, 1000)]
    assert f"{out / 'street-detector.onnx'}: " in capsys.readouterr().out
    # a folder that has a training already is not overwritten, and not rendered for
    assert main([*command, "--steps", "1"]) == 2
    assert "--resume" in capsys.readouterr().err
    assert len(rendered) == 1
    assert main([*command, "--steps", "2", "--resume"]) == 0


def test_nothing_to_resume(tmp_path, rendered, capsys):
    assert main(["train", "detector", "-o", str(tmp_path), "--resume"]) == 2
    assert "no checkpoint.pt to resume from" in capsys.readouterr().err
    assert rendered == []


def test_a_siamese_network_begins_with_a_detector(images_dir, tmp_path, rendered, capsys, monkeypatch):
    monkeypatch.setattr("mobinet.learning.siamese_task._VALIDATION_EXAMPLES", 1)
    options = ["--data", str(images_dir), "--images", "4", "--batch", "1", "--steps", "1"]
    assert main(["train", "detector", "-o", str(tmp_path / "detector"), *options]) == 0
    command = ["train", "siamese", "-o", str(tmp_path / "siamese"), *options, "--backbone"]
    assert main([*command, str(tmp_path / "nowhere.pt")]) == 2
    assert "nowhere.pt" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "detector/checkpoint.pt")]) == 0
    assert f"{tmp_path / 'siamese/street-siamese.onnx'}: " in capsys.readouterr().out


def test_another_seed_has_other_worlds(tmp_path, rendered, capsys):
    assert main(["train", "detector", "-o", str(tmp_path), "--seed", "2"]) == 2
    assert rendered == [(tmp_path / "data", 4000, 201_000)]
    assert "no training images" in capsys.readouterr().err


def test_without_torch(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch_import.importlib.util, "find_spec", lambda name: None)
    assert main(["train", "detector", "-o", str(tmp_path)]) == 2
    assert "pip install './mobinet[train]'" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-3"])
def test_numbers_start_at_one(tmp_path, number: str, capsys):
    with pytest.raises(SystemExit):
        main(["train", "detector", "-o", str(tmp_path), "--images", number])
    assert "from 1" in capsys.readouterr().err
