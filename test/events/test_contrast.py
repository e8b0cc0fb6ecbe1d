"""The motion of the whole picture, found in its events."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.events import Events
from mobinet.events.contrast import Moved, PictureMotion, move_along
from mobinet.types import Float64

from .moving_points import SIZE, inside

SPAN_NS = 100_000_000


def turned(shift: tuple[float, float], zoom: float, turn: float) -> Float64:
    """``(3, 3)``: shift in pixels, zoom and turn around the middle."""
    centre = np.array([[1, 0, (SIZE[0] - 1) / 2], [0, 1, (SIZE[1] - 1) / 2], [0, 0, 1]])
    motion = np.array([[1 + zoom, -turn, shift[0]], [turn, 1 + zoom, shift[1]], [0, 0, 1]])
    moved: Float64 = centre @ motion @ np.linalg.inv(centre)
    return moved


def scene(motion: Float64, rng: np.random.Generator, count: int = 1500) -> Events:
    """Events of points all over the picture, which ``motion`` takes along in the span."""
    points = rng.uniform((0, 0), SIZE, (count, 2))
    which = rng.integers(0, count, 10 * count)
    t_ns = np.sort(rng.integers(0, SPAN_NS, len(which)))
    mapped = np.concatenate((points, np.ones((count, 1))), axis=1) @ motion.T
    along = mapped[:, :2] / mapped[:, 2:] - points
    return inside(t_ns, points[which] + (t_ns / SPAN_NS)[:, None] * along[which], rng)


@pytest.mark.parametrize(
    "motion",
    [
        turned((0, 0), 0, 0),
        turned((7, -4), 0, 0),
        turned((-14, 3), 0, 0),
        turned((0, 0), 0.05, 0),
        turned((0, 0), -0.04, 0),
        turned((0, 0), 0, 0.05),
        turned((5, 2), 0.03, -0.03),
    ],
    ids=["still", "shift", "far", "nearer", "farther", "turn", "all"],
)
def test_known_motions_are_found(motion: Float64) -> None:
    events = scene(motion, np.random.default_rng(1))
    found = PictureMotion(*SIZE).estimate(Moved.of(events, SPAN_NS, SPAN_NS, SIZE))
    corners = np.array([[40, 40, 1], [280, 40, 1], [40, 200, 1], [280, 200, 1], [160, 120, 1.0]])
    off = (corners @ found.T - corners @ motion.T)[:, :2]
    assert np.abs(off).max() < 1.0


def test_a_busy_object_does_not_outvote_the_scene() -> None:
    rng = np.random.default_rng(2)
    background = scene(turned((-5, 0), 0, 0), rng)
    points = rng.uniform((100, 80), (140, 160), (400, 2))
    which = rng.integers(0, 400, 30_000)
    t_ns = np.sort(rng.integers(0, SPAN_NS, 30_000))
    busy = inside(t_ns, points[which] + (t_ns / SPAN_NS)[:, None] * (12, 0), rng)
    together = Events.concatenate([background, busy]).in_order()
    found = PictureMotion(*SIZE).estimate(Moved.of(together, SPAN_NS, SPAN_NS, SIZE))
    assert np.allclose(found[:2, 2], (-5, 0), atol=3.0)
    assert np.abs(found @ (160, 120, 1) - (155, 120, 1)).max() < 1.0


def test_events_move_to_where_their_point_is_at_the_end() -> None:
    motion = turned((8, -4), 0.02, 0.01)
    moved = Moved(
        np.array([50.0, 50.0], np.float32), np.array([60.0, 60.0], np.float32), np.array([0.0, 1.0], np.float32)
    )
    x, y = move_along(moved, motion)
    expected = motion @ (50, 60, 1)
    assert np.allclose((x[0], y[0]), (50, 60))
    assert np.allclose((x[1], y[1]), expected[:2], atol=1e-4)


def test_only_some_events_of_a_tile_count() -> None:
    x, t = np.full(1000, 5), np.arange(1000) * 1000
    few = Moved.of(Events(t, x, x, np.ones(1000, bool)), 1_000_000, 1_000_000, SIZE)
    assert len(few) == 40
    # evenly from all of the span
    assert np.allclose(np.diff(few.age), -0.025, atol=1e-3)
    assert few.coverage == pytest.approx(1 / 300)
