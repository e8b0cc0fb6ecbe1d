"""Random worlds for training."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import MissingDependencyError
from mobinet.sim.randomised import RandomWorldSettings, random_images, random_world
from mobinet.sim.repaint import random_pattern
from mobinet.sim.world import ObjectClass

SMALL = RandomWorldSettings(width=160, height=120, cameras=2, instants=2, people=3, cyclists=1, cars=1)


def test_a_seed_is_a_world():
    assert repr(random_world(3)) == repr(random_world(3))
    assert repr(random_world(3)) != repr(random_world(4))


@pytest.mark.parametrize("seed", range(8))
def test_settings_bound_what_is_there(seed: int):
    world = random_world(seed, SMALL)
    assert 1 <= len(world.people) <= 3
    assert len(world.cyclists) <= 1
    assert len(world.cars) <= 1
    assert len(world.robots) == 2
    names = [thing.name for thing in (*world.people, *world.cyclists, *world.cars, *world.robots)]
    names += [thing.name for thing in (*world.areas, *world.walls, *world.pillars)]
    assert len(names) == len(set(names))


def test_worlds_vary():
    worlds = [random_world(seed) for seed in range(40)]
    assert {world.light for world in worlds} == {"day", "dusk", "night"}
    assert len({len(world.people) for world in worlds}) > 5
    heights = [robot.cameras[0].mount.translation[2] for world in worlds for robot in world.robots]
    assert min(heights) < 1 < 4 < max(heights)


def test_images_have_their_truth():
    try:
        images = list(random_images(5, SMALL))
        again = list(random_images(5, SMALL))
    except MissingDependencyError as error:
        pytest.skip(str(error))
    assert [(image.camera, image.seed) for image in images] == [(f"r{robot}/front", 5) for robot in (1, 1, 2, 2)]
    assert all(image.image.shape == (120, 160, 3) for image in images)
    # the same seed gives the same pixels
    assert all(np.array_equal(a.image, b.image) for a, b in zip(images, again, strict=True))
    assert not np.array_equal(images[0].image, images[1].image)
    objects = [thing for image in images for thing in image.objects]
    assert {thing.object_class for thing in objects} <= set(ObjectClass)
    assert any(thing.visibility > 0.5 for thing in objects)


@pytest.mark.parametrize("seed", range(12))
def test_patterns_fill_their_picture(seed: int):
    pattern = random_pattern(64, 48, np.random.default_rng(seed))
    assert pattern.shape == (64, 48, 3)
    assert pattern.dtype == np.uint8
