"""Pictures of real lenses from those of ideal ones."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.sim.lens import Lens

IDEAL = CameraModel.pinhole(160, 120, 1.2)


def bent(model, coefficients):
    return CameraModel(160, 120, IDEAL.matrix, np.array(coefficients), model)


def test_an_ideal_lens_is_its_own_pinhole():
    lens = Lens.of(IDEAL)
    picture = np.arange(160 * 120 * 3, dtype=np.uint8).reshape(120, 160, 3)
    assert lens.pinhole is IDEAL
    assert lens.bend(picture) is picture


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        ("plumb_bob", [-0.25, 0.08, 0.001, -0.002, 0]),
        ("plumb_bob", [0.1, 0, 0, 0, 0]),
        ("equidistant", [0.02, 0, 0, 0]),
    ],
)
def test_every_pixel_shows_what_its_ray_meets(model, coefficients):
    camera = bent(model, coefficients)
    lens = Lens.of(camera)
    pixels = np.array([[0, 0], [159, 119], [80, 60], [20, 100]], float)
    rays = camera.pixels_to_rays(pixels)
    expected = lens.pinhole.project(rays)
    found = lens.lookup[pixels[:, 1].astype(int), pixels[:, 0].astype(int)]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    # nothing is looked up outside of the picture
    assert (found >= 0).all()
    assert (found <= np.array([lens.pinhole.width, lens.pinhole.height]) - 1).all()


def test_labels_are_never_mixed():
    lens = Lens.of(bent("plumb_bob", [-0.25, 0.08, 0, 0, 0]))
    labels = np.zeros((lens.pinhole.height, lens.pinhole.width), np.int32)
    labels[:, lens.pinhole.width // 2 :] = 7
    assert set(np.unique(lens.bend_exactly(labels, -1))) == {0, 7}


def test_a_fisheye_that_sees_sideways_is_refused():
    camera = CameraModel(160, 120, np.array([[55.0, 0, 79.5], [0, 55.0, 59.5], [0, 0, 1]]), np.zeros(4), "equidistant")
    with pytest.raises(SettingsError, match="76 degrees"):
        Lens.of(camera)
