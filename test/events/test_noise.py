from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mobinet.events import BackgroundActivityFilter, Events, HotPixelFilter, NoiseSettings

from .conftest import HEIGHT, WIDTH, events_in_order


@given(events_in_order(), st.integers(0, 20), st.integers(0, 60))
def test_an_event_needs_a_neighbour_before_it(events: Events, support: int, cut: int) -> None:
    expected = []
    for index, (t, x, y) in enumerate(zip(events.t_ns.tolist(), events.x.tolist(), events.y.tolist(), strict=True)):
        before = events[:index]
        distance = np.maximum(abs(before.x.astype(int) - x), abs(before.y.astype(int) - y))
        expected.append(bool(((distance == 1) & (t - before.t_ns <= support)).any()))
    noise = BackgroundActivityFilter(WIDTH, HEIGHT, support * 1e-9)
    # in two packets
    found = [*noise.keep(events[:cut]), *noise.keep(events[cut:])]
    assert found == expected
    noise.reset()
    assert noise.keep(events).tolist() == expected


def hot_scene(seconds: float) -> Events:
    """A pixel with 2000 events a second among ones with 10, and an edge that crosses all pixels of a column often."""
    rng = np.random.default_rng(5)
    hot = np.stack([np.arange(0, seconds, 1 / 2000), *np.full((2, int(seconds * 2000)), 20)], 1)
    quiet = rng.uniform([0, 0, 0], [seconds, 40, 40], (int(10 * seconds * 1600), 3))
    times = np.arange(0, seconds, 1 / 2000)
    edge = np.stack([np.repeat(times, 40), np.full(len(times) * 40, 5), np.tile(np.arange(40), len(times))], 1)
    table = np.concatenate([hot, quiet, edge])
    table = table[np.argsort(table[:, 0], kind="stable")]
    t_ns, x, y = (table * [1e9, 1, 1]).astype(np.int64).T
    return Events(t_ns, x, y, rng.random(len(table)) < 0.5)


def test_hot_pixels_go_and_busy_ones_stay() -> None:
    noise = HotPixelFilter(40, 40, NoiseSettings())
    first, second = hot_scene(0.6), hot_scene(0.6)
    assert noise.keep(first).all()
    kept = noise.keep(second)
    hot = (second.x == 20) & (second.y == 20)
    assert noise.hot.sum() == 1
    assert not kept[hot].any()
    assert kept[~hot].all()
