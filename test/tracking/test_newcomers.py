from __future__ import annotations

import pytest

from mobinet.tracking import TrackerSettings, lifecycle
from mobinet.tracking.newcomers import Newcomers


def watched(seconds: float, rate_hz: float, **each: int) -> Newcomers:
    newcomers = Newcomers()
    for _ in range(round(seconds * rate_hz)):
        newcomers = newcomers.follow(**{"confirmed": 0, "near": 0, "pairs": 0, **each}, dt_s=1 / rate_hz)
    return newcomers


@pytest.mark.parametrize("rate_hz", [2, 10, 30])
def test_they_are_counted_by_the_second_whatever_the_rate(rate_hz):
    newcomers = watched(60, rate_hz, confirmed=1, near=2, pairs=8)
    assert newcomers.per_s == pytest.approx(rate_hz, rel=0.01)
    assert newcomers.nearness == pytest.approx(0.25, rel=0.01)
    assert newcomers.per_place_s == pytest.approx(0.25 * rate_hz, rel=0.01)


def test_an_image_without_pairs_says_nothing_about_nearness():
    before = Newcomers(1.0, 0.3)
    after = before.follow(confirmed=0, near=0, pairs=0, dt_s=0.1)
    assert after.nearness == 0.3
    assert after.per_s < 1.0


def test_a_long_gap_counts_as_the_whole_memory():
    assert Newcomers(5.0, 0.5).follow(confirmed=6, near=1, pairs=10, dt_s=60.0) == pytest.approx((0.1, 0.1))


def test_the_first_image_says_nothing():
    assert Newcomers().follow(confirmed=5, near=3, pairs=3, dt_s=0.0) == Newcomers()


@pytest.mark.parametrize(
    ("newcomers", "expected"),
    [
        # nobody comes
        (Newcomers(), 2.0),
        # one in 25 s in a place: 0.1 of one in 2.5 s, which is longer than any track may wait
        (Newcomers(0.4, 0.1), 2.0),
        # one in 10 s
        (Newcomers(1.0, 0.1), 1.0),
        # a stream of people: as long as a tentative track
        (Newcomers(10.0, 0.5), 0.3),
    ],
)
def test_tracks_wait_until_a_stranger_is_as_likely(newcomers, expected):
    settings = TrackerSettings(max_coast_s=2.0, max_strangers=0.1, max_tentative_coast_s=0.3)
    assert lifecycle.coast_s(newcomers, settings) == pytest.approx(expected)


def test_strangers_can_be_left_out():
    settings = TrackerSettings(max_coast_s=2.0, max_strangers=0.0)
    assert lifecycle.coast_s(Newcomers(10.0, 0.5), settings) == 2.0


def test_no_track_waits_longer_than_it_may():
    # a tentative track may live longer than a confirmed one: max_coast_s still holds
    settings = TrackerSettings(max_coast_s=0.2, max_tentative_coast_s=0.3)
    assert lifecycle.coast_s(Newcomers(10.0, 0.5), settings) == 0.2
