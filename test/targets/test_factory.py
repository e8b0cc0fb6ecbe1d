"""Where the files of a network are found, and what is said when they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import ModelError
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the zoo's networks; nothing was fetched yet."""
    path = tmp_path / "zoo"
    path.mkdir()
    monkeypatch.setenv("MOBINET_MODELS", str(path))
    return path


@pytest.fixture
def published(data_dir) -> Path:
    return data_dir / "models" / "nanotrack_v2"


def test_a_network_that_was_not_fetched():
    with pytest.raises(ModelError, match="mobinet models pull nanotrack-v2"):
        load_matcher(TargetSettings(network="nanotrack-v2"))


def test_without_a_download():
    assert maps_of(load_matcher(TargetSettings())).shape == (16, 16)


def test_a_head_that_is_nowhere(colour_network):
    with pytest.raises(ModelError, match="neck"):
        load_matcher(TargetSettings(network=str(colour_network()), head="neck"))


@pytest.mark.recordings
def test_the_zoo_by_name(published, folder):
    shutil.copyfile(published / "nanotrack_backbone_sim.onnx", folder / "nanotrack-v2.onnx")
    with pytest.raises(ModelError, match="mobinet models pull nanotrack-v2-head"):
        load_matcher(TargetSettings(network="nanotrack-v2"))
    shutil.copyfile(published / "nanotrack_head_sim.onnx", folder / "nanotrack-v2-head.onnx")
    # as fetching writes it
    (folder / "nanotrack-v2.yaml").write_text("head: nanotrack-v2-head\nwindow: 0.49\n", encoding="utf-8")
    assert maps_of(load_matcher(TargetSettings(network="nanotrack-v2"))).shape == (16, 16)


@pytest.mark.recordings
def test_published_files_under_other_names(published, tmp_path):
    shutil.copyfile(published / "nanotrack_backbone_sim.onnx", tmp_path / "a.onnx")
    shutil.copyfile(published / "nanotrack_head_sim.onnx", tmp_path / "b.onnx")
    assert maps_of(load_matcher(TargetSettings(network=str(tmp_path / "a.onnx")))).shape == (16, 16)
    # and named outright, wherever it is
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "b.onnx").rename(tmp_path / "elsewhere" / "c.onnx")
    named = TargetSettings(network=str(tmp_path / "a.onnx"), head=str(tmp_path / "elsewhere" / "c.onnx"))
    assert maps_of(load_matcher(named)).shape == (16, 16)


def maps_of(matcher):
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    box = np.array((60.0, 40.0, 100.0, 80.0))
    return matcher.search(image, matcher.describe(image, box), box).score_map
