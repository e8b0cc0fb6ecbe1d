from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import SettingsError
from mobinet.events import Events, Windows, WindowSettings


def stream(times: list[int], x: list[int] | None = None) -> Events:
    return Events(
        np.array(times, np.int64), x or np.zeros(len(times), int), np.zeros(len(times), int), np.ones(len(times), bool)
    )


def cut(times: list[int], settings: WindowSettings, x: list[int] | None = None) -> list[list[int]]:
    return [events.t_ns.tolist() for _, events in Windows(64, 8, settings).push(stream(times, x))]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # the first window begins with the first event; the last one is not full yet
        (WindowSettings(period_s=1e-4), [[0, 1, 99_999], [100_000]]),
        # two events, whatever the time; events of one time stay together
        (WindowSettings(period_s=1.0, max_events=2), [[0, 1], [99_999, 100_000], [250_000, 250_000, 250_000]]),
        # whatever comes first
        (WindowSettings(period_s=1e-4, max_events=3), [[0, 1, 99_999], [100_000], [250_000, 250_000, 250_000]]),
    ],
)
def test_windows_by_time_and_count(settings: WindowSettings, expected: list[list[int]]) -> None:
    assert cut([0, 1, 99_999, 100_000, 250_000, 250_000, 250_000], settings)[: len(expected)] == expected


def test_busy_tiles_make_short_windows() -> None:
    settings = WindowSettings(period_s=1.0, max_tile_events=3, tile_px=8)
    # spread over three tiles nothing is full; in one tile three are
    assert cut([0, 1, 2, 3, 4], settings, [0, 8, 16, 0, 8]) == []
    assert cut([0, 1, 2, 3, 4, 5], settings, [0, 8, 1, 2, 8, 8]) == [[0, 1, 2, 3]]


@given(
    st.lists(st.integers(0, 10), max_size=50),
    st.integers(0, 50),
    st.sampled_from([0, 3]),
    st.sampled_from([0, 2]),
)
def test_no_event_is_lost_or_doubled(steps: list[int], at: int, most: int, tile: int) -> None:
    times = (np.cumsum(steps) * 30_000).tolist()
    x = [7 * step for step in steps]
    settings = WindowSettings(period_s=1e-4, max_events=most, max_tile_events=tile, tile_px=8)
    windows = Windows(128, 8, settings)
    # packets that share no time
    while 0 < at < len(times) and times[at] == times[at - 1]:
        at += 1
    parts = [stream(times[:at], x[:at]), stream(times[at:], x[at:])]
    found = [item for part in parts for item in windows.push(part)]
    ended = found[-1][0].end_ns if found else 0
    assert [t for _, events in found for t in events.t_ns.tolist()] == [t for t in times if t < ended]
    for window, events in found:
        assert all(window.start_ns <= t < window.end_ns for t in events.t_ns.tolist())
    for (before, _), (after, _) in pairwise(found):
        assert before.end_ns == after.start_ns
    assert windows.late == 0


def test_events_from_before_are_counted() -> None:
    windows = Windows(8, 8, WindowSettings(period_s=1e-4))
    assert len(list(windows.push(stream([0, 150_000])))) == 1
    assert list(windows.push(stream([99_999, 150_001]))) == []
    assert windows.late == 1
    windows.reset()
    assert windows.late == 0


def test_settings_name_the_range() -> None:
    with pytest.raises(SettingsError, match="period_s"):
        WindowSettings(period_s=0.0)


def test_time_alone_closes_windows() -> None:
    windows = Windows(64, 8, WindowSettings(period_s=1e-4))
    assert list(windows.push(stream([0, 1]))) == []
    assert (windows.start_ns, windows.waiting) == (0, 2)
    closed = list(windows.advance(250_000))
    assert [(window, len(events)) for window, events in closed] == [((0, 100_000), 2), ((100_000, 200_000), 0)]
    # those from before are late; the window goes on where time had come to
    assert [events.t_ns.tolist() for _, events in windows.push(stream([199_999, 200_000, 300_000]))] == [[200_000]]
    assert windows.late == 1


def test_without_an_event_windows_begin_with_time() -> None:
    windows = Windows(64, 8, WindowSettings(period_s=1e-4))
    assert list(windows.advance(70_000)) == []
    assert [window for window, _ in windows.advance(170_000)] == [(70_000, 170_000)]
