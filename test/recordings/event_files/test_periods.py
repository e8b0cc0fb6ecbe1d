from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events
from mobinet.recordings.event_files.periods import Period, cut_by_period

SECOND = 10**9


def at(*times: int) -> Events:
    """Events that are told apart by their column."""
    count = len(times)
    return Events(np.array(times, np.int64), np.arange(count), np.zeros(count, int), np.zeros(count, bool))


def times_of(periods: list[Period]) -> list[list[int]]:
    return [period.events.t_ns.tolist() for period in periods]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        # a period begins with its first nanosecond and ends before the next one's
        ((5, 14, 15, 24, 25), [[5, 14], [15, 24], [25]]),
        # nothing happened in two of them
        ((5, 36), [[5], [], [], [36]]),
        # a little back in time: in the present one, in order
        ((5, 16, 14, 15), [[5], [14, 15, 16]]),
        # far back, or far on: time begins anew
        ((5, 6, 7 - 2 * SECOND), [[5, 6], [7 - 2 * SECOND]]),
        ((5, 7200 * SECOND), [[5], [7200 * SECOND]]),
        ((), []),
    ],
)
def test_periods(times: tuple[int, ...], expected: list[list[int]]) -> None:
    assert times_of(list(cut_by_period([at(*times)], 10))) == expected


@given(st.lists(st.integers(0, 60), max_size=30), st.lists(st.integers(0, 30), max_size=3), st.integers(1, 20))
def test_pieces_do_not_matter_and_nothing_is_lost(times: list[int], cuts: list[int], period_ns: int) -> None:
    whole, bounds = at(*times), [0, *sorted(min(cut, len(times)) for cut in cuts), len(times)]
    pieces = [whole[start:end] for start, end in pairwise(bounds)]
    periods = list(cut_by_period(pieces, period_ns))
    assert times_of(periods) == times_of(list(cut_by_period([whole], period_ns)))
    assert sorted(Events.concatenate([period.events for period in periods]).x.tolist()) == list(range(len(times)))
    for number, period in enumerate(periods):
        assert period.start_ns == times[0] + number * period_ns
        # none is there before its time
        assert (period.events.t_ns < period.start_ns + period_ns).all()


def test_a_period_that_cannot_be() -> None:
    with pytest.raises(InputError, match="more than 0 ns, got 0"):
        cut_by_period([], 0)
