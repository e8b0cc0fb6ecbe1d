"""Surfaces that are painted."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.sim.interior import FLOORS, FURNITURE_FINISHES, WALL_FINISHES
from mobinet.sim.textures import EXTENT_M, paint_texture
from mobinet.sim.world import FINISHES, SURFACES

NAMES = sorted({*SURFACES, *FLOORS, *FINISHES, *WALL_FINISHES, *FURNITURE_FINISHES, "books", "ceiling"} - {"plain"})


def test_every_surface_that_a_world_may_name_is_there():
    assert set(NAMES) == set(EXTENT_M)


@pytest.mark.parametrize("name", NAMES)
def test_surfaces_are_painted_from_the_seed(name):
    image = paint_texture(name, 3)
    assert (image.shape, image.dtype) == ((256, 256, 3), np.uint8)
    assert image.std() > 1
    np.testing.assert_array_equal(image, paint_texture(name, 3))
    assert (image != paint_texture(name, 4)).any()


@pytest.mark.parametrize("name", ["asphalt", "grass", "carpet", "plaster", "fabric"])
def test_what_has_no_pattern_continues_at_its_edges(name):
    """The step over the edge is like those inside."""
    image = paint_texture(name, 3).astype(float).mean(axis=2)
    inside = np.abs(np.diff(image, axis=1)).mean()
    assert np.abs(image[:, 0] - image[:, -1]).mean() < 1.5 * inside
