"""Events to EVT3."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.errors import InputError
from mobinet.events.base import Events
from mobinet.events.evt3 import (
    ADDR_X,
    ADDR_Y,
    HIGH_COUNT,
    POLARITY_SHIFT,
    TIME_HIGH,
    TIME_LOW,
    VALUE_BITS,
    VECT_8,
    VECT_12,
    VECT_BASE_X,
)
from mobinet.events.word_decoder import MAX_SIDE
from mobinet.types import Int64

# receivers count a wrap when the upper bits go back, so they must not advance by more than this between two words
_LONGEST_HIGH_STEP = HIGH_COUNT // 2
# cameras send groups of 32 columns, as 12, 12 and 8; some decoders rely on it
_GROUP_SHIFT = 5
_GROUP_WORDS = 4
_MAX_GAP_NS = 3600 * 10**9


def encode_evt3(events: Events, start_ns: int | None = None) -> bytes:
    """Events as one packet that can be decoded without those before it.

    It begins with both words of the time. Neighbours in a row of 32 columns with the same time and polarity are
    packed into vectors where that is shorter; the order of the events is kept.

    Args:
        events: in order of time; nanoseconds are cut to microseconds.
        start_ns: time that the packet begins with; that of the first event when ``None``. With it, a packet without
            events is not empty: it tells a receiver how time goes on.

    Returns:
        Little-endian words.

    Raises:
        InputError: times fall, are negative or further apart than an hour, or a coordinate does not fit 11 bits.
    """
    _check_encodable(events, start_ns)
    if start_ns is None:
        if not len(events):
            return b""
        start_ns = int(events.t_ns[0])
    start_us = start_ns // 1000
    time = [TIME_HIGH << 12 | start_us >> 12 & VALUE_BITS, TIME_LOW << 12 | start_us & VALUE_BITS]
    words = np.concatenate([np.array(time, np.uint16), _encode(events, start_us)])
    return words.astype("<u2", copy=False).tobytes()


def _check_encodable(events: Events, start_ns: int | None) -> None:
    times = events.t_ns if start_ns is None else np.concatenate([[start_ns], events.t_ns])
    if len(times) and times[0] < 0:
        raise InputError(f"EVT3: time {times[0]} ns is negative; count from an earlier beginning")
    steps = np.diff(times)
    if len(steps) and steps.min() < 0:
        index = int(steps.argmin())
        raise InputError(f"EVT3: expected events in order of time, {times[index + 1]} ns follows {times[index]}; sort")
    if len(steps) and steps.max() > _MAX_GAP_NS:
        raise InputError(f"EVT3: {steps.max() / 1e9:.0f} s without an event, at most 3600 fit one packet; split there")
    for name, values in (("x", events.x), ("y", events.y)):
        if len(values) and values.max() >= MAX_SIDE:
            raise InputError(f"EVT3: {name} is {values.max()}, expected 0 to {MAX_SIDE - 1}")


def _encode(events: Events, start_us: int) -> NDArray[np.uint16]:
    """The words of the events after a beginning that told the time ``start_us``."""
    if not len(events):
        return np.zeros(0, np.uint16)
    # time, row and column of each, and the upper bits of the time wherever they rise
    risen = (int(events.t_ns[-1]) // 1000 >> 12) - (start_us >> 12)
    room = 4 * len(events) + risen // _LONGEST_HIGH_STEP
    words = np.empty(room, np.uint16)
    polarity = events.polarity.view(np.uint8)
    return words[: _write_words(events.t_ns, events.x, events.y, polarity, start_us, words)]


@compiled
def _write_words(t_ns: Int64, x: Any, y: Any, polarity: Any, start_us: int, words: NDArray[np.uint16]) -> int:
    """Writes the words of events in order of time; answers how many."""
    high, low, row = start_us >> 12, start_us & VALUE_BITS, np.int64(-1)
    place, start, count = 0, 0, len(t_ns)
    while start < count:
        # a group holds the events of one vector: one time, row, polarity and 32 columns, from left to right
        now, group, bits, end = t_ns[start] // 1000, x[start] >> _GROUP_SHIFT, np.int64(1) << (x[start] & 31), start + 1
        while (
            end < count
            and t_ns[end] // 1000 == now
            and y[end] == y[start]
            and polarity[end] == polarity[start]
            and x[end] >> _GROUP_SHIFT == group
            and x[end] > x[end - 1]
        ):
            bits |= np.int64(1) << (x[end] & 31)
            end += 1
        if now >> 12 > high or now & VALUE_BITS != low:
            # several words where it rises so far that a wrap might be missed
            while now >> 12 > high:
                rest = (now >> 12) - high - 1
                high = (now >> 12) - rest // _LONGEST_HIGH_STEP * _LONGEST_HIGH_STEP
                words[place] = TIME_HIGH << 12 | high & VALUE_BITS
                place += 1
            low = now & VALUE_BITS
            words[place] = TIME_LOW << 12 | low
            place += 1
        if y[start] != row:
            row = np.int64(y[start])
            words[place] = ADDR_Y << 12 | row
            place += 1
        sign = np.int64(polarity[start]) << POLARITY_SHIFT
        if end - start > _GROUP_WORDS:
            words[place] = VECT_BASE_X << 12 | sign | np.int64(group) << _GROUP_SHIFT
            words[place + 1] = VECT_12 << 12 | bits & 0xFFF
            words[place + 2] = VECT_12 << 12 | bits >> 12 & 0xFFF
            words[place + 3] = VECT_8 << 12 | bits >> 24
            place += _GROUP_WORDS
        else:
            for index in range(start, end):
                words[place] = ADDR_X << 12 | sign | np.int64(x[index])
                place += 1
        start = end
    return place
