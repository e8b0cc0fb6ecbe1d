"""The embedder from images to a file that the re-identification stage runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mobinet.errors import RecordingError, SettingsError
from mobinet.learning.curves import read_curves
from mobinet.learning.embedder import EmbedderTraining, train_embedder, write_embedder
from mobinet.learning.embedder_augment import augment, plain
from mobinet.learning.embedder_crops import INPUT_SIZE, CropSettings, cut_crops, cut_with_margin
from mobinet.learning.embedder_network import DIMENSION, EmbedderNetwork, batch_hard
from mobinet.learning.embedder_sampler import IdentitySampler
from mobinet.learning.embedder_task import normalise
from mobinet.learning.images import LabelledImage, read_images
from mobinet.learning.training import TrainingSettings
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.types import Frame

TINY = EmbedderTraining(
    TrainingSettings(steps=4, batch=8, warm_up=1, keep_every=1, validate_every=4),
    CropSettings(min_height_px=16.0, min_width_px=8.0, validation_share=0.5),
)


@pytest.fixture(autouse=True)
def one_thread():
    """Layers are so small here that threads would mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_from_images_to_vectors(images_dir, tmp_path):
    path = train_embedder(images_dir, tmp_path / "out", TINY)
    assert path.stat().st_size < 2_000_000
    record = json.loads((tmp_path / "out/training.json").read_text())
    assert (record["steps"], record["seed"], record["batch"]) == (4, 0, 8)
    assert record["training"] == {"worlds": 1, "objects": 2, "crops": 4}
    assert record["validation"]["objects"] == 2
    assert {name for _, name, _ in read_curves(tmp_path / "out/curves.csv")} >= {"mAP", "rank1"}
    embedder = make_embedder(EmbedderSettings(model=str(path), threads=1))
    image = np.random.default_rng(0).integers(0, 256, (80, 60, 3)).astype(np.uint8)
    vectors = embedder.embed(
        Frame(0, "a", image), np.array([[0, 0, 60, 80], [5, 5, 30, 60], [0, 0, 60, 80]], np.float32)
    )
    assert vectors.shape == (3, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.999


def test_resumed_is_as_uninterrupted(images_dir, tmp_path):
    train_embedder(images_dir, tmp_path / "whole", TINY)

    def stop(done: int, total: int, losses: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_embedder(images_dir, tmp_path / "parts", TINY, progress=stop)
    train_embedder(images_dir, tmp_path / "parts", TINY, resume=True)
    first, second = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "parts"))
    assert first["step"] == second["step"] == 4
    for name, values in first["average"].items():
        torch.testing.assert_close(values, second["average"][name], rtol=0, atol=0)


def test_the_file_does_what_the_network_does_through_the_stage(tmp_path):
    torch.manual_seed(3)
    network = EmbedderNetwork().eval()
    path = write_embedder(network, tmp_path)
    crop = np.random.default_rng(1).integers(0, 256, (*INPUT_SIZE, 3)).astype(np.uint8)
    embedder = make_embedder(EmbedderSettings(model=str(path), threads=1))
    found = embedder.embed(Frame(0, "a", crop), np.array([[0, 0, INPUT_SIZE[1], INPUT_SIZE[0]]], np.float32))
    with torch.no_grad():
        expected = network(torch.from_numpy(normalise([crop]))).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_network_is_small():
    assert sum(values.numel() for values in EmbedderNetwork().parameters()) < 450_000


def test_triplets_take_the_farthest_like_and_the_nearest_unlike():
    features = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [0.0, 5.0]])
    identities = torch.tensor([0, 0, 1, 1])
    # per crop: farthest of its own, nearest of the other, margin 0.5
    expected = [3 - 4 + 0.5, 3 - 5 + 0.5, 1 - 4 + 0.5, 1 - 5 + 0.5]
    assert float(batch_hard(features, identities, 0.5)) == pytest.approx(np.maximum(expected, 0).mean())
    assert float(batch_hard(features, identities, 5.0)) == pytest.approx(np.mean(expected) + 4.5)


@pytest.mark.parametrize("step", range(6))
def test_a_batch_has_several_crops_of_each_of_several_objects(step):
    identities = np.array([0] * 9 + [1] * 2 + [2] * 5 + [3] * 3 + [4] * 4)
    people = identities < 3
    sampler = IdentitySampler(identities, people, objects=3, crops=4, seed=1)
    rows = sampler.rows(step)
    drawn = identities[rows].reshape(-1, 4)
    assert (drawn == drawn[:, :1]).all()
    assert len(set(drawn[:, 0])) == len(drawn) == (3 if people[rows[0]] else 2)
    assert len(set(people[rows])) == 1  # all on foot, or none
    for mine in rows.reshape(-1, 4):
        assert len(set(mine)) == min(4, (identities == identities[mine[0]]).sum()) or len(set(mine)) > 1
    np.testing.assert_array_equal(rows, IdentitySampler(identities, people, 3, 4, 1).rows(step))


def test_objects_are_drawn_alike_however_many_crops_they_have():
    identities = np.array([0] * 90 + [1] * 2 + [2] * 2 + [3] * 2)
    sampler = IdentitySampler(identities, np.ones(len(identities), bool), objects=2, crops=2, seed=0)
    drawn = np.concatenate([identities[sampler.rows(step)] for step in range(400)])
    shares = np.bincount(drawn) / len(drawn)
    np.testing.assert_allclose(shares, 0.25, atol=0.05)


def test_one_object_teaches_nothing():
    with pytest.raises(SettingsError, match="expected two objects to tell apart, got 1; render more"):
        IdentitySampler(np.array([0, 0]), np.array([True, True]), 2, 2, 0)


def test_one_person_and_one_car_are_told_apart():
    rows = IdentitySampler(np.array([0, 0, 1, 1]), np.array([True, True, False, False]), 2, 2, 0).rows(0)
    assert sorted(rows) == [0, 1, 2, 3]


def labelled(folder: Path, world: int, boxes: list[list[float]]) -> LabelledImage:
    path = folder / f"{world:07d}_00.jpg"
    cv2.imwrite(str(path), np.full((100, 200, 3), 128, np.uint8))
    count = len(boxes)
    return LabelledImage(
        path, np.array(boxes, np.float32), ("person",) * count, np.ones(count, np.float32),
        tuple(range(1, count + 1)), "r1/front", np.zeros(count, np.float32),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("box", "visibility", "counts"),
    [
        ([10, 10, 30, 60], 1.0, True),
        ([10, 10, 30, 60], 0.3, False),  # mostly hidden
        ([10, 10, 30, 30], 1.0, False),  # too low
        ([10, 10, 18, 60], 1.0, False),  # too narrow
        ([0, 10, 30, 60], 1.0, True),  # cut on one side
        ([0, 0, 30, 60], 1.0, False),  # cut on two sides
    ],
)
def test_which_objects_are_cut_out(tmp_path, box, visibility, counts):
    good = [50, 10, 80, 70]
    image = replace(labelled(tmp_path, 1, [box, good]), visibility=np.array([visibility, 1.0], np.float32))
    images = [image, image]
    crops, _ = cut_crops(images, CropSettings(validation_share=0.0))
    assert crops.identities.tolist() == ([0, 0, 1, 1] if counts else [0, 0])


def test_objects_of_two_worlds_are_different_objects(tmp_path):
    images = [labelled(tmp_path, world, [[10, 10, 30, 60]]) for world in (1, 1, 2, 2)]
    crops, none = cut_crops(images, CropSettings(validation_share=0.0))
    assert (crops.identities.tolist(), crops.worlds.tolist(), len(none)) == ([0, 0, 1, 1], [0, 0, 1, 1], 0)
    learnt, held_back = cut_crops(images, CropSettings(validation_share=0.5))
    assert (len(learnt), len(held_back)) == (2, 2)


def test_objects_seen_once_are_left_out(tmp_path):
    with pytest.raises(RecordingError, match="no object has two crops of 32 pixels height in 1 images; render more"):
        cut_crops([labelled(tmp_path, 1, [[10, 10, 30, 60]])], CropSettings(validation_share=0.0))


@pytest.mark.parametrize("size", [40, 400])  # enlarged and shrunk
def test_a_crop_holds_its_box_within_the_margin(size):
    image = np.zeros((3 * size, 3 * size, 3), np.uint8)
    image[size : 2 * size, size : 2 * size] = 255
    box = np.array([size, size, 2 * size, 2 * size], np.float32)
    height, width = INPUT_SIZE
    margin = 0.25
    crop = cut_with_margin(image, box, margin, (round(1.5 * width), round(1.5 * height)))
    bright = crop[..., 0] > 127
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    assert abs(len(rows) - height) <= 2
    assert abs(len(columns) - width) <= 2
    assert abs(rows[0] - height / 4) <= 1
    assert (plain(crop, margin)[2:-2, 2:-2] > 250).all()


def test_augmentation_follows_its_generator_alone():
    crop = np.random.default_rng(0).integers(0, 256, (160, 80, 3)).astype(np.uint8)
    first, second, other = (augment(crop, 0.12, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first.shape == (*INPUT_SIZE, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_colours_survive_augmentation():
    draw = np.random.default_rng(0)
    red, blue = (np.full((160, 80, 3), colour, np.uint8) for colour in ((40, 40, 180), (180, 40, 40)))
    for _ in range(20):
        warm, cold = (np.median(augment(crop, 0.12, draw).reshape(-1, 3), axis=0) for crop in (red, blue))
        assert warm[2] > warm[0]
        assert cold[0] > cold[2]


def test_damaged_images_are_named(images_dir, tmp_path):
    first = read_images(images_dir)[0]
    first.path.write_bytes(b"no image")
    with pytest.raises(RecordingError, match="is no readable image"):
        train_embedder(images_dir, tmp_path / "out", TINY)
