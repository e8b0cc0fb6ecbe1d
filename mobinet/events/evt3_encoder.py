"""Events to EVT3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    t_us, x, y = events.t_ns // 1000, events.x.astype(np.int64), events.y.astype(np.int64)
    polarity = events.polarity.astype(np.int64)
    # a group holds the events of one vector: one time, row, polarity and 32 columns, from left to right
    keys = np.stack([t_us, y, polarity, x >> _GROUP_SHIFT])
    breaks = (np.diff(keys, axis=1) != 0).any(axis=0) | (np.diff(x) <= 0)
    starts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    sizes = np.diff(np.append(starts, len(x)))
    packed = sizes > _GROUP_WORDS

    high, low, row = t_us[starts] >> 12, t_us[starts] & VALUE_BITS, y[starts]
    risen = np.diff(high, prepend=start_us >> 12)
    high_words = -(-risen // _LONGEST_HIGH_STEP)
    low_words = (risen > 0) | (np.diff(low, prepend=start_us & VALUE_BITS) != 0)
    row_words = np.diff(row, prepend=-1) != 0
    counts = high_words + low_words + row_words + np.where(packed, _GROUP_WORDS, sizes)
    ends = np.cumsum(counts)

    words = np.zeros(int(ends[-1]), np.uint16)
    place = ends - counts
    _write_high(words, place, high, high_words)
    place = place + high_words
    words[place[low_words]] = TIME_LOW << 12 | low[low_words]
    place = place + low_words
    words[place[row_words]] = ADDR_Y << 12 | row[row_words]
    place = place + row_words
    single = np.repeat(~packed, sizes)
    inside = np.arange(len(x)) - np.repeat(starts, sizes)
    words[(np.repeat(place, sizes) + inside)[single]] = (ADDR_X << 12 | polarity << POLARITY_SHIFT | x)[single]
    _write_vectors(words, place[packed], x, polarity, starts, packed)
    return words


def _write_high(words: NDArray[np.uint16], place: Int64, high: Int64, counts: Int64) -> None:
    """Upper bits of the time of each group: several words where it advances so far that a wrap might be missed."""
    group = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    missing = counts[group] - 1 - number
    words[place[group] + number] = TIME_HIGH << 12 | (high[group] - missing * _LONGEST_HIGH_STEP) & VALUE_BITS


def _write_vectors(
    words: NDArray[np.uint16],
    place: Int64,
    x: Int64,
    polarity: Int64,
    starts: Int64,
    packed: NDArray[np.bool_],
) -> None:
    if not packed.any():
        return
    bits = np.bitwise_or.reduceat(np.int64(1) << (x & 31), starts)[packed]
    first = starts[packed]
    base = x[first] >> _GROUP_SHIFT << _GROUP_SHIFT
    words[place] = VECT_BASE_X << 12 | polarity[first] << POLARITY_SHIFT | base
    words[place + 1] = VECT_12 << 12 | bits & 0xFFF
    words[place + 2] = VECT_12 << 12 | bits >> 12 & 0xFFF
    words[place + 3] = VECT_8 << 12 | bits >> 24
