"""The detector from images to a file that the detection stage runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import RecordingError
from mobinet.learning.detector import DetectorTraining, train_detector, write_detector
from mobinet.learning.detector_losses import IGNORED, PADDING, Targets, assign, detection_losses
from mobinet.learning.detector_network import DetectorNetwork, ExportedDetector, cell_middles
from mobinet.learning.detector_scores import balance_scores, measure_balance
from mobinet.learning.detector_task import CropSize, DetectorTask
from mobinet.learning.images import read_images
from mobinet.learning.training import TrainingSettings
from mobinet.types import Frame

TINY = DetectorTraining(TrainingSettings(steps=2, batch=2, warm_up=1, keep_every=1), CropSize(64, 96))


def test_from_images_to_detections(images_dir, tmp_path):
    path = train_detector(images_dir, tmp_path / "out", TINY)
    assert path.stat().st_size < 2_000_000
    record = json.loads((tmp_path / "out/training.json").read_text())
    assert (record["steps"], record["images"], record["objects"]) == (2, 2, 4)
    detector = make_detector(DetectorSettings(model=str(path), threads=1, score_threshold=0.0001, max_detections=5))
    image = np.full((480, 640, 3), 90, np.uint8)
    one, two = detector.detect([Frame(1, "a", image), Frame(2, "b", image)])
    assert len(one) == 5
    assert set(one.class_names) <= {"person", "cyclist", "car"}
    np.testing.assert_allclose(one.boxes, two.boxes, atol=1e-2)


def test_resumed_is_as_uninterrupted(images_dir, tmp_path):
    train_detector(images_dir, tmp_path / "whole", TINY)
    short = DetectorTraining(TrainingSettings(steps=2, batch=2, warm_up=1, keep_every=1), CropSize(64, 96))

    def stop(done: int, total: int, losses: object) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_detector(images_dir, tmp_path / "parts", short, progress=stop)
    train_detector(images_dir, tmp_path / "parts", short, resume=True)
    whole, parts = (torch.load(tmp_path / name / "checkpoint.pt")["average"] for name in ("whole", "parts"))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_file_gives_what_the_network_gave(tmp_path):
    torch.manual_seed(3)
    network = DetectorNetwork().eval()
    path = write_detector(network, tmp_path)
    image = np.random.default_rng(0).integers(0, 255, (320, 416, 3)).astype(np.uint8)
    pixels = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None] / 255
    with torch.no_grad():
        rows = ExportedDetector(network)(pixels)[0].T.numpy()
    detector = make_detector(DetectorSettings(model=str(path), threads=1, score_threshold=0.0, nms_iou=1.0))
    found = detector.detect([Frame(1, "a", image)])[0]
    # the image has the size of the input, so boxes are compared as they come: best first
    best = rows[np.argsort(-rows[:, 4:].max(axis=1), kind="stable")[: len(found)]]
    np.testing.assert_allclose(found.scores, best[:, 4:].max(axis=1), atol=1e-4)


def test_no_images(tmp_path):
    with pytest.raises(RecordingError, match="no training images"):
        train_detector(tmp_path, tmp_path / "out", TINY)


def test_batches_follow_from_seed_and_step(images_dir):
    images = read_images(images_dir)
    one, other = (DetectorTask(images, images, 2, seed=4, sizes=CropSize(64, 96)) for _ in range(2))
    first, again = one.batch(7), other.batch(7)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.targets.boxes, again.targets.boxes)
    assert not torch.equal(first.images, one.batch(8).images)


def targets(*rows: tuple[list[float], int]) -> Targets:
    return Targets(torch.tensor([[box for box, _ in rows]]), torch.tensor([[label for _, label in rows]]))


def test_cells_learn_the_object_around_them():
    middles = cell_middles(64, 64)
    boxes = torch.cat([middles - 12, middles + 12]).T[None]
    scores = torch.full((1, 64, 3), 0.1)
    # two objects side by side, padding, and something that does not count
    wanted, objects = assign(
        scores,
        boxes,
        middles.T,
        targets(([8, 8, 32, 32], 0), ([32, 8, 56, 32], 2), ([0, 0, 0, 0], PADDING), ([0, 40, 64, 64], IGNORED)),
    )
    learners = wanted[0].sum(dim=1) > 0
    assert 2 <= int(learners.sum()) <= 18
    inside = [(8 < x < 56) and (8 < y < 32) for x, y in middles.T.tolist()]
    assert all(inside[cell] for cell in torch.nonzero(learners).flatten().tolist())
    for cell in torch.nonzero(learners).flatten().tolist():
        left = middles[0, cell] < 32
        assert int(objects[0, cell]) == (0 if left else 1)
        assert int(wanted[0, cell].argmax()) == (0 if left else 2)
    # the cell in the middle of an object fits it wholly
    assert float(wanted.max()) == pytest.approx(1.0, abs=1e-3)


def test_small_objects_are_learnt_too():
    middles = cell_middles(64, 64)
    boxes = torch.cat([middles - 4, middles + 4]).T[None]
    # between four middles of cells
    wanted, _ = assign(torch.full((1, 64, 3), 0.1), boxes, middles.T, targets(([30, 29, 34, 35], 0)))
    assert int((wanted > 0).sum()) == 4


def test_nothing_true_is_a_loss_too():
    middles = cell_middles(64, 64)
    logits = torch.zeros(1, 3, 64, requires_grad=True)
    losses = detection_losses(logits, torch.ones(1, 4, 64), middles, targets(([0, 0, 0, 0], PADDING)))
    losses["loss"].backward()
    assert float(losses["box_loss"].detach()) == 0
    assert (logits.grad > 0).all()


def test_ignored_objects_are_no_background():
    middles = cell_middles(64, 64)
    logits = torch.zeros(1, 3, 64, requires_grad=True)
    detection_losses(logits, torch.ones(1, 4, 64), middles, targets(([0, 0, 64, 32], IGNORED)))["loss"].backward()
    quiet = (logits.grad == 0).all(dim=1)[0]
    assert quiet.tolist() == [y < 32 for y in middles[1].tolist()]


def test_half_is_the_best_threshold_after_balancing(images_dir):
    """A network that knows where everything is: scores 0.3 for what is right, 0.2 for what is not."""
    images = read_images(images_dir)

    class Oracle(DetectorNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.number = 0

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            image = images[self.number % len(images)]
            self.number += 1
            middles = cell_middles(*pixels.shape[2:])
            logits = torch.full((1, 3, middles.shape[1]), -8.0)
            distances = torch.ones(1, 4, middles.shape[1])
            for box, name in zip(image.boxes, image.labels, strict=True):
                low, high = torch.from_numpy(box[:2]), torch.from_numpy(box[2:])
                cell = int(((middles - ((low + high) / 2)[:, None]) ** 2).sum(dim=0).argmin())
                distances[0, :, cell] = torch.cat([middles[:, cell] - low, high - middles[:, cell]])
                number = ("person", "cyclist", "car").index(name)
                logits[0, number, cell] = float(torch.logit(torch.tensor(0.3)))
                logits[0, number, 0] = float(torch.logit(torch.tensor(0.2)))
            bias = self.class_head[-1].bias.detach() - DetectorNetwork().class_head[-1].bias.detach()
            return logits + bias[None, :, None], distances

    network = Oracle()
    before = balance_scores(network, images)
    assert before["person"].f1 == before["car"].f1 == 1.0
    assert 0.2 < before["person"].score <= 0.3
    # no cyclist to measure with: left as it is
    assert before["cyclist"].score == 0.5
    network.number = 0
    assert 0.45 < measure_balance(network, images)["car"].score <= 0.62


@pytest.mark.parametrize(("height", "width"), [(64, 96), (320, 416)])
def test_shapes(height: int, width: int):
    with torch.no_grad():
        logits, distances = DetectorNetwork().eval()(torch.zeros(2, 3, height, width))
    cells = height * width // 64
    assert (logits.shape, distances.shape) == ((2, 3, cells), (2, 4, cells))
    assert (distances > 0).all()


def test_weights_stay_small():
    assert sum(weight.numel() for weight in DetectorNetwork().parameters()) < 450_000


def test_damaged_listing(images_dir: Path):
    next((images_dir / "worlds").iterdir()).write_text("[{]")
    with pytest.raises(RecordingError, match="rendered again"):
        read_images(images_dir)
