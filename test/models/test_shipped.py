"""The networks that come with the package."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from mobinet.boxes import iou_matrix
from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import ModelError
from mobinet.models.shipped import shipped
from mobinet.models.zoo import find_model, zoo, zoo_entry
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Frame


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_is_whole(name: str):
    path = shipped()[name].path
    assert path.stat().st_size < 2_000_000
    sidecar = yaml.safe_load(path.with_suffix(".yaml").read_text())
    if shipped()[name].task == "single-object tracking":
        assert path.with_name(sidecar["head"]).stat().st_size < 2_000_000
    assert path.with_suffix(".md").read_text().startswith(f"# {name}\n")
    # found without a models folder
    assert find_model(name) == path


def test_no_name_is_of_the_zoo_too():
    assert not set(shipped()) & set(zoo())


def test_there_is_nothing_to_fetch():
    with pytest.raises(ModelError, match="comes with mobinet"):
        zoo_entry("street-detector")


def test_near_names_are_told():
    with pytest.raises(ModelError, match="did you mean 'street-detector'"):
        find_model("street-detecter")


def test_the_detector_runs_by_its_name():
    detector = make_detector(DetectorSettings(model="street-detector", threads=1))
    grey = np.full((480, 640, 3), 128, np.uint8)
    assert len(detector.detect([Frame(1, "a", grey)])[0]) == 0
    assert detector.class_names == ("person", "cyclist", "car")


def test_the_siamese_network_follows_a_patch_that_moves():
    draw = np.random.default_rng(3)
    street = np.repeat(np.repeat(draw.integers(70, 130, (30, 40, 3)), 8, axis=0), 8, axis=1).astype(np.uint8)
    patch = np.empty((48, 32, 3), np.uint8)
    patch[:24], patch[24:] = (40, 60, 210), (200, 180, 30)
    settings = TargetSettings(network="street-siamese")
    tracker = TargetTracker(load_matcher(settings), (), settings)
    overlaps = []
    for step in range(12):
        image, left, top = street.copy(), 60 + 6 * step, 80 + 2 * step
        image[top : top + 48, left : left + 32] = patch
        frame, box = Frame(1 + step, "a", image), np.array([left, top, left + 32, top + 48], float)
        if step == 0:
            tracker.start(frame, box)
            continue
        found = tracker.update(frame).box
        assert found is not None
        overlaps.append(float(iou_matrix(found[None], box[None])[0, 0]))
    assert min(overlaps) > 0.6
