"""Each representation against its definition, event by event in float64."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events, OrdinalSurface, OrdinalSurfaceSettings, TimeSurface, Window, histogram, voxel_grid

from .conftest import HEIGHT, WIDTH, events_in_order

START = 10**18
some_windows = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 20), st.integers(1, 30)).map(lambda w: Window(START + w[0], START + w[0] + w[1])),
)


def rows(events: Events) -> list[tuple[int, int, int, int]]:
    return list(zip(events.t_ns.tolist(), events.x.tolist(), events.y.tolist(), events.polarity.tolist(), strict=True))


@given(events_in_order(), st.integers(1, 4), some_windows, st.randoms(use_true_random=False))
def test_histogram_is_a_count(events: Events, bins: int, window: Window | None, order: random.Random) -> None:
    expected = np.zeros((2, bins, HEIGHT, WIDTH), int)
    edges = (window or Window.of(events)).edges(bins)
    for t, x, y, p in rows(events):
        for index in range(bins):
            if edges[index] <= t < edges[index + 1]:
                expected[int(p), index, y, x] += 1
    assert (histogram(events, WIDTH, HEIGHT, bins, window) == expected).all()
    mixed = list(range(len(events)))
    order.shuffle(mixed)
    assert (histogram(events[np.array(mixed, int)], WIDTH, HEIGHT, bins, window) == expected).all()


def many_events(seed: int) -> Events:
    """More than are taken at once, whose times go back now and then, as those of a faulty clock."""
    rng = np.random.default_rng(seed)
    t_ns = START + np.sort(rng.integers(0, 40, 3000)) - 7 * (rng.random(3000) < 0.01)
    return Events(t_ns, rng.integers(0, WIDTH, 3000), rng.integers(0, HEIGHT, 3000), rng.random(3000) < 0.5)


@pytest.mark.parametrize("window", [None, Window(START + 5, START + 31), Window(START - 90, START - 20)])
@pytest.mark.parametrize("bins", [2, 5, 60])
def test_many_events_in_disorder(bins: int, window: Window | None) -> None:
    events = many_events(bins)
    counts, grid = np.zeros((2, bins, HEIGHT, WIDTH), int), np.zeros((bins, HEIGHT, WIDTH))
    edges = (window or Window.of(events)).edges(bins)
    start, end = window or (int(events.t_ns.min()), int(events.t_ns.max()))
    for t, x, y, p in rows(events):
        if edges[0] <= t < edges[-1]:
            counts[int(p), np.searchsorted(edges, t, "right") - 1, y, x] += 1
            nearness = 1 - np.abs(np.arange(bins) - (bins - 1) * (t - start) / (end - start))
            grid[:, y, x] += (1 if p else -1) * np.maximum(nearness, 0)
    assert (histogram(events, WIDTH, HEIGHT, bins, window) == counts).all()
    np.testing.assert_allclose(voxel_grid(events, WIDTH, HEIGHT, bins, window), grid, atol=1e-4)


def test_every_event_is_in_a_bin_by_default() -> None:
    events = Events([5, 6, 7], [0, 1, 2], [0, 0, 0], [True, True, True])
    assert histogram(events, 3, 1, bins=2).sum() == 3


def test_histogram_stops_at_255() -> None:
    events = Events(np.zeros(300, int), np.zeros(300, int), np.zeros(300, int), np.ones(300, bool))
    assert histogram(events, 1, 1).ravel().tolist() == [0, 255]


def test_histogram_writes_to_an_array_that_was_used() -> None:
    out = np.full((2, 1, HEIGHT, WIDTH), 9, np.uint8)
    assert histogram(Events.empty(), WIDTH, HEIGHT, out=out) is out
    assert not out.any()
    with pytest.raises(InputError, match=r"expected 'out' as contiguous uint8 \(2, 2, 5, 7\)"):
        histogram(Events.empty(), WIDTH, HEIGHT, bins=2, out=out)


@given(events_in_order(), st.integers(2, 5), some_windows)
def test_voxel_grid_as_defined(events: Events, bins: int, window: Window | None) -> None:
    expected = np.zeros((bins, HEIGHT, WIDTH))
    if len(events):
        start, end = window or (events.t_ns.min(), events.t_ns.max())
        for t, x, y, p in rows(events):
            if window is None or start <= t < end:
                place = (bins - 1) * float(t - start) / max(float(end - start), 1)
                for index in range(bins):
                    expected[index, y, x] += (1 if p else -1) * max(0.0, 1 - abs(index - place))
    found = voxel_grid(events, WIDTH, HEIGHT, bins, window)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_voxel_grid_writes_to_an_array_that_was_used() -> None:
    events, out = many_events(0), np.full((3, HEIGHT, WIDTH), 9, np.float32)
    assert voxel_grid(events, WIDTH, HEIGHT, 3, out=out) is out
    assert (out == voxel_grid(events, WIDTH, HEIGHT, 3)).all()
    assert not voxel_grid(Events.empty(), WIDTH, HEIGHT, 3, out=out).any()
    with pytest.raises(InputError, match=r"expected 'out' as contiguous float32 \(2, 5, 7\)"):
        voxel_grid(events, WIDTH, HEIGHT, 2, out=out)


@given(st.lists(events_in_order(20), max_size=3))
def test_time_surface_keeps_the_newest(parts: list[Events]) -> None:
    surface, expected = TimeSurface(WIDTH, HEIGHT), {}
    for part in parts:
        surface.update(part)
        expected.update({(int(p), y, x): t for t, x, y, p in rows(part)})
    decayed = surface.decayed(START + 40, 20e-9)
    for place in np.ndindex(2, HEIGHT, WIDTH):
        fresh = np.exp(-(START + 40 - expected[place]) / 20) if place in expected else 0
        assert decayed[place] == pytest.approx(fresh, abs=1e-6)


def test_surface_of_later_events_is_new() -> None:
    surface = TimeSurface(2, 1)
    surface.update(Events([100], [0], [0], [True]))
    assert surface.decayed(50, 1.0).ravel().tolist() == [0, 0, 1, 0]
    with pytest.raises(InputError, match="above 0"):
        surface.decayed(50, 0.0)


@given(events_in_order(15), st.integers(1, 3))
def test_ordinal_surface_as_defined(events: Events, reach: int) -> None:
    surface, expected = OrdinalSurface(WIDTH, HEIGHT, OrdinalSurfaceSettings(reach)), np.zeros((HEIGHT, WIDTH))
    side = 2 * reach + 1
    for _, x, y, _ in rows(events):
        expected[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] *= 0.3 ** (1 / side)
        expected[y, x] = 1
    surface.update(events)
    np.testing.assert_allclose(surface.values, expected, atol=1e-5)


def test_ordinal_surface_does_not_know_speed() -> None:
    slow = Events(np.arange(5) * 10**9, np.arange(5), np.zeros(5, int), np.ones(5, bool))
    quick = Events(np.arange(5), slow.x, slow.y, slow.polarity)
    surfaces = [OrdinalSurface(5, 3), OrdinalSurface(5, 3)]
    for surface, events in zip(surfaces, (slow, quick), strict=True):
        surface.update(events)
    assert (surfaces[0].values == surfaces[1].values).all()


@pytest.mark.parametrize(("x", "y"), [(WIDTH, 0), (0, HEIGHT), (65535, 65535)])
def test_events_outside_are_named(x: int, y: int) -> None:
    events = Events([1, 2], [0, x], [0, y], [True, False])
    surfaces = [TimeSurface(WIDTH, HEIGHT).update, OrdinalSurface(WIDTH, HEIGHT).update]
    for use in (*surfaces, lambda e: histogram(e, WIDTH, HEIGHT), lambda e: voxel_grid(e, WIDTH, HEIGHT, 2)):
        with pytest.raises(InputError, match=rf"event 1 is at \({x}, {y}\), outside the sensor of 7 x 5"):
            use(events)
