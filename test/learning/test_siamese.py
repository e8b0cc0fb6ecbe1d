"""The siamese network from images to files that the target stage runs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mobinet.errors import SettingsError
from mobinet.learning.curves import read_curves
from mobinet.learning.detector import DetectorTraining, train_detector
from mobinet.learning.detector_losses import paired_overlaps
from mobinet.learning.detector_task import CropSize
from mobinet.learning.images import read_images
from mobinet.learning.siamese import SiameseTraining, begin_with, train_siamese, write_siamese
from mobinet.learning.siamese_matching import matching_loss
from mobinet.learning.siamese_network import (
    LEARNT_SIZE,
    SEARCH_SIZE,
    STRIDE,
    TEMPLATE_SIZE,
    ExportedHead,
    SiameseNetwork,
    cell_points,
)
from mobinet.learning.siamese_pairs import ABSENT, PRESENT, Example
from mobinet.learning.siamese_task import SiameseTask, best_boxes, stack
from mobinet.learning.training import TrainingSettings
from mobinet.models.session import load_session
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings

TINY = SiameseTraining(TrainingSettings(steps=3, batch=2, warm_up=1, keep_every=1, validate_every=3))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Layers are so small here that threads would mostly wait for each other; few examples to validate with."""
    monkeypatch.setattr("mobinet.learning.siamese_task._VALIDATION_EXAMPLES", 4)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def example(seed: int = 0, size: int = LEARNT_SIZE, label: int = PRESENT) -> Example:
    """A bright rectangle on grey noise, up and to the right of the middle of the region."""
    draw = np.random.default_rng(seed)
    template, region = (draw.integers(80, 120, (side, side, 3)).astype(np.uint8) for side in (127, size))
    template[40:87, 48:79] = (200, 60, 220)
    region[50:97, 100:131] = (200, 60, 220)
    return Example([template], region, np.array([[100, 50, 131, 97]], np.float32), np.array([label]))


def test_from_images_to_a_matcher(images_dir, tmp_path):
    path = train_siamese(images_dir, tmp_path / "out", TINY)
    head = path.with_name("street-siamese-head.onnx")
    assert path.stat().st_size + head.stat().st_size < 4_000_000
    record = json.loads((tmp_path / "out/training.json").read_text())
    assert (record["steps"], record["seed"], record["batch"]) == (3, 0, 2)
    assert (record["images"], record["views"]) == (2, 2)  # cars are too low
    assert {name for _, name, _ in read_curves(tmp_path / "out/curves.csv")} >= {"held_back_overlap"}
    matcher = load_matcher(TargetSettings(network=str(path)))
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    box = np.array([60.0, 40.0, 90.0, 80.0])
    response = matcher.search(image, matcher.describe(image, box), box)
    assert response.score_map.shape == (16, 16)
    assert response.boxes.shape == (16, 16, 4)
    assert 0 <= response.score <= 1


def test_resumed_is_as_uninterrupted(images_dir, tmp_path):
    train_siamese(images_dir, tmp_path / "whole", TINY)

    def stop(done: int, total: int, losses: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_siamese(images_dir, tmp_path / "parts", TINY, progress=stop)
    train_siamese(images_dir, tmp_path / "parts", TINY, resume=True)
    first, second = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "parts"))
    assert first["step"] == second["step"] == 3
    for name, values in first["average"].items():
        torch.testing.assert_close(values, second["average"][name], rtol=0, atol=0)


def test_files_do_what_the_network_does(tmp_path):
    torch.manual_seed(3)
    network = SiameseNetwork().eval()
    torch.nn.init.normal_(network.head.sides[-1].weight, std=0.05)  # no distance is the same everywhere
    path = write_siamese(network, tmp_path)
    batch = stack([example(size=SEARCH_SIZE)])
    backbone, head = load_session(path), load_session(path.with_name("street-siamese-head.onnx"))
    features = [backbone.run({"input": images.numpy()})[0] for images in (batch.templates, batch.regions)]
    found = head.run(dict(zip(("input1", "input2"), features, strict=True)))
    with torch.no_grad():
        logits, distances, *_ = network(batch.templates, batch.regions)
    assert found[0].shape == (1, 2, 16, 16)
    np.testing.assert_allclose(found[0][:, 1:] - found[0][:, :1], logits.numpy(), atol=1e-4)
    np.testing.assert_allclose(found[1], distances.numpy(), rtol=1e-4)


def test_the_matcher_finds_the_box_where_the_network_put_it(tmp_path):
    torch.manual_seed(3)
    network = SiameseNetwork().eval()
    torch.nn.init.normal_(network.head.sides[-1].weight, std=0.05)
    write_siamese(network, tmp_path)
    matcher = load_matcher(TargetSettings(network=str(tmp_path / "street-siamese.onnx")))
    image = np.random.default_rng(1).integers(0, 256, (255, 255, 3)).astype(np.uint8)
    # 63.5 pixels and half of width plus height around them: crops are cut without a change of size
    box = np.array([127.5 - 31.75, 127.5 - 31.75, 127.5 + 31.75, 127.5 + 31.75])
    response = matcher.search(image, matcher.describe(image, box), box)
    batch = stack([example(size=SEARCH_SIZE)._replace(templates=[image[64:191, 64:191]], region=image)])
    with torch.no_grad():
        logits, distances, *_ = network(batch.templates, batch.regions)
    points, flat = cell_points(), distances.flatten(2)
    expected = torch.cat([points - flat[:, :2], points + flat[:, 2:]], dim=1)[0].T.reshape(16, 16, 4)
    np.testing.assert_allclose(response.score_map, logits.sigmoid()[0, 0].numpy(), atol=1e-4)
    np.testing.assert_allclose(response.boxes, expected.numpy(), atol=0.05)


def test_one_pair_is_learnt(images_dir):
    images = read_images(images_dir)
    task = SiameseTask(images, images, 2, 0)
    batch, device = stack([example(), example(1)]), torch.device("cpu")
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=3e-3)
    for _ in range(25):
        losses = task.losses(task.network, batch, device)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
    best, scores = best_boxes(task.network(batch.templates, batch.regions))
    overlaps, _ = paired_overlaps(best, batch.targets.boxes[:, 0])
    assert (overlaps > 0.7).all()
    assert (scores > 0.3).all()


def test_an_absent_object_teaches_to_be_silent(images_dir):
    images = read_images(images_dir)
    task = SiameseTask(images, images, 2, 0)
    absent = example(label=ABSENT)
    losses = task.losses(task.network, stack([absent, absent]), torch.device("cpu"))
    assert float(losses["box_loss"].detach()) == 0
    losses["loss"].backward()
    assert float(task.network.head.score[-1].bias.grad) > 0  # scores shall fall


def test_layers_of_a_detector_are_taken_over(images_dir, tmp_path):
    settings = DetectorTraining(TINY.training, CropSize(64, 64))
    train_detector(images_dir, tmp_path, replace(settings, training=replace(TINY.training, steps=1)))
    network = SiameseNetwork()
    begin_with(network, tmp_path / "checkpoint.pt")
    trained = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["average"]
    torch.testing.assert_close(network.backbone.stem[0][0].weight, trained["module.stem.0.0.weight"])
    torch.testing.assert_close(network.backbone.at_16[4].change[0].weight, trained["module.at_16.4.change.0.weight"])


def test_templates_share_the_region_that_they_belong_to():
    network = SiameseNetwork().eval()
    torch.nn.init.normal_(network.head.score[-1].weight)
    first, second = example(0), example(5)
    both = stack([first._replace(templates=[*first.templates, *second.templates], boxes=np.zeros((2, 4), np.float32))])
    with torch.no_grad():
        together = network(both.templates, both.regions).logits
        apart = network(both.templates[1:], both.regions).logits
    torch.testing.assert_close(together[1:], apart)
    assert (together[0] - together[1]).abs().max() > 1e-3


def test_another_checkpoint_is_refused(images_dir, tmp_path):
    train_siamese(images_dir, tmp_path, replace(TINY, training=replace(TINY.training, steps=1)))
    with pytest.raises(SettingsError, match="is not the checkpoint of a detector"):
        begin_with(SiameseNetwork(), tmp_path / "checkpoint.pt")


def test_the_middle_cell_is_the_middle_of_the_region():
    for size, cells in ((SEARCH_SIZE, 16), (LEARNT_SIZE, 12)):
        points = cell_points(size).reshape(2, cells, cells)
        middle = points[:, cells // 2, cells // 2]
        assert middle.tolist() == [size / 2] * 2
        assert (points[:, cells // 2 + 1, cells // 2 + 2] - middle).tolist() == [2 * STRIDE, STRIDE]


def test_the_network_is_small():
    network = SiameseNetwork().eval()
    assert sum(values.numel() for values in network.parameters()) < 300_000
    with torch.no_grad():
        features = [network.backbone(torch.zeros(1, 3, size, size)) for size in (TEMPLATE_SIZE, SEARCH_SIZE)]
        logits, distances = ExportedHead(network.head)(*features)
    assert [tuple(maps.shape) for maps in features] == [(1, 64, 8, 8), (1, 64, 16, 16)]
    assert (logits.shape, distances.shape) == ((1, 2, 16, 16), (1, 4, 16, 16))


def features_of(cells: dict[tuple[int, int], int], size: int) -> torch.Tensor:
    """``(1, 4, size, size)``: the given feature at a row and column, the last one everywhere else."""
    maps = torch.zeros(1, 4, size, size)
    maps[:, 3] = 1
    for (row, column), number in cells.items():
        maps[0, :, row, column] = torch.nn.functional.one_hot(torch.tensor(number), 4).float()
    return maps


MIDDLE = [(row, column) for row in (3, 4, 5) for column in (3, 4, 5)]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((6, 6), "small"),  # where the object is
        ((2, 9), "large"),  # elsewhere
    ],
)
def test_features_that_match_in_the_right_place_cost_little(place, expected):
    templates = torch.cat([features_of(dict.fromkeys(MIDDLE, number), 8) for number in (0, 1)])
    regions = features_of({place: 0, (6, 9): 1}, 12)
    middle = LEARNT_SIZE / 2
    boxes = torch.tensor([[-10.0, -10, 10, 10], [38, -10, 58, 10]]) + middle
    loss = float(matching_loss(templates, regions, boxes, torch.tensor([PRESENT, PRESENT]), LEARNT_SIZE))
    assert (loss < 0.1) == (expected == "small")


def test_two_templates_of_one_object_are_no_rivals():
    templates = torch.cat([features_of(dict.fromkeys(MIDDLE, 0), 8)] * 2)
    regions = features_of({(6, 6): 0}, 12)
    boxes = torch.tensor([[-10.0, -10, 10, 10]] * 2) + LEARNT_SIZE / 2
    assert float(matching_loss(templates, regions, boxes, torch.tensor([PRESENT, PRESENT]), LEARNT_SIZE)) < 0.1


def test_nothing_to_match_costs_nothing():
    templates, regions = features_of({}, 8).requires_grad_(), features_of({}, 12)
    loss = matching_loss(templates, regions, torch.zeros(1, 4), torch.tensor([ABSENT]), LEARNT_SIZE)
    loss.backward()
    assert float(loss.detach()) == 0
