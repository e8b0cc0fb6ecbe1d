"""A target behind an occluder: on synthetic images, with a matcher that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from mobinet.errors import InputError, SettingsError
from mobinet.targets.corrections import make_corrections
from mobinet.targets.history import HistorySettings
from mobinet.targets.occlusion import OcclusionModule
from mobinet.targets.occlusion_settings import OcclusionSettings
from mobinet.targets.proposals import overlap
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Float64, Frame, Image, Target, TargetState
from test.targets.correlation import SIZE, CorrelationMatcher, box_at, frame_of, paste, texture

HIDDEN_STATES = (TargetState.OCCLUDED, TargetState.LOST)


class Scene:
    """A patch that walks to the right at 2 pixels an image, and a wall that hides it for a number of images."""

    def __init__(self, hidden: int, seed: int = 0, start: int = 20) -> None:
        rng = np.random.default_rng(seed)
        wall = max(2 * hidden + SIZE[0], 1)
        self.ground = texture(rng, 200 + wall, 120, 6)
        self.target = texture(rng, *SIZE)
        self.wall = texture(rng, wall, 70, 8)
        self.wall_x = 100
        self.start, self.hidden = start, hidden
        self.length = (self.ground.shape[1] - start - SIZE[0]) // 2 if hidden else 40

    def place(self, index: int) -> Float64:
        """Where the target is."""
        return box_at(self.start + 2 * index, 40)

    def image(self, index: int, *, with_target: bool = True) -> Image:
        """The scene at a time."""
        image = self.ground.copy()
        if with_target:
            x, y = self.place(index)[:2]
            paste(image, self.target, x, y)
        if self.hidden:
            paste(image, self.wall, self.wall_x, 25)
        return image

    def covered(self, index: int) -> float:
        """Share of the target behind the wall."""
        x1, x2 = self.place(index)[[0, 2]]
        common = min(x2, self.wall_x + self.wall.shape[1]) - max(x1, self.wall_x)
        return float(max(common, 0) / SIZE[0])


def _follow(
    scene: Scene, matcher: CorrelationMatcher, image: Callable[[int], Image], indices: Iterable[int]
) -> tuple[list[Target], OcclusionModule]:
    corrections = make_corrections(matcher, use=("occlusion",))
    tracker = TargetTracker(matcher, corrections)
    tracker.start(frame_of(0, image(0)), scene.place(0))
    module = corrections[-1]
    assert isinstance(module, OcclusionModule)
    return [tracker.update(frame_of(index, image(index))) for index in indices], module


@pytest.mark.parametrize("hidden", [20, 60])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_target_that_was_hidden_is_found_again(hidden: int, seed: int) -> None:
    scene = Scene(hidden, seed)
    indices = range(1, scene.length)
    targets, _ = _follow(scene, CorrelationMatcher(), scene.image, indices)
    covered = [scene.covered(index) for index in indices]
    for index, target, share in zip(indices, targets, covered, strict=True):
        if share == 0 and index < 30:
            assert target.state is TargetState.TRACKING
            assert overlap(target.box, scene.place(index)) > 0.7
    # hidden for at least ten images: nobody claims to see it
    wholly = [target for target, before in zip(targets[10:], covered, strict=False) if before == 1.0]
    assert {target.state for target in wholly[: hidden - 12]} <= set(HIDDEN_STATES)
    assert TargetState.REFOUND in {target.state for target in targets}
    assert targets[-1].state is TargetState.TRACKING
    assert overlap(targets[-1].box, scene.place(indices[-1])) > 0.7


def test_the_network_alone_does_not_find_it_again() -> None:
    # else the test above would say nothing of the module
    scene, matcher = Scene(60), CorrelationMatcher()
    tracker = TargetTracker(matcher)
    tracker.start(frame_of(0, scene.image(0)), scene.place(0))
    last = [tracker.update(frame_of(index, scene.image(index))) for index in range(1, scene.length)][-1]
    assert last.box is None or overlap(last.box, scene.place(scene.length - 1)) < 0.3


def test_nothing_changes_while_the_target_is_seen() -> None:
    scene = Scene(0)
    plain, corrected = (
        TargetTracker(CorrelationMatcher()),
        TargetTracker(m := CorrelationMatcher(), make_corrections(m)),
    )
    for tracker in (plain, corrected):
        tracker.start(frame_of(0, scene.image(0)), scene.place(0))
    for index in range(1, 35):
        frame = frame_of(index, scene.image(index))
        one, other = plain.update(frame), corrected.update(frame)
        assert other.state is TargetState.TRACKING
        np.testing.assert_allclose(one.box, other.box)


def test_a_target_that_never_returns_stays_lost_with_bounded_memory() -> None:
    scene, matcher = Scene(20), CorrelationMatcher()
    history = HistorySettings(max_seconds=1.0, max_bytes=3_000_000)
    corrections = make_corrections(matcher, history=history, use=("occlusion",))
    tracker, module = TargetTracker(matcher, corrections), corrections[-1]
    assert isinstance(module, OcclusionModule)
    tracker.start(frame_of(0, scene.image(0)), scene.place(0))
    last_seen = 50
    states, sizes = [], []
    for index in range(1, 300):
        image = scene.image(index, with_target=index <= last_seen)
        states.append(tracker.update(frame_of(index, image)).state)
        sizes.append(module.n_bytes)
    assert set(states[130:]) == {TargetState.LOST}
    assert max(sizes[200:]) <= max(sizes[:200]) <= history.max_bytes + 200_000


def test_the_same_images_give_the_same_answers() -> None:
    scene = Scene(20)
    runs = [_follow(scene, CorrelationMatcher(), scene.image, range(1, 60))[0] for _ in range(2)]
    for one, other in zip(*runs, strict=True):
        assert (one.state, one.confidence) == (other.state, other.confidence)


def test_a_new_target_forgets_the_old_one() -> None:
    scene, matcher = Scene(20), CorrelationMatcher()
    targets, module = _follow(scene, matcher, scene.image, range(1, 55))
    assert targets[-1].state in HIDDEN_STATES
    fresh = frame_of(100, scene.image(0))
    module.start(fresh, scene.place(0), matcher.describe(scene.image(0), scene.place(0)))
    assert module.diagnostics.looks_back == 0
    assert module.diagnostics.candidate is None


FAR = box_at(300, 20)


def _returns_far_away(index: int) -> Image:
    """A target that walks, is gone at image 25, and stands far away from image 40 on."""
    scene = Scene(60)
    if index < 25:
        return scene.image(index)
    image = scene.image(index, with_target=False)
    if index >= 40:
        paste(image, scene.target, *FAR[:2])
    return image


class Proposes:
    """Knows the place, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def start(self, frame: Frame, box: Float64) -> None:
        self.asked = []

    def propose(self, frame: Frame) -> Float64:
        self.asked.append(frame.stamp_ns)
        return FAR[None]


@pytest.mark.parametrize("source", ["nobody", "a call", "a proposer"])
def test_a_place_from_outside_is_taken_up(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # without a sweep the module does not find so far a place by itself
    monkeypatch.setattr("mobinet.targets.candidates.sweep", lambda *_: [])
    scene, matcher, proposer = Scene(60), CorrelationMatcher(), Proposes()
    corrections = make_corrections(matcher, use=("occlusion",), proposer=proposer if source == "a proposer" else None)
    tracker, module = TargetTracker(matcher, corrections), corrections[-1]
    assert isinstance(module, OcclusionModule)
    tracker.start(frame_of(0, _returns_far_away(0)), scene.place(0))
    states = []
    for index in range(1, 110):
        if source == "a call" and index >= 45:
            module.propose(FAR)
        target = tracker.update(frame_of(index, _returns_far_away(index)))
        states.append(target.state)
    assert (TargetState.REFOUND in states) == (source != "nobody")
    if source != "nobody":
        assert target.state is TargetState.TRACKING
        assert overlap(target.box, FAR) > 0.7
    # it is asked only for what is LOST: looking costs
    assert len(proposer.asked) <= states.count(TargetState.LOST) + 1


def test_a_place_from_outside_that_shows_something_else_is_not_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobinet.targets.candidates.sweep", lambda *_: [])
    scene, matcher = Scene(60), CorrelationMatcher()
    corrections = make_corrections(matcher, use=("occlusion",))
    tracker, module = TargetTracker(matcher, corrections), corrections[-1]
    assert isinstance(module, OcclusionModule)
    tracker.start(frame_of(0, _returns_far_away(0)), scene.place(0))
    for index in range(1, 110):
        module.propose(FAR - np.array((60, 0, 60, 0)))
        target = tracker.update(frame_of(index, _returns_far_away(index)))
    assert target.state is TargetState.LOST


@pytest.mark.parametrize("box", [(0, 0, 10), (10, 0, 0, 10), (0, 0, np.nan, 10)])
def test_a_malformed_place_is_refused(box: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="proposal"):
        OcclusionModule(CorrelationMatcher()).propose(np.array(box))


class Particular(CorrelationMatcher):
    """Finds a thing in any light, but holds it for another one."""

    def likeness(self, first: Any, second: Any) -> float:
        """Of pixels of about the same brightness alone."""
        return super().likeness(first, second) if abs(first.mean() - second.mean()) < 40 else 0.0


def test_a_false_alarm_keeps_the_networks_box() -> None:
    # the target pales at once, and turns back soon after: a prediction would run away from it
    scene, matcher = Scene(0), Particular()
    tracker = TargetTracker(matcher, make_corrections(matcher, use=("occlusion",)))
    pale = np.asarray(255 - (255 - scene.target.astype(np.int64)) // 8, np.uint8)
    states = []
    for index in range(70):
        place, image = box_at(20 + 2 * min(index, 60 - index), 40), scene.ground.copy()
        paste(image, pale if index >= 20 else scene.target, *place[:2])
        frame = frame_of(index, image)
        target = tracker.update(frame) if index else tracker.start(frame, place)
        states.append(target.state)
        assert target.box is not None
        assert overlap(target.box, place) > 0.7
    assert TargetState.OCCLUDED in states


@pytest.mark.parametrize("wrong", [{"views": 0}, {"memory": 1.0}, {"accept_odds": 99.0}])
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        OcclusionSettings(**wrong)
