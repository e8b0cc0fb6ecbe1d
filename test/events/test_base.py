from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events


def make(t_ns=(1, 5, 9), x=(0, 1, 2), y=(3, 4, 5), polarity=(True, False, True)) -> Events:
    return Events(np.array(t_ns), np.array(x), np.array(y), np.array(polarity))


def test_arrays_are_contiguous_and_typed() -> None:
    strided = np.arange(6)[::2]
    events = Events(strided, strided, strided, np.array([0, 1, 0]))
    assert [a.dtype.name for a in (events.t_ns, events.x, events.y, events.polarity)] == [
        "int64",
        "uint16",
        "uint16",
        "bool",
    ]
    assert all(a.flags.c_contiguous for a in (events.t_ns, events.x, events.y, events.polarity))
    assert events.x.tolist() == [0, 2, 4]
    assert events.polarity.tolist() == [False, True, False]


def test_an_array_that_fits_is_not_copied() -> None:
    times = np.array([1, 2], np.int64)
    events = Events(times, np.zeros(2, np.uint16), np.zeros(2, np.uint16), np.zeros(2, bool))
    assert np.shares_memory(events.t_ns, times)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": (0, 1)}, "one length"),
        # a column that 16 bits do not hold
        ({"x": (0, 1, 70_000)}, "uint16 does not hold"),
        ({"y": (0, -1, 2)}, "uint16 does not hold"),
        # seconds where nanoseconds are expected
        ({"t_ns": (0.1, 0.2, 0.3)}, "round and convert"),
        ({"x": ((0, 1, 2),)}, r"expected \(N,\)"),
    ],
)
def test_malformed_events_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**change)


def test_selection_and_joining() -> None:
    events = make()
    assert events[1:].t_ns.tolist() == [5, 9]
    assert events[events.polarity].x.tolist() == [0, 2]
    assert Events.concatenate([events[:1], events[1:]]).y.tolist() == [3, 4, 5]
    assert len(Events.concatenate([])) == len(Events.empty()) == 0


@given(st.lists(st.booleans(), max_size=40))
def test_a_mask_selects_as_numpy_does(kept: list[bool]) -> None:
    numbers, mask = np.arange(len(kept)), np.array(kept, bool)
    events = make(numbers, numbers, numbers[::-1], numbers % 3 == 0)
    chosen = events[mask]
    for name in ("t_ns", "x", "y", "polarity"):
        assert getattr(chosen, name).tolist() == getattr(events, name)[mask].tolist()
        assert getattr(chosen, name).dtype == getattr(events, name).dtype
