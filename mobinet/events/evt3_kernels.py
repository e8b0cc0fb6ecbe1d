"""The loops of the EVT3 decoder, in compiled code.

Most words are rows, columns and times in no order that a processor could guess, so these are decoded without branches.
All that they tell is kept in one number, of which each kind of word replaces other bits; that number is written down
after each word, and only events move on to the next place. Words that need a branch follow patterns: vectors come in
groups, and the upper bits of the time hardly ever change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled, compiled_briefly
from mobinet.events.evt3 import ADDR_X, ADDR_Y, TIME_HIGH, TIME_LOW
from mobinet.types import Int64

# the state: what the words have told, and which of it is known
EPOCH, HIGH, LOW, ROW, BASE, POLARITY, KNOWN = range(7)
KNOWN_HIGH, KNOWN_LOW, KNOWN_ROW, KNOWN_BASE = 1, 2, 4, 8
STATE_SIZE = 7
# events are written before they are counted
SLACK = 4

# the upper bits of real cameras' times go back a little at times, by faults of the clock and not by a wrap
_LARGEST_FAULT = 10
# columns of vectors count up to here; from the second on, no base is known
_FURTHEST, _NO_BASE = 1 << 15, 1 << 20

# an event in one number: polarity and column as the word has them, row, lower and upper bits of the time
_ROW_AT, _LOW_AT, _HIGH_AT = 12, 24, 36
_ON = 1 << 11
# no row has this bit, so that it marks events of columns that no sensor has
_OUTSIDE = 1 << 23
_FIELD = 0xFFF


def _by_kind() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """For each kind of word the bits of an event that it leaves, and the factor that moves its value to the others."""
    kept, factor = np.full(16, ~np.uint64(_OUTSIDE)), np.zeros(16, np.uint64)
    for kind, place in ((ADDR_X, 0), (ADDR_Y, _ROW_AT), (TIME_LOW, _LOW_AT), (TIME_HIGH, _HIGH_AT)):
        kept[kind] &= ~(np.uint64(_FIELD) << np.uint64(place))
        factor[kind] = 1 << place
    return kept, factor


def _by_mask() -> NDArray[np.uint64]:
    """For each vector of 12 bits the places of those that are set, four bits each, and above 48 how many there are."""
    bits = (np.arange(1 << 12)[:, None] >> np.arange(12) & 1).astype(np.uint64)
    rank = np.cumsum(bits, axis=1, dtype=np.uint64) - bits
    places = (bits * (np.arange(12, dtype=np.uint64) << (np.uint64(4) * rank))).sum(axis=1, dtype=np.uint64)
    table: NDArray[np.uint64] = places | bits.sum(axis=1, dtype=np.uint64) << np.uint64(48)
    return table


_KEPT, _FACTOR = _by_kind()
_VECTORS = _by_mask()


@compiled_briefly
def survey(words: NDArray[np.uint16]) -> tuple[int, int]:
    """The most events that ``words`` hold, and the set of kinds of words."""
    count, kinds = 0, np.uint32(0)
    # the events of so many words can be counted in 16 bits, which makes vectors longest
    block, start, end = np.uint64(4096), np.uint64(0), np.uint64(len(words))
    while start < end:
        size, found = min(block, end - start), np.uint16(0)
        for index in range(size):
            word = words[start + np.uint64(index)]
            kind, value = np.uint16(word >> 12), np.uint16(word & 0xFFF)
            mask = value if kind == 4 else np.uint16(0)
            mask = np.uint16(value & 0xFF) if kind == 5 else mask
            mask = np.uint16(1) if kind == 2 else mask
            # bits of each pair, of each four, and of all
            mask = np.uint16(mask - np.uint16(mask >> 1 & 0x555))
            mask = np.uint16(np.uint16(mask & 0x333) + np.uint16(mask >> 2 & 0x333))
            found = np.uint16(found + np.uint16(mask + np.uint16(mask >> 4) + np.uint16(mask >> 8) & 0xF))
        for index in range(size):
            kinds |= np.uint32(1) << np.uint32(words[start + np.uint64(index)] >> 12)
        count += int(found)
        start += size
    return count, int(kinds)


@compiled_briefly
def pass_over(words: NDArray[np.uint16], state: Int64, until_known: bool) -> int:
    """Takes words without their events: all, or until time and row are known; answers how many."""
    for index in range(len(words)):
        if until_known and state[KNOWN] & 7 == 7:
            return index
        kind, value = np.int64(words[index] >> 12), np.int64(words[index] & 0xFFF)
        if kind == 8:
            if state[KNOWN] & 1 and value < state[HIGH] and (value - state[HIGH]) % 4096 < 4096 - _LARGEST_FAULT:
                state[EPOCH] += 1 << 24
            elif state[KNOWN] & 1 and value > state[HIGH] and (value - state[HIGH]) >= 4096 - _LARGEST_FAULT:
                state[EPOCH] -= 1 << 24
            state[HIGH] = value
            state[KNOWN] |= 1
        elif kind == 6:
            state[LOW] = value
            state[KNOWN] |= 2
        elif kind == 0:
            state[ROW] = value & 0x7FF
            state[KNOWN] |= 4
        elif kind == 3:
            state[BASE], state[POLARITY] = value & 0x7FF, value >> 11
            state[KNOWN] |= 8
        elif kind == 4:
            state[BASE] = min(state[BASE] + 12, _FURTHEST)
        elif kind == 5:
            state[BASE] = min(state[BASE] + 8, _FURTHEST)
    return len(words)


@compiled
def decode(words: NDArray[np.uint16], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> int:
    """Writes the events of ``words``, once time and row are known; answers their number.

    Events of columns that the format does not have get a row that it does not have.

    Args:
        state: of ``STATE_SIZE``; moves on.
        t_ns, x, y, polarity: int64, uint16, uint16, uint8, with room for all events.
    """
    one, field, row_at = np.uint64(1), np.uint64(_FIELD), np.uint64(_ROW_AT)
    low_at, high_at = np.uint64(_LOW_AT), np.uint64(_HIGH_AT)
    event = np.uint64(state[ROW]) << row_at | np.uint64(state[LOW]) << low_at | np.uint64(state[HIGH]) << high_at
    base = np.uint64(state[BASE]) if state[KNOWN] & KNOWN_BASE else np.uint64(_NO_BASE)
    sign, epoch = np.uint64(state[POLARITY]) * np.uint64(_ON), state[EPOCH]
    same_high = np.uint64(0x8000 | state[HIGH])
    # events of so many words stay in the nearest cache until they are taken apart
    block = np.uint64(512)
    events = np.empty(block * np.uint64(12) + np.uint64(SLACK), np.uint64)
    place, index, end = np.uint64(0), np.uint64(0), np.uint64(len(words))
    while index < end:
        count, epoch_ns, stop = np.uint64(0), epoch * 1000, min(end, index + block)
        while index < stop:
            word = np.uint64(words[index])
            index += one
            kind, value = word >> np.uint64(12), word & field
            if kind - np.uint64(3) < np.uint64(3):
                if kind == np.uint64(3):
                    base, sign = value & np.uint64(0x7FF), value & np.uint64(_ON)
                    continue
                size = np.uint64(8) if kind == np.uint64(5) else np.uint64(12)
                mask = value & np.uint64(0xFF) if kind == np.uint64(5) else value
                first = event & ~(field | np.uint64(_OUTSIDE)) | sign
                if base + np.uint64(12) <= np.uint64(2048):
                    first += base
                    places = _VECTORS[mask]
                    found = places >> np.uint64(48)
                    # hardly a vector has more than three events
                    events[count] = first + (places & np.uint64(15))
                    events[count + one] = first + (places >> np.uint64(4) & np.uint64(15))
                    events[count + np.uint64(2)] = first + (places >> np.uint64(8) & np.uint64(15))
                    more = np.uint64(3)
                    while more < found:
                        events[count + more] = first + (places >> (np.uint64(4) * more) & np.uint64(15))
                        more += one
                    count += found
                    base += size
                elif base < np.uint64(_NO_BASE):
                    for column in range(base, base + size):
                        outside = np.uint64(_OUTSIDE) if column > np.uint64(2047) else np.uint64(0)
                        events[count] = first | np.uint64(column) & np.uint64(0x7FF) | outside
                        count += mask & one
                        mask >>= one
                    base = min(base + size, np.uint64(_FURTHEST))
            elif (word ^ same_high) - one < field:
                # other upper bits of the time: a wrap, or a fault of the clock back over one
                high = event >> high_at
                if value < high and (value - high) & field < np.uint64(4096 - _LARGEST_FAULT):
                    epoch += 1 << 24
                    stop = index
                elif value > high and value - high >= np.uint64(4096 - _LARGEST_FAULT):
                    epoch -= 1 << 24
                    stop = index
                event = event & (one << high_at) - one | value << high_at
                same_high = word
            else:
                event = event & _KEPT[kind] | value * _FACTOR[kind]
                events[count] = event
                count += np.uint64(kind == np.uint64(2))
        # this loop is vectorised
        for step in range(count):
            event_here, at = events[step], place + np.uint64(step)
            time_us = np.uint32(event_here >> low_at)
            t_ns[at] = epoch_ns + np.int64(time_us) * 1000
            x[at] = event_here & np.uint64(0x7FF)
            y[at] = event_here >> row_at & field
            polarity[at] = event_here >> np.uint64(11) & one
        place += count
    state[EPOCH], state[HIGH], state[LOW] = epoch, event >> high_at, event >> low_at & field
    state[ROW], state[BASE], state[POLARITY] = event >> row_at & np.uint64(0x7FF), base, sign != np.uint64(0)
    state[KNOWN] |= KNOWN_BASE if base < np.uint64(_NO_BASE) else 0
    return int(place)
