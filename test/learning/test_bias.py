"""The networks for orientation and background, from images to files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mobinet.errors import SettingsError
from mobinet.learning.bias import BiasTraining, train_background, train_orientation
from mobinet.learning.bias_networks import SideNetwork, background_network, soft_sides
from mobinet.learning.bias_tasks import SideTask
from mobinet.learning.embedder_crops import CropSettings, cut_crops
from mobinet.learning.images import read_images
from mobinet.learning.training import TrainingSettings
from mobinet.reid import EmbedderSettings, make_embedder

TINY = BiasTraining(
    TrainingSettings(steps=2, batch=8, warm_up=1, keep_every=1, validate_every=2),
    CropSettings(min_height_px=16.0, min_width_px=8.0, validation_share=0.5),
)


@pytest.fixture
def sided(images_dir: Path) -> Path:
    """The images, of which each tells from which side its objects are seen."""
    for listing in (images_dir / "worlds").glob("*.json"):
        records = json.loads(listing.read_text())
        for number, record in enumerate(records):
            for thing in record["objects"]:
                thing["side"] = 0.5 * number - 1
        listing.write_text(json.dumps(records))
    return images_dir


@pytest.mark.parametrize(("train", "length"), [(train_orientation, 8), (train_background, 32)])
def test_from_images_to_vectors(sided: Path, tmp_path: Path, train, length: int) -> None:
    path = train(sided, tmp_path / "out", TINY)
    assert path.stat().st_size < 500_000
    embedder = make_embedder(EmbedderSettings(model=str(path), threads=1))
    crops = np.random.default_rng(0).integers(0, 256, (3, 50, 30, 3)).astype(np.uint8)
    vectors = embedder.embed_clips([[crop] for crop in crops])
    assert vectors.shape == (3, length)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_they_are_small() -> None:
    for network in (SideNetwork(), background_network()):
        assert sum(values.numel() for values in network.parameters()) < 120_000


@pytest.mark.parametrize(
    ("side", "shares"),
    [
        (0.0, {0: 1.0}),
        (np.pi / 2, {2: 1.0}),
        (-np.pi / 2, {6: 1.0}),
        # half way between the front and its left
        (np.pi / 8, {0: 0.5, 1: 0.5}),
        # between the last and the first
        (-np.pi / 16, {7: 0.25, 0: 0.75}),
    ],
)
def test_sides_are_shared_by_the_two_nearest(side: float, shares: dict[int, float]) -> None:
    expected = np.zeros(8)
    for index, share in shares.items():
        expected[index] = share
    np.testing.assert_allclose(soft_sides(torch.tensor([side]))[0], expected, atol=1e-5)


def test_mirrored_crops_are_seen_from_the_mirrored_side(sided: Path) -> None:
    crops, _ = cut_crops(read_images(sided), replace(TINY.crops, validation_share=0.0))
    task = SideTask(crops, crops, 16, 0)
    sides = torch.cat([task.batch(step).sides for step in range(8)]).abs()
    drawn = torch.cat([task.batch(step).sides for step in range(8)])
    assert set(np.unique(sides.numpy())) == {0.5, 1.0}
    assert (drawn > 0).any()
    assert (drawn < 0).any()


def test_images_that_do_not_tell_sides(images_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="do not tell sides; remove the folder"):
        train_orientation(images_dir, tmp_path / "out", TINY)
