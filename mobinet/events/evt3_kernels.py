"""The loops of the EVT3 decoder, in compiled code.

Most words are rows, columns and times in no order that a processor could guess, so these are decoded without branches:
each word writes an event and only some move on to the next place. Vectors and upper bits of the time follow patterns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.types import Int64

# rows of the state: what the words have told, and which of it is known
EPOCH, HIGH, LOW, ROW, BASE, POLARITY, KNOWN = range(7)
KNOWN_HIGH, KNOWN_LOW, KNOWN_ROW, KNOWN_BASE = 1, 2, 4, 8
STATE_SIZE = 7
# more than one event is written before it is counted
SLACK = 2

# the upper bits of real cameras' times go back a little at times, by faults of the clock and not by a wrap
_LARGEST_FAULT = 10
_BITS = np.arange(1 << 12)[:, None] >> np.arange(12) & 1
_COUNT = _BITS.sum(axis=1).astype(np.uint64)
# positions of the set bits of a mask, four bits each, the lowest first
_RANK = np.cumsum(_BITS, axis=1) - _BITS
_POSITIONS = (_BITS.astype(np.uint64) * (np.arange(12, dtype=np.uint64) << (4 * _RANK).astype(np.uint64))).sum(axis=1)
_FURTHEST = 1 << 15


@compiled
def begin(words: NDArray[np.uint16], state: Int64) -> tuple[int, int]:
    """Takes words until time and row are known, without events; answers how many and the set of their kinds."""
    kinds = np.int64(0)
    for index in range(len(words)):
        if state[KNOWN] & 7 == 7:
            return index, int(kinds)
        kind, value = np.int64(words[index] >> 12), np.int64(words[index] & 0xFFF)
        kinds |= np.int64(1) << kind
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
            state[BASE] += 12
        elif kind == 5:
            state[BASE] += 8
    return len(words), int(kinds)


@compiled
def decode(words: NDArray[np.uint16], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> tuple[int, int]:
    """Writes the events of ``words``, once time and row are known; answers their number and the set of kinds of words.

    Args:
        state: of ``STATE_SIZE``; moves on.
        t_ns, x, y, polarity: int64, uint16, uint16, uint8, with room for twelve events a word and ``SLACK``.
    """
    zero, one = np.uint64(0), np.uint64(1)
    epoch, high, low = np.uint64(state[EPOCH]), np.uint64(state[HIGH]), np.uint64(state[LOW])
    row, base, sign = np.uint64(state[ROW]), np.uint64(state[BASE]), np.uint64(state[POLARITY])
    counted = zero - np.uint64(state[KNOWN] >> 3 & 1)
    now = (epoch + (high << np.uint64(12) | low)) * np.uint64(1000)
    kinds, place, index, end = zero, zero, zero, np.uint64(len(words))
    while index < end:
        word = np.uint64(words[index])
        index += one
        kind, value = word >> np.uint64(12), word & np.uint64(0xFFF)
        if kind - np.uint64(3) < np.uint64(3):
            if kind == np.uint64(3):
                base, sign = value & np.uint64(0x7FF), value >> np.uint64(11)
                counted = zero - one
            else:
                eight = kind == np.uint64(5)
                mask = value & np.uint64(0xFF) if eight else value
                positions, count = _POSITIONS[mask], _COUNT[mask] & counted
                # hardly a vector has more than two events
                t_ns[place], x[place], y[place], polarity[place] = now, base + (positions & np.uint64(15)), row, sign
                second = place + one
                column = base + (positions >> np.uint64(4) & np.uint64(15))
                t_ns[second], x[second], y[second], polarity[second] = now, column, row, sign
                extra = np.uint64(2)
                while extra < count:
                    at, column = place + extra, base + (positions >> (np.uint64(4) * extra) & np.uint64(15))
                    t_ns[at], x[at], y[at], polarity[at] = now, column, row, sign
                    extra += one
                place += count
                base = min(base + (np.uint64(8) if eight else np.uint64(12)), np.uint64(_FURTHEST))
        elif kind == np.uint64(8):
            # a wrap, or a fault of the clock back over one
            if value < high:
                if (value - high) & np.uint64(4095) < np.uint64(4096 - _LARGEST_FAULT):
                    epoch += np.uint64(1 << 24)
            elif value - high >= np.uint64(4096 - _LARGEST_FAULT):
                epoch -= np.uint64(1 << 24)
            high = value
            now = (epoch + (high << np.uint64(12) | low)) * np.uint64(1000)
        else:
            kinds |= one << kind
            column = value & np.uint64(0x7FF)
            t_ns[place], x[place], y[place], polarity[place] = now, column, row, value >> np.uint64(11)
            place += np.uint64(kind == np.uint64(2))
            row ^= (row ^ column) & (zero - np.uint64(kind == zero))
            low ^= (low ^ value) & (zero - np.uint64(kind == np.uint64(6)))
            now = (epoch + (high << np.uint64(12) | low)) * np.uint64(1000)
    state[EPOCH], state[HIGH], state[LOW], state[ROW], state[BASE], state[POLARITY] = epoch, high, low, row, base, sign
    state[KNOWN] |= np.int64(counted & np.uint64(8))
    return int(place), int(kinds)
