"""EVT2.1, the 64-bit encoding of Prophesee's cameras, to events.

========= ==== =================================================================================================
EVT_NEG   0x0  bits 54 to 59: lower 6 bits of the time in microseconds; 43 to 53 column, 32 to 42 row;
               0 to 31 events of that column and the 31 right of it, one bit each, the lowest the leftmost
EVT_POS   0x1  likewise
TIME_HIGH 0x8  bits 32 to 59: upper 28 bits of the time, until the next one
TRIGGER   0xA  bits 54 to 59: lower 6 bits of the time; 40 to 44 channel, 32 the signal after the edge
========= ==== =================================================================================================

The upper four bits of a word say what it is. Cameras before the GenX320 send its upper half first, each half little
endian; RAW files call that order "legacy". Source: docs.prophesee.ai, "EVT 2.1 Format". Times wrap after 4.8 hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled, compiled_briefly
from mobinet.events.base import Packet
from mobinet.events.columns import Columns, new_columns
from mobinet.events.triggers import TriggerEdge
from mobinet.events.word_decoder import EXT_TRIGGER, WordDecoder
from mobinet.types import Int64

_EVT_NEG, _EVT_POS, _TIME_HIGH, _OTHERS, _CONTINUED = 0x0, 0x1, 0x8, 0xE, 0xF

# the state: upper bits of the time with the wraps counted, and whether they are known
_HIGH, _KNOWN = range(2)
_HIGH_COUNT = 1 << 28
# the clock may go back a little; by more, it has wrapped
_LARGEST_FAULT = 1 << 16
_MOST_EVENTS = 32

# the place of a single bit, by the upper five bits of its product with a de Bruijn sequence
_DE_BRUIJN = 0x077C_B531
_BIT = np.zeros(32, np.uint64)
_BIT[[(_DE_BRUIJN << bit & 0xFFFF_FFFF) >> 27 for bit in range(32)]] = np.arange(32)


class Evt21Decoder(WordDecoder):
    """Decodes packets of EVT2.1.

    Times count from the camera's own zero; wraps are counted. Events before the first time are passed over, as are
    other words without events.
    """

    _name = "EVT2.1"
    _word = "u8"
    _kinds = (_EVT_NEG, _EVT_POS, _TIME_HIGH, EXT_TRIGGER, _OTHERS, _CONTINUED)
    _state_size = 2

    def _survey(self, words: NDArray[np.uint64]) -> tuple[int, int]:
        return _survey_words(words)

    def _decode(self, words: NDArray[np.uint64], state: Int64, columns: Columns) -> int:
        return _decode_events(words, state, *columns)

    def _packet_start(self, words: NDArray[np.uint64], state: Int64) -> int | None:
        first = self._first_of(words, *((_EVT_NEG, _EVT_POS) if state[_KNOWN] else ()), _TIME_HIGH)
        if first is None:
            return None
        word = int(words[first])
        self._decode(words[first : first + 1], state, new_columns(_MOST_EVENTS))
        return _time_ns(0 if word >> 60 == _TIME_HIGH else word, state)

    def _trigger(self, word: int, state: Int64) -> TriggerEdge | None:
        if not state[_KNOWN]:
            return None
        return TriggerEdge(_time_ns(word, state), word >> 40 & 0x1F, bool(word >> 32 & 1))


def _time_ns(word: int, state: Int64) -> int:
    """The time of a word that has the lower bits of it."""
    return (int(state[_HIGH]) << 6 | word >> 54 & 63) * 1000


class Evt21LegacyDecoder(Evt21Decoder):
    """Decodes packets of EVT2.1 whose words come with their upper half first."""

    def _words(self, data: Packet) -> NDArray[Any]:
        words = super()._words(data)
        return words << np.uint64(32) | words >> np.uint64(32)


@compiled_briefly
def _survey_words(words: NDArray[np.uint64]) -> tuple[int, int]:
    """How many events ``words`` hold, and the set of kinds of words."""
    count, kinds = np.uint64(0), np.uint64(0)
    for word in words:
        kind, mask = word >> np.uint64(60), word & np.uint64(0xFFFF_FFFF)
        kinds |= np.uint64(1) << kind
        # bits of each pair, of each four, of each eight, and of all
        mask -= mask >> np.uint64(1) & np.uint64(0x5555_5555)
        mask = (mask & np.uint64(0x3333_3333)) + (mask >> np.uint64(2) & np.uint64(0x3333_3333))
        mask = mask + (mask >> np.uint64(4)) & np.uint64(0x0F0F_0F0F)
        mask = (mask + (mask >> np.uint64(8)) + (mask >> np.uint64(16)) + (mask >> np.uint64(24))) & np.uint64(0x3F)
        count += mask if kind < np.uint64(2) else np.uint64(0)
    return int(count), int(kinds)


@compiled
def _decode_events(words: NDArray[np.uint64], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> int:
    """Writes the events of ``words``, once the time is known; answers their number."""
    place = np.uint64(0)
    for word in words:
        kind = word >> np.uint64(60)
        if kind < np.uint64(2):
            mask = word & np.uint64(0xFFFF_FFFF) if state[_KNOWN] else np.uint64(0)
            now = (state[_HIGH] << 6 | np.int64(word >> np.uint64(54) & np.uint64(63))) * 1000
            first, row = word >> np.uint64(43) & np.uint64(0x7FF), word >> np.uint64(32) & np.uint64(0x7FF)
            while mask:
                lowest = mask & (np.uint64(0) - mask)
                mask ^= lowest
                column = first + _BIT[lowest * np.uint64(_DE_BRUIJN) >> np.uint64(27) & np.uint64(31)]
                t_ns[place], x[place], y[place], polarity[place] = now, column, row, kind
                place += np.uint64(1)
        elif kind == np.uint64(_TIME_HIGH):
            value = np.int64(word >> np.uint64(32) & np.uint64(0x0FFF_FFFF))
            if state[_KNOWN]:
                step = (value - state[_HIGH]) % _HIGH_COUNT
                state[_HIGH] += step if step < _HIGH_COUNT - _LARGEST_FAULT else step - _HIGH_COUNT
            else:
                state[_HIGH], state[_KNOWN] = value, 1
    return int(place)
