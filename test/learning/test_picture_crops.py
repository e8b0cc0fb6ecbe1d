"""Folders of crops as material to learn from, beside random worlds and alone."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.errors import RecordingError, SettingsError
from mobinet.learning.embedder import EmbedderTraining, train_embedder
from mobinet.learning.embedder_crops import CropSettings
from mobinet.learning.picture_crops import join_crops, read_crops
from mobinet.learning.training import TrainingSettings
from mobinet.models.session import load_session
from mobinet.reid import EmbedderSettings, make_embedder

TINY = EmbedderTraining(
    TrainingSettings(steps=2, batch=8, warm_up=1, keep_every=1, validate_every=2),
    CropSettings(min_height_px=16.0, min_width_px=8.0, validation_share=0.25),
)


def market(folder: Path, cameras: int = 2, objects: int = 4) -> Path:
    draw = np.random.default_rng(0)
    place = folder / "bounding_box_train"
    place.mkdir(parents=True)
    for identity in range(1, objects + 1):
        colour = draw.integers(0, 256, 3)
        for camera in range(1, cameras + 1):
            image = np.clip(colour + draw.normal(0, 10, (40, 20, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(place / f"{identity:04d}_c{camera}s1_000001_00.jpg"), image)
    # junk, and somebody seen once
    cv2.imwrite(str(place / "-1_c1s1_000001_00.jpg"), image)
    cv2.imwrite(str(place / "0099_c1s1_000001_00.jpg"), image)
    return folder


def test_what_is_taken(tmp_path: Path) -> None:
    training, validation = read_crops(market(tmp_path), TINY.crops)
    assert training.identities.tolist() == [0, 0, 1, 1, 2, 2]
    assert validation.identities.tolist() == [3, 3]
    assert training.cameras.tolist() == training.pictures.tolist() == [0, 1] * 3
    assert training.people.all()
    assert np.isnan(training.sides).all()


def test_numbers_of_two_sources_do_not_meet(tmp_path: Path) -> None:
    training, validation = read_crops(market(tmp_path), TINY.crops)
    both = join_crops(training, validation)
    assert both.identities.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert (both.cameras[-2:].tolist(), both.worlds[-1]) == ([2, 3], 1)


def test_learning_from_both_and_alone(images_dir: Path, tmp_path: Path) -> None:
    folder = market(tmp_path / "market")
    train_embedder(images_dir, tmp_path / "both", TINY, folders=[folder])
    record = json.loads((tmp_path / "both/training.json").read_text())
    assert record["training"]["crops"] == 8 + 6
    path = train_embedder(None, tmp_path / "alone", TINY, folders=[folder])
    # the file takes pixels as they are
    draw = np.random.default_rng(1)
    crop = draw.integers(0, 256, (128, 64, 3)).astype(np.uint8)
    feed = crop[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    (found,) = load_session(path, threads=1).run({"images": feed})
    embedder = make_embedder(EmbedderSettings(model=str(path), threads=1))
    np.testing.assert_allclose(embedder.embed_clips([[crop]]), found, atol=1e-5)


@pytest.mark.parametrize(
    ("cameras", "objects", "message"),
    [(1, 4, "all 6 pictures for training are of one camera"), (2, 1, "1 identities have two pictures")],
)
def test_folders_that_teach_nothing(tmp_path: Path, cameras: int, objects: int, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read_crops(market(tmp_path, cameras, objects), TINY.crops)


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to learn from"):
        train_embedder(None, tmp_path / "out", TINY)


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    folder = market(tmp_path)
    (folder / "bounding_box_train" / "0001_c1s1_000001_00.jpg").write_bytes(b"no image")
    with pytest.raises(RecordingError, match=r"0001_c1s1_000001_00\.jpg' is no readable image"):
        read_crops(folder, TINY.crops)
