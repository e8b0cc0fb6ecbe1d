"""The loop around a matcher and its corrections."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation.target import evaluate_target
from mobinet.evaluation.target_files import read_target
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Frame, TargetState


def frame_of(image, number, camera="front"):
    return Frame(number * 40_000_000, camera, image)


@pytest.fixture
def settings(colour_network) -> TargetSettings:
    return TargetSettings(network=str(colour_network()), smoothing=0.0)


@pytest.fixture
def tracker(settings) -> TargetTracker:
    return TargetTracker(load_matcher(settings), settings=settings)


BOX = (140, 100, 180, 140)


def test_follows_from_image_to_image(tracker, scene):
    tracker.start(frame_of(scene(160, 120), 0), BOX)
    for number in range(1, 11):
        x, y = 160 + 10 * number, 120 - 5 * number
        target = tracker.update(frame_of(scene(x, y), number))
        assert target.state is TargetState.TRACKING
        assert target.stamp_ns == number * 40_000_000
        # half of a cell in each direction
        np.testing.assert_allclose((target.box[:2] + target.box[2:]) / 2, (x, y), atol=6)
    assert target.confidence > 0.8


def test_nothing_to_follow(tracker, scene):
    assert tracker.update(frame_of(scene(160, 120), 0)).state is TargetState.NONE
    tracker.start(frame_of(scene(160, 120), 1), BOX)
    tracker.stop()
    target = tracker.update(frame_of(scene(160, 120), 2))
    assert (target.state, target.box) == (TargetState.NONE, None)


def test_a_low_score_is_uncertain(tracker, scene):
    tracker.start(frame_of(scene(160, 120), 0), BOX)
    target = tracker.update(frame_of(scene(-100, -100), 1))
    assert target.state is TargetState.UNCERTAIN
    assert target.confidence < 0.5
    assert target.box is not None


def test_what_is_uncertain_may_change_on_the_way(tracker, settings, scene):
    tracker.start(frame_of(scene(160, 120), 0), BOX)
    assert tracker.update(frame_of(scene(160, 120), 1)).state is TargetState.TRACKING
    tracker.configure(dataclasses.replace(settings, uncertain_score=1.0))
    assert tracker.update(frame_of(scene(160, 120), 2)).state is TargetState.UNCERTAIN


def test_an_image_of_another_size(tracker, scene):
    tracker.start(frame_of(scene(160, 120), 0), BOX)
    # cut at the right: the target stays where it was
    target = tracker.update(frame_of(scene(160, 120, shape=(240, 200)), 1))
    np.testing.assert_allclose((target.box[:2] + target.box[2:]) / 2, (160, 120), atol=6)
    # its place is gone: looked for at the edge
    target = tracker.update(frame_of(scene(-100, 0, shape=(60, 80)), 2))
    assert (target.box[:2] + target.box[2:] <= (160, 120)).all()


def test_grey_images(tracker, scene):
    tracker.start(frame_of(scene(160, 120)[..., 2], 0), BOX)
    target = tracker.update(frame_of(scene(170, 120)[..., 2], 1))
    np.testing.assert_allclose((target.box[:2] + target.box[2:]) / 2, (170, 120), atol=6)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        # of another camera
        (lambda image: frame_of(image, 2, "rear"), "chosen in camera 'front', got an image of 'rear'"),
        # the same again, and one from before
        (lambda image: frame_of(image, 1), "expected a stamp after 40000000 ns, got 40000000 ns"),
        (lambda image: frame_of(image, 0), "expected a stamp after"),
        # no image
        (lambda image: frame_of(None, 2), "needs the image"),
        (lambda image: frame_of(image.astype(float), 2), "expected a uint8 image"),
    ],
)
def test_frames_that_do_not_fit(tracker, scene, frame, message):
    tracker.start(frame_of(scene(160, 120), 1), BOX)
    with pytest.raises(InputError, match=message):
        tracker.update(frame(scene(160, 120)))
    # and the target is still followed
    assert tracker.update(frame_of(scene(160, 120), 3)).state is TargetState.TRACKING


class Remark:
    """A correction that writes down what it is told, and changes the state."""

    def __init__(self, state: TargetState, widen: float = 1.0) -> None:
        self.state, self.widen, self.seen, self.started = state, widen, [], 0

    def start(self, frame, box, template):
        self.started += 1

    def correct(self, frame, response, estimate):
        self.seen.append(estimate.state)
        return dataclasses.replace(estimate, state=self.state, widen=self.widen)


def test_corrections_judge_in_their_order(settings, scene):
    first, second = Remark(TargetState.OCCLUDED, 1.5), Remark(TargetState.LOST, 2.0)
    tracker = TargetTracker(load_matcher(settings), (first, second), settings)
    tracker.start(frame_of(scene(160, 120), 0), BOX)
    target = tracker.update(frame_of(scene(160, 120), 1))
    assert (first.started, second.started) == (1, 1)
    assert (first.seen, second.seen) == ([TargetState.TRACKING], [TargetState.OCCLUDED])
    assert (target.state, target.box) == (TargetState.LOST, None)
    usual = tracker.response.score_map.shape
    tracker.update(frame_of(scene(160, 120), 2))
    assert tracker.response.score_map.shape == (2 * usual[0], 2 * usual[1])


@pytest.mark.recordings
@pytest.mark.skipif(not hasattr(cv2, "TrackerNano_Params"), reason="this OpenCV is older than its NanoTrack (4.7)")
def test_nanotrack_follows_at_least_as_well_as_opencv_does(data_dir):
    folder = data_dir / "sot" / "otb_Couple"
    images = [cv2.imread(str(path)) for path in sorted((folder / "img").glob("*.jpg"))[:80]]
    truth, _ = read_target(folder / "groundtruth_rect.txt", "otb")
    # no YAML file beside it: known by its bytes, and so is its head
    settings = TargetSettings(network=str(data_dir / "models/nanotrack_v2/nanotrack_backbone_sim.onnx"))
    tracker = TargetTracker(load_matcher(settings), settings=settings)
    boxes = [tracker.start(frame_of(images[0], 0), truth[0]).box]
    boxes += [tracker.update(frame_of(image, number)).box for number, image in enumerate(images[1:], 1)]
    ours = evaluate_target(truth[: len(boxes)], np.array(boxes)).success
    assert ours > opencv_success(data_dir / "models/nanotrack_v2", images, truth) - 0.02
    assert ours > 0.65


def opencv_success(networks: Path, images, truth):
    parameters = cv2.TrackerNano_Params()
    parameters.backbone = str(networks / "nanotrack_backbone_sim.onnx")
    parameters.neckhead = str(networks / "nanotrack_head_sim.onnx")
    tracker = cv2.TrackerNano_create(parameters)
    x1, y1, x2, y2 = truth[0].astype(int).tolist()
    tracker.init(images[0], (x1, y1, x2 - x1, y2 - y1))
    boxes = [truth[0]]
    for image in images[1:]:
        left, top, width, height = tracker.update(image)[1]
        boxes.append(np.array((left, top, left + width, top + height), np.float64))
    return evaluate_target(truth[: len(boxes)], np.array(boxes)).success
