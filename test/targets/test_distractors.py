"""A double beside the target: on synthetic images, with a matcher that needs no network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.targets.base import Response
from mobinet.targets.corrections import CORRECTIONS, make_corrections
from mobinet.targets.distractors import DistractorModule, DistractorSettings
from mobinet.targets.proposals import overlap
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Float64, Image
from test.targets.correlation import SIZE, CorrelationMatcher, box_at, frame_of, paste, texture

START, DISTANCE = 20, 40


class Distracted(CorrelationMatcher):
    """Chooses the double once, as a network does where two look alike, and then stays with what is nearer."""

    def __init__(self, at_search: int) -> None:
        super().__init__()
        self._at = at_search
        self.doubles: list[Float64] = []

    def search(self, image: Image, template: Any, around: Float64, widen: float = 1.0) -> Response:
        """See Matcher."""
        response = super().search(image, template, around, widen)
        if self.searches != self._at:
            return response
        return replace(response, box=self.doubles[-1])


def _double_scene(seed: int = 0) -> tuple[Image, Image, Image]:
    rng = np.random.default_rng(seed)
    target = texture(rng, *SIZE)
    return texture(rng, 260, 120, 6), target, target


def _image(parts: tuple[Image, Image, Image], index: int) -> Image:
    ground, target, double = parts
    image: Image = ground.copy()
    paste(image, double, START + DISTANCE + 2 * index, 40)
    paste(image, target, START + 2 * index, 40)
    return image


def _place(index: int) -> Float64:
    return box_at(START + 2 * index, 40)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("use", [(), ("distractors",), CORRECTIONS], ids=["network", "distractors", "both"])
def test_a_double_beside_the_target_does_not_take_its_place(seed: int, use: tuple[str, ...]) -> None:
    parts, fooled_at = _double_scene(seed), 20
    matcher = Distracted(fooled_at)
    corrections = make_corrections(matcher, use=use)
    tracker = TargetTracker(matcher, corrections)
    tracker.start(frame_of(0, _image(parts, 0)), _place(0))
    for index in range(1, 45):
        matcher.doubles.append(_place(index) + np.array((DISTANCE, 0, DISTANCE, 0)))
        target = tracker.update(frame_of(index, _image(parts, index)))
    # the network alone goes along with the double
    assert target.box is not None
    assert (overlap(target.box, _place(44)) > 0.7) == bool(use)
    if use:
        assert isinstance(corrections[0], DistractorModule)
        assert corrections[0].diagnostics.corrected == 1


def test_no_look_back_where_nobody_competes() -> None:
    ground, target, _ = _double_scene()
    matcher = CorrelationMatcher()
    module = DistractorModule(matcher)
    tracker = TargetTracker(matcher, [module])
    parts = (ground, target, ground[:1, :1])
    tracker.start(frame_of(0, _image(parts, 0)), _place(0))
    for index in range(1, 30):
        tracker.update(frame_of(index, _image(parts, index)))
    assert module.diagnostics.looks_back == 0
    assert matcher.searches == 29


def test_rivals_are_bounded_and_forgotten() -> None:
    parts, matcher = _double_scene(), CorrelationMatcher()
    module = DistractorModule(matcher, DistractorSettings(most_rivals=2, remember_s=0.2))
    tracker = TargetTracker(matcher, [module])
    tracker.start(frame_of(0, _image(parts, 0)), _place(0))
    most = 0
    for index in range(1, 20):
        tracker.update(frame_of(index, _image(parts, index)))
        most = max(most, len(module.diagnostics.rivals))
    assert 1 <= most <= 2
    assert max(rival.images for rival in module.diagnostics.rivals) >= 10
    # the double is gone, and so is the memory of it
    alone = (parts[0], parts[1], parts[0][:1, :1])
    for index in range(20, 40):
        tracker.update(frame_of(index, _image(alone, index)))
    assert all(rival.images < 10 for rival in module.diagnostics.rivals)


def test_unknown_corrections_and_settings_out_of_range() -> None:
    with pytest.raises(SettingsError, match="distractors, occlusion"):
        make_corrections(CorrelationMatcher(), use=("magic",))
    with pytest.raises(SettingsError, match="most_rivals"):
        DistractorSettings(most_rivals=0)
