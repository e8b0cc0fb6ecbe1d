"""Boxes, occluders and shared pictures, on small arrays."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.sim.meshes import bounding_corners
from mobinet.sim.shapes import Part, upright
from mobinet.sim.truth import mask_box, occluders, rough_box, share_pictures

CUBE = bounding_corners(Part("box", (0.5, 0.5, 0.5), (1, 1, 1)))[None]


def test_a_box_ends_after_the_last_pixel():
    mask = np.zeros((10, 12), bool)
    mask[5, 3] = True
    np.testing.assert_array_equal(mask_box(mask), [3, 5, 4, 6])
    mask[8, 1] = True
    np.testing.assert_array_equal(mask_box(mask), [1, 5, 4, 9])


def test_an_empty_mask_has_an_empty_box():
    np.testing.assert_array_equal(mask_box(np.zeros((4, 4), bool)), np.zeros(4))


def test_who_hides_whom():
    names = ["ground", "wall", "anna", "bo"]
    full = np.full((10, 20), 2, np.int32)
    full[:, :5] = 1  # a quarter behind the wall
    full[:, 5:7] = 3  # a tenth behind bo
    full[0, 19] = 0  # one pixel, half a percent: left out
    shares = occluders(np.ones((10, 20), bool), full, 2, names)
    assert shares == {"wall": 0.25, "bo": 0.1}
    assert list(shares) == ["wall", "bo"]


@pytest.mark.parametrize(
    ("boxes", "groups"),
    [
        ({}, []),
        ({4: [0, 0, 10, 10], 5: [20, 0, 30, 10]}, [[4, 5]]),  # apart
        ({4: [0, 0, 10, 10], 5: [5, 5, 30, 10]}, [[4], [5]]),  # they touch
        ({4: [0, 0, 10, 10], 5: [5, 5, 30, 10], 6: [40, 0, 50, 9]}, [[4, 6], [5]]),
        ({4: [0, 0, 10, 10], 5: [10, 0, 20, 10]}, [[4, 5]]),  # they share an edge, no pixel
    ],
)
def test_objects_that_cannot_touch_share_a_picture(boxes, groups):
    assert share_pictures({label: np.array(box, float) for label, box in boxes.items()}) == groups


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ((-3, 0, 0), "nothing"),  # behind
        ((5, 40, 0), "nothing"),  # beside
        ((0.2, 0, 0), "all"),  # reaches behind the camera
        ((5, 0, 0), "part"),
    ],
)
def test_rough_boxes(position, expected):
    camera = CameraModel.pinhole(64, 48, 1.2)
    box = rough_box(camera, OPTICAL2BODY.inverse() @ Transform.identity(), upright([position]), CUBE)
    if expected == "nothing":
        assert box is None
    elif expected == "all":
        np.testing.assert_array_equal(box, [0, 0, 64, 48])
    else:
        # the nearer face of the cube, and a margin
        half = camera.matrix[0, 0] * 0.5 / 4.5
        np.testing.assert_allclose(box, [31.5 - half - 3, 23.5 - half - 3, 31.5 + half + 3, 23.5 + half + 3])


@pytest.mark.parametrize(
    ("part", "half"),
    [
        (Part("box", (1, 2, 3), (1, 1, 1)), (1, 2, 3)),
        (Part("ellipsoid", (1, 2, 3), (1, 1, 1)), (1, 2, 3)),
        (Part("capsule", (1, 2), (1, 1, 1)), (1, 1, 3)),  # its ends are half spheres
        (Part("cylinder", (1, 2), (1, 1, 1)), (1, 1, 2)),
        (Part("mesh", (1, 1, 1), (1, 1, 1), mesh="ring"), (0.34, 0.34, 0.0217)),  # its section is a hexagon
    ],
)
def test_parts_lie_within_their_corners(part, half):
    corners = bounding_corners(part)
    np.testing.assert_allclose(corners.max(axis=0), half, rtol=0.02)
    np.testing.assert_allclose(corners.min(axis=0), -np.array(half), rtol=0.02)
    assert len(np.unique(corners, axis=0)) == 8
