"""Pictures that the siamese network learns from."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.learning.detector_losses import IGNORED
from mobinet.learning.images import LabelledImage, read_images
from mobinet.learning.siamese_crops import Jitter, cut_search, cut_template, template_side
from mobinet.learning.siamese_pairs import ABSENT, PRESENT, TEMPLATES, Example, RenderedPairs, _place_of, finish
from mobinet.learning.siamese_shapes import draw_shapes, draw_thing


def bright_box(picture: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((picture[..., 0] > 127).any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize("size", [(16, 40), (200, 120)])  # enlarged and shrunk
def test_a_template_shows_its_object_in_the_middle(size):
    image = np.zeros((600, 600, 3), np.uint8)
    box = np.array([250, 200, 250 + size[0], 200 + size[1]], np.float32)
    image[200 : 200 + size[1], 250 : 250 + size[0]] = 255
    expected = 63.5 + np.array([-0.5, -0.5, 0.5, 0.5]) * np.tile(size, 2) * 127 / template_side(box)
    np.testing.assert_allclose(bright_box(cut_template(image, box)), expected, atol=1)


@pytest.mark.parametrize("seed", range(5))
def test_boxes_stay_on_their_objects(seed):
    draw = np.random.default_rng(seed)
    image = np.zeros((300, 400, 3), np.uint8)
    box = np.array([150, 100, 190, 180], np.float32)
    image[100:180, 150:190] = 255
    region, boxes = cut_search(image, box, box[None], 255, Jitter.draw(draw, 60.0, 0.3, 0.1))
    np.testing.assert_allclose(bright_box(region), boxes[0], atol=1.01)


def test_beyond_the_image_is_its_mean():
    image = np.full((100, 100, 3), (10, 60, 110), np.uint8)
    region, _ = cut_search(image, np.array([0, 0, 20, 20], np.float32), np.zeros((0, 4), np.float32), 255)
    assert (region == (10, 60, 110)).all()


def image_with(path, camera: str, identities: tuple[int, ...], visibility: tuple[float, ...]) -> LabelledImage:
    cv2.imwrite(str(path), np.full((100, 200, 3), 128, np.uint8))
    boxes = np.array([[10 + 40 * who, 20, 30 + 40 * who, 80] for who in identities], np.float32)
    kinds = tuple("car" if who == 3 else "person" for who in identities)
    return LabelledImage(
        path, boxes, kinds, np.array(visibility, np.float32), identities, camera, np.zeros(len(boxes), np.float32)
    )


def world(folder) -> RenderedPairs:
    """Of four objects, the second is hidden in the second image, the third in none of the first, the fourth a car."""
    return RenderedPairs(
        [
            image_with(folder / "0000001_00.jpg", "a", (0, 1), (1.0, 0.7)),
            image_with(folder / "0000001_01.jpg", "a", (0, 1), (1.0, 0.1)),
            image_with(folder / "0000001_02.jpg", "b", (2, 3), (1.0, 1.0)),
        ]
    )


def test_hidden_objects_are_not_drawn(tmp_path):
    assert [(view.image, view.place) for view in world(tmp_path).views] == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]


@pytest.mark.parametrize(
    ("who", "image", "label"),
    [
        (0, 0, PRESENT),
        (1, 1, IGNORED),  # hardly visible: neither to be found nor background
        (2, 0, ABSENT),  # in no part of the image
        (1, 0, IGNORED),  # out of the region
    ],
)
def test_what_a_template_has_to_find(tmp_path, who, image, label):
    shown = world(tmp_path)._images[image]
    within = np.array([True, image == 1])
    assert _place_of(who, shown, shown.boxes, within)[1] == label


def test_templates_are_of_what_is_looked_for(tmp_path):
    pairs = world(tmp_path)
    for seed in range(20):
        draw = np.random.default_rng(seed)
        view = pairs._seen_before(pairs.views[0], 0, draw)
        assert (view.image, view.place) in {(0, 0), (1, 0)}
        assert pairs._other(pairs.views[0], np.array([True, True]), draw) in {1, 2, 3}


def test_all_that_is_alone_has_no_rival(tmp_path):
    pairs = RenderedPairs([image_with(tmp_path / "0000001_00.jpg", "a", (0,), (1.0,))])
    example = pairs.draw(np.random.default_rng(0))
    assert set(example.labels.tolist()) <= {PRESENT, IGNORED}


def test_examples_follow_their_generator_alone(images_dir):
    pairs = RenderedPairs(read_images(images_dir))
    for make in (pairs.draw, lambda draw: draw_shapes((pairs.image(draw), pairs.image(draw)), draw)):
        first, second, other = (make(np.random.default_rng(seed)) for seed in (4, 4, 5))
        assert first.region.shape == (191, 191, 3)
        assert {image.shape for image in first.templates} == {(127, 127, 3)}
        assert (first.region.dtype, first.boxes.dtype, len(first.templates)) == (np.uint8, np.float32, TEMPLATES)
        np.testing.assert_array_equal(first.region, second.region)
        np.testing.assert_array_equal(first.templates, second.templates)
        assert (first.region != other.region).any()


def test_some_shapes_are_not_there(images_dir):
    pairs = RenderedPairs(read_images(images_dir))
    draw = np.random.default_rng(0)
    backdrop = pairs.image(draw)
    labels = np.concatenate([draw_shapes((backdrop, backdrop), draw).labels for _ in range(20)])
    assert set(labels.tolist()) <= {PRESENT, ABSENT, IGNORED}
    assert 0.4 < np.mean(labels == PRESENT) < 0.9
    assert 0.05 < np.mean(labels == ABSENT) < 0.4


@pytest.mark.parametrize("seed", range(6))
def test_boxes_of_shapes_are_in_the_region(seed):
    draw = np.random.default_rng(seed)
    backdrop = draw.integers(0, 256, (80, 120, 3)).astype(np.uint8)
    example = draw_shapes((backdrop, backdrop), draw)
    found = example.boxes[example.labels == PRESENT]
    assert (found[:, 2:] > found[:, :2]).all()
    assert (found >= 0).all()
    assert (found <= 191).all()


def test_things_have_an_outline_and_a_surface():
    draw = np.random.default_rng(2)
    backdrop = draw.integers(0, 256, (90, 90, 3)).astype(np.uint8)
    for _ in range(20):
        thing = draw_thing(backdrop, draw)
        assert thing.surface.shape == (160, 160, 3)
        assert 0.02 < (thing.mask > 0).mean() < 0.9


@pytest.mark.parametrize("mirror", [0, 1])
def test_mirrored_examples_keep_their_boxes(mirror):
    region = np.zeros((191, 191, 3), np.uint8)
    region[60:100, 20:50] = 255
    boxes = np.array([[20, 60, 50, 100]], np.float32)
    # labels of what is absent, so that nothing is put before it
    example = finish(Example([region[:127, :127]], region, boxes, np.array([ABSENT])), _Still(mirror))
    np.testing.assert_allclose(bright_box(example.region), example.boxes[0])
    assert (example.boxes[0, 0] == 20) == bool(mirror)


class _Still:
    """A generator of which no picture is disturbed, and that mirrors or not."""

    def __init__(self, mirror: int) -> None:
        self._numbers = iter([1.0, 1.0, mirror])

    def random(self) -> float:
        return next(self._numbers)
