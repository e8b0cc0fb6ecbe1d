"""Overlays: what is drawn where, on any image, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.types import Image, Target, TargetState, Track, TrackState
from mobinet.viewing.colours import identity_colour, target_colour, track_colour
from mobinet.viewing.overlay import OverlaySettings, draw_overlay, label_text
from mobinet.viewing.trails import Trails

BOX = (100.0, 100.0, 200.0, 220.0)


def make_track(
    track_id: int = 1, box: tuple[float, ...] = BOX, state: TrackState = TrackState.CONFIRMED, name: str = "person"
) -> Track:
    return Track(track_id, np.array(box, np.float32), 0.87, name, state, np.zeros(2, np.float32), 0, 0)


def black(height: int = 240, width: int = 320) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def is_drawn(canvas: Image, colour: tuple[int, int, int]) -> np.ndarray:
    """(H, W) bool: pixels of this RGB colour in a BGR image."""
    return np.asarray((np.abs(canvas - np.array(colour[::-1], float)) < 3).all(axis=2))


@pytest.mark.parametrize("shape", [(240, 320, 3), (240, 320), (1080, 1920, 3)])
def test_any_image_gives_a_colour_copy(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 40, np.uint8)
    image.flags.writeable = False  # as handed over between nodes
    canvas = draw_overlay(image, [make_track()], {})
    assert canvas.shape == (*shape[:2], 3)
    assert (image == 40).all()
    assert is_drawn(canvas, track_colour(1)).any()


def test_identity_gives_the_colour_and_the_name() -> None:
    canvas = draw_overlay(black(), [make_track()], {1: "r1-4"})
    assert is_drawn(canvas, identity_colour("r1-4")).any()
    assert not is_drawn(canvas, track_colour(1)).any()


def test_less_certain_states_leave_more_gaps() -> None:
    def drawn(state: TrackState) -> int:
        canvas = draw_overlay(black(900, 900), [make_track(box=(100, 400, 600, 800), state=state)], {})
        return int(is_drawn(canvas, track_colour(1))[500:].sum())  # below the label

    solid, dashed, thin = (drawn(s) for s in (TrackState.CONFIRMED, TrackState.COASTING, TrackState.TENTATIVE))
    assert 0 < thin < dashed < solid


def test_tentative_tracks_can_be_left_out() -> None:
    tracks = [make_track(state=TrackState.TENTATIVE)]
    assert not draw_overlay(black(), tracks, {}, OverlaySettings(show_tentative=False)).any()


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        (OverlaySettings(), None, "#1 person"),
        (OverlaySettings(), "r1-4", "r1-4 person"),
        (OverlaySettings(show_class=False), "r1-4", "r1-4"),
        (OverlaySettings(show_score=True), None, "#1 person 87%"),
    ],
)
def test_label(settings: OverlaySettings, name: str | None, expected: str) -> None:
    assert label_text(make_track(), name, settings) == expected


@pytest.mark.parametrize("state", [state for state in TargetState if state != TargetState.NONE])
def test_a_target_has_the_colour_of_its_state(state: TargetState) -> None:
    box = None if state == TargetState.LOST else np.array([100.0, 60, 160, 180])
    canvas = draw_overlay(black(), [], {}, target=Target(0, state, box, 0.9), target_name="7")
    drawn = is_drawn(canvas, target_colour(state))
    # a lost one frames the image, a seen one has its corners, and its sides stay open between them
    assert (drawn[239, 319], drawn[60, 100], drawn[120, 100]) == (
        (True, False, False) if box is None else (False, True, False)
    )


def test_without_a_target_nothing_is_drawn() -> None:
    assert not draw_overlay(black(), [], {}, target=Target(0, TargetState.NONE, None, 0.0)).any()


def test_trail_is_drawn_behind_the_foot() -> None:
    trails: Trails[int] = Trails(seconds=5.0)
    for step in range(10):
        trails.update(step, {1: np.array([20.0 + 5 * step, 230.0])})
    row = (230, slice(25, 60))
    assert not draw_overlay(black(), [make_track()], {})[row].any()
    assert draw_overlay(black(), [make_track()], {}, trails=trails)[row].any(axis=1).all()


@pytest.mark.parametrize("box", [(-50, -50, 40, 60), (300, 200, 900, 900), (5, 0, 15, 8)])
def test_a_label_stays_inside_the_image(box: tuple[float, ...]) -> None:
    canvas = draw_overlay(black(), [make_track(box=box)], {})
    # the filled label is at least 9 rows of 30 pixels
    rows = is_drawn(canvas, track_colour(1)).sum(axis=1)
    assert (rows >= 30).sum() >= 5


@given(st.tuples(*[st.floats(-(2.0**100), 2.0**100, width=32)] * 4), st.sampled_from(TrackState))
def test_any_finite_box_is_drawn_or_cut_off(box: tuple[float, ...], state: TrackState) -> None:
    assert draw_overlay(black(60, 80), [make_track(box=box, state=state)], {}).shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("image", "box", "message"),
    [
        (np.zeros((4, 4, 4), np.uint8), BOX, "expected a uint8 image"),  # four channels
        (np.zeros((4, 4, 3), np.float32), BOX, "expected a uint8 image"),  # floats
        (np.zeros((0, 4, 3), np.uint8), BOX, "empty"),
        (np.zeros((4, 4, 3), np.uint8), (0, 0, np.nan, 1), "not finite"),
    ],
)
def test_bad_input_is_refused(image: np.ndarray, box: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw_overlay(image, [make_track(box=box)], {})
