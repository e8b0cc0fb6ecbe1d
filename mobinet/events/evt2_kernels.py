"""The loop of the EVT2 decoder, compiled: events between two words of time are decoded in one vectorised run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled, compiled_briefly
from mobinet.types import Int64

# the state: upper bits of the time with the wraps counted, and whether they are known
HIGH, KNOWN = range(2)
STATE_SIZE = 2

_HIGH_COUNT = 1 << 28
# the clock may go back a little; by more, it has wrapped
_LARGEST_FAULT = 1 << 16


@compiled_briefly
def survey(words: NDArray[np.uint32]) -> tuple[int, int]:
    """How many events ``words`` hold, and the set of kinds of words."""
    count: Any = 0
    kinds: Any = 0
    for index in range(np.uint64(len(words))):
        kind = np.uint32(words[index] >> np.uint32(28))
        kinds |= np.uint32(1) << kind
        count += np.uint32(kind < 2)
    return count, kinds


@compiled
def decode(words: NDArray[np.uint32], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> int:
    """Writes the events of ``words``, once the time is known; answers their number.

    Args:
        state: of ``STATE_SIZE``; moves on.
        t_ns, x, y, polarity: int64, uint16, uint16, uint8, with room for one event a word.
    """
    one = np.uint64(1)
    place, index, end = np.uint64(0), np.uint64(0), np.uint64(len(words))
    while index < end:
        start = index
        while index < end and words[index] < np.uint32(0x2000_0000):
            index += one
        if state[KNOWN]:
            high = state[HIGH] << 6
            for step in range(index - start):
                word, at = words[start + np.uint64(step)], place + np.uint64(step)
                t_ns[at] = (high + np.int64(word >> np.uint32(22) & np.uint32(63))) * 1000
                x[at] = word >> np.uint32(11) & np.uint32(0x7FF)
                y[at] = word & np.uint32(0x7FF)
                polarity[at] = word >> np.uint32(28)
            place += index - start
        if index < end:
            word = words[index]
            if word >> np.uint32(28) == np.uint32(8):
                value = np.int64(word & np.uint32(0x0FFF_FFFF))
                if state[KNOWN]:
                    step = (value - state[HIGH]) % _HIGH_COUNT
                    state[HIGH] += step if step < _HIGH_COUNT - _LARGEST_FAULT else step - _HIGH_COUNT
                else:
                    state[HIGH], state[KNOWN] = value, 1
            index += one
    return int(place)
