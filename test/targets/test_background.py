"""What was there before the target, and what is not told."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.targets.background import Background
from mobinet.targets.history import FrameHistory, HistorySettings
from mobinet.types import Float64, Image
from test.targets.correlation import SIZE, box_at, frame_of, paste, texture

LENGTH = 40


def _image(ground: Image, target: Image, index: int) -> Image:
    image = ground.copy()
    paste(image, target, *_place(index)[:2])
    return image


def _place(index: int) -> Float64:
    return box_at(10 + 3 * index, 40)


@pytest.fixture(params=[960, 100], ids=["full size", "reduced"])
def scene(request: pytest.FixtureRequest) -> tuple[Background, Image, Image]:
    """A target that walked over a ground, the ground, and the target's looks."""
    rng = np.random.default_rng(3)
    ground, target = texture(rng, 200, 120, 12), texture(rng, *SIZE)
    history = FrameHistory(HistorySettings(max_side_px=request.param))
    background = Background(history)
    for index in range(LENGTH):
        frame = frame_of(index, _image(ground, target, index))
        history.add(frame)
        if index == 0:
            background.reset(frame.stamp_ns, _place(index))
        else:
            background.add(frame.stamp_ns, _place(index))
    return background, ground, target


def test_a_place_that_looks_as_before_is_background(scene: tuple[Background, Image, Image]) -> None:
    background, ground, _ = scene
    assert background.shows(ground, _place(LENGTH))
    # and where the target never was
    assert background.shows(ground, box_at(30, 2))


def test_the_target_is_not_background(scene: tuple[Background, Image, Image]) -> None:
    background, ground, target = scene
    assert not background.shows(_image(ground, target, LENGTH), _place(LENGTH))


def test_nothing_is_told_by_another_light_or_size(scene: tuple[Background, Image, Image]) -> None:
    background, ground, _ = scene
    brighter = np.clip(ground.astype(np.int64) + 40, 0, 255).astype(np.uint8)
    assert not background.shows(brighter, _place(LENGTH))
    assert not background.shows(ground[:100, :150].copy(), box_at(30, 2))
    assert not background.shows(ground[..., 0].copy(), _place(LENGTH))


def test_nothing_is_told_of_a_target_that_stands() -> None:
    rng = np.random.default_rng(4)
    ground, target = texture(rng, 200, 120, 12), texture(rng, *SIZE)
    history = FrameHistory()
    background = Background(history)
    image = _image(ground, target, 0)
    for index in range(LENGTH):
        frame = frame_of(index, image)
        history.add(frame)
        background.reset(0, _place(0)) if index == 0 else background.add(frame.stamp_ns, _place(0))
    # the same pixels as ever, but they are the target's
    assert not background.shows(image, _place(0))


def test_sure_places_are_forgotten_with_age(scene: tuple[Background, Image, Image]) -> None:
    background, _, _ = scene
    for index in range(LENGTH, 400):
        background.add(frame_of(index, np.zeros((4, 4, 3), np.uint8)).stamp_ns, _place(0))
    assert len(background.sure) <= 6 * 25 + 1
    # none of the images is kept that long ago
    assert background.n_bytes == 0


def test_a_new_target_forgets_the_old_one(scene: tuple[Background, Image, Image]) -> None:
    background, ground, _ = scene
    background.reset(10**12, _place(0))
    assert len(background.sure) == 1
    assert not background.shows(ground, _place(LENGTH))
