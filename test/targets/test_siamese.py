"""Networks of every layout and kind of head find their target; those that fit nothing say what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError, ModelError, SettingsError
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings

BOX = np.array((140.0, 100.0, 180.0, 140.0))


def matcher_of(path, **settings):
    return load_matcher(TargetSettings(network=str(path), **settings))


NETWORKS = [
    # NanoTrack: a pair, softmax of two channels, distances of the sides
    {},
    # one channel
    {"two": False},
    # anchors of three shapes, offsets all 0: each anchor as it is
    {"anchors": 3, "boxes": 0.0, "anchor_ratios": [0.5, 1.0, 2.0], "anchor_scales": [4.0]},
    # anchors with one channel each
    {"anchors": 3, "two": False, "boxes": 0.0, "anchor_ratios": [0.5, 1.0, 2.0], "anchor_scales": [4.0]},
    # SiamFC: one map
    {"two": False, "boxes": None},
    # SiamFC with finer cells
    {"two": False, "boxes": None, "enlarge": 4},
    # one map of two channels
    {"boxes": None, "kind": "heatmap"},
    # a file that takes both crops
    {"layout": "single"},
    # a network for the template, one for what is searched
    {"layout": "describer"},
    # inputs named instead of told apart
    {"template_inputs": ["z"]},
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("offset", [(0, 0), (24, -12)])
def test_finds_what_has_moved(colour_network, scene, network, offset):
    matcher = matcher_of(colour_network(**network))
    template = matcher.describe(scene(160, 120), BOX)
    response = matcher.search(scene(160 + offset[0], 120 + offset[1]), template, BOX)
    # cells are 16 pixels of a crop of 127 for 80 pixels of the image apart
    np.testing.assert_allclose((response.box[:2] + response.box[2:]) / 2, (160 + offset[0], 120 + offset[1]), atol=6)
    assert response.score > 0.8
    assert response.score == pytest.approx(response.score_map.max(), abs=0.1)
    assert response.boxes.shape == (*response.score_map.shape, 4)
    np.testing.assert_allclose(response.region, (80, 40, 240, 200), atol=1)


def test_it_has_no_memory(colour_network, scene):
    matcher = matcher_of(colour_network())
    template = matcher.describe(scene(160, 120), BOX)
    first = matcher.search(scene(170, 120), template, BOX)
    matcher.search(scene(60, 60), template, BOX - 90)
    again = matcher.search(scene(170, 120), template, BOX)
    np.testing.assert_array_equal(first.box, again.box)
    np.testing.assert_array_equal(first.score_map, again.score_map)


@pytest.mark.parametrize(
    ("widen", "cells"),
    [
        # less than usual is as usual
        (0.5, 16),
        (1.0, 16),
        # two tiles a side, 8 cells apart
        (1.5, 24),
        # three
        (2.0, 32),
        # five
        (3.0, 48),
    ],
)
def test_a_wider_search_has_more_cells_of_the_same_size(colour_network, scene, widen, cells):
    matcher = matcher_of(colour_network())
    template = matcher.describe(scene(160, 120), BOX)
    response = matcher.search(scene(160, 120), template, BOX, widen)
    assert response.score_map.shape == (cells, cells)
    centres = (response.boxes[..., :2] + response.boxes[..., 2:]) / 2
    steps = np.diff(centres[0, :, 0])
    np.testing.assert_allclose(steps, 16 * 80 / 127, atol=1e-3)
    np.testing.assert_allclose(np.diff(centres[:, 0, 1]), steps, atol=1e-3)
    assert response.region[2] - response.region[0] == pytest.approx(160 * cells / 16, rel=0.01)


@pytest.mark.parametrize("network", [{}, {"two": False, "boxes": None}])
def test_a_wider_search_finds_what_is_beyond_the_usual_one(colour_network, scene, network):
    matcher = matcher_of(colour_network(**network))
    template = matcher.describe(scene(160, 120), BOX)
    image = scene(290, 40)
    assert matcher.search(image, template, BOX).score_map.max() < 0.5
    wide = matcher.search(image, template, BOX, 2.0)
    row, column = np.unravel_index(wide.score_map.argmax(), wide.score_map.shape)
    x1, y1, x2, y2 = wide.boxes[row, column]
    np.testing.assert_allclose(((x1 + x2) / 2, (y1 + y2) / 2), (290, 40), atol=10)
    assert wide.score_map.max() > 0.8


def test_the_size_follows_slowly(colour_network, scene):
    # the head says 64 x 64 of the crop at a zoom of 127/80, and the size is 40
    template_size, proposed = 40, 64 * 80 / 127
    matcher = matcher_of(colour_network(), penalty=0.0, smoothing=0.5)
    image = scene(160, 120)
    response = matcher.search(image, matcher.describe(image, BOX), BOX)
    expected = template_size + 0.5 * response.score * (proposed - template_size)
    np.testing.assert_allclose(response.box[2:] - response.box[:2], expected, rtol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 300)])
def test_what_is_found_in_a_tiny_image_can_be_described(colour_network, scene, size):
    """As corrections do, when a camera's images shrink on the way."""
    matcher = matcher_of(colour_network(boxes=0.0))
    template = matcher.describe(scene(160, 120), BOX)
    tiny = np.full((*size, 3), 60, np.uint8)
    # its middle on the border
    corner = np.array([size[1], size[0]], np.float64)
    box = matcher.search(tiny, template, np.concatenate((corner - 0.5, corner + 0.5))).box
    assert matcher.likeness(matcher.describe(tiny, box), template) <= 1


def test_grey_images_and_images_beyond_whose_edge_is_searched(colour_network, scene):
    matcher = matcher_of(colour_network())
    grey = scene(10, 10)[..., 2]
    template = matcher.describe(grey, np.array((-10.0, -10.0, 30.0, 30.0)))
    response = matcher.search(grey, template, np.array((0.0, 0.0, 30.0, 30.0)))
    assert response.score > 0.8
    assert (response.box[:2] + response.box[2:] >= 0).all()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        # a backbone alone
        ({"head": ""}, r"net\.onnx: expected inputs for a template.*name its 'head' in its YAML file"),
        # anchors without their shapes
        ({"anchors": 5}, r"channels \[10, 20\].*name anchor_ratios and anchor_scales"),
        # other anchors than the head has
        (
            {"anchors": 5, "kind": "anchors", "anchor_ratios": [1.0], "anchor_scales": [8.0]},
            r"names 1 anchors a cell",
        ),
        # a head that is none
        ({"boxes": None}, r"channels \[2\].*or name 'kind'"),
        # an input that is not there
        ({"template_inputs": ["kernel"]}, r"template's input 'kernel', the inputs are z float32"),
        # crops of a size that the head does not take
        ({"search_size": 287}, r"head\.onnx: does not run on what 'net\.onnx' makes.*check 'head'"),
    ],
)
def test_a_pair_that_is_not_understood(colour_network, network, message):
    with pytest.raises(ModelError, match=message):
        matcher_of(colour_network(**network))


@pytest.mark.parametrize(
    ("sidecar", "message"),
    [
        # unknown key
        ({"stried": 8}, r"net\.yaml: unknown key 'stried'"),
        # anchors without shapes, said to be some
        ({"kind": "anchors"}, "needs anchor_ratios and anchor_scales"),
        # two numbers for three colours
        ({"mean": [0.5, 0.5]}, "mean: expected 3 numbers"),
        # no size to search
        ({"scales": []}, "scales: expected at least one"),
    ],
)
def test_a_sidecar_that_is_wrong(colour_network, sidecar, message):
    with pytest.raises(SettingsError, match=message):
        matcher_of(colour_network(**sidecar))


def test_scores_that_are_no_numbers(colour_network, scene):
    matcher = matcher_of(colour_network(boxes=float("nan")))
    template = matcher.describe(scene(160, 120), BOX)
    with pytest.raises(ModelError, match="expected finite numbers"):
        matcher.search(scene(160, 120), template, BOX)


@pytest.mark.parametrize("widen", [-1.0, 21.0, float("nan"), float("inf")])
def test_a_region_of_no_size(colour_network, scene, widen):
    matcher = matcher_of(colour_network())
    template = matcher.describe(scene(160, 120), BOX)
    with pytest.raises(InputError, match="widen: expected 0 to 20"):
        matcher.search(scene(160, 120), template, BOX, widen)


def test_a_place_that_is_no_box(colour_network, scene):
    matcher = matcher_of(colour_network())
    template = matcher.describe(scene(160, 120), BOX)
    with pytest.raises(InputError, match="four finite numbers"):
        matcher.search(scene(160, 120), template, np.full(4, np.nan))


def test_files_are_loaded_once_and_again_when_they_change(colour_network):
    path = colour_network()
    first, second = matcher_of(path), matcher_of(path, smallest_px=8.0)
    assert first._network is second._network
    path.with_suffix(".yaml").write_text("head: head.onnx\nwindow: 0.2\n", encoding="utf-8")
    assert matcher_of(path)._network is not first._network


def test_colours_mean_and_std(colour_network, scene):
    # a network that sees (pixels * scale - mean) / std finds the same, at a distance 1/10 of before
    plain = matcher_of(colour_network())
    template = plain.describe(scene(160, 120), BOX)
    sidecar = {"colour": "rgb", "scale": 0.5, "mean": [10.0, 20.0, 30.0], "std": [5.0, 5.0, 5.0]}
    prepared = matcher_of(colour_network(**sidecar)).describe(scene(160, 120), BOX)
    expected = (template.features[0][:, ::-1] * 0.5 - np.array((10, 20, 30)).reshape(1, 3, 1, 1)) / 5
    inner = (slice(None), slice(None), slice(1, 7), slice(1, 7))
    np.testing.assert_allclose(prepared.features[0][inner], expected[inner], atol=1e-3)


def test_likeness_is_of_what_is_in_the_middle(colour_network, scene):
    matcher = matcher_of(colour_network())
    red = matcher.describe(scene(160, 120, size=60), BOX)
    moved = matcher.describe(scene(80, 80, size=60), BOX - (80, 40, 80, 40))
    ground = matcher.describe(scene(20, 20), BOX)
    assert matcher.likeness(red, red) == pytest.approx(1)
    assert matcher.likeness(red, moved) > 0.99
    assert matcher.likeness(red, ground) < 0.5
    assert matcher.likeness(red, ground) == matcher.likeness(ground, red)


def test_templates_of_black_images_are_like_themselves_alone(colour_network, scene):
    matcher = matcher_of(colour_network())
    black = matcher.describe(np.zeros((240, 320, 3), np.uint8), BOX)
    assert matcher.likeness(black, black) == 1
    assert matcher.likeness(black, matcher.describe(scene(160, 120), BOX)) == 0


def test_one_run_of_the_backbone_over_a_wide_region_sees_what_tiles_see(colour_network, scene, monkeypatch):
    matcher = matcher_of(colour_network())
    template = matcher.describe(scene(160, 120), BOX)
    image = scene(250, 60)
    assert matcher._network.slides
    whole = matcher.search(image, template, BOX, 2.0)
    monkeypatch.setattr(matcher._network, "slides", False)
    tiles = matcher.search(image, template, BOX, 2.0)
    # the pooling of this network looks 8 pixels beyond a tile's edge, where the tile itself has nothing
    np.testing.assert_allclose(whole.score_map, tiles.score_map, atol=0.02)
    np.testing.assert_allclose(whole.boxes, tiles.boxes, atol=1e-3)
    np.testing.assert_allclose(whole.box, tiles.box, atol=1e-3)


@pytest.mark.parametrize("network", [{"two": False, "boxes": None}, {"layout": "single"}, {"layout": "describer"}])
def test_networks_that_need_tiles(colour_network, network):
    assert not matcher_of(colour_network(**network))._network.slides
