"""The encoding "libcaer_cmp" of ``event_camera_msgs/EventPacket``: events of iniVation's cameras, packed like EVT3.

16-bit words; the upper four bits say what a word is, the lower twelve are its value:

=========== ==== ==================================================================================
TIME_HIGH   0x0  bits 12 to 23 of the time in microseconds
TIME_LOW    0x1  bits 0 to 11
ADDR_X      0x2  column (bits 0 to 10) of the events that follow
ADDR_Y      0x3  one event: row (bits 0 to 10), polarity (bit 11)
VECT_BASE_Y 0x4  row and polarity of the vectors that follow
VECT_8      0x5  events of the next 8 rows of the column, one bit each; the base moves on by 8
=========== ==== ==================================================================================

Time begins at 0 in each packet and counts from the message's ``time_base``, which is in nanoseconds. Column and base
hold across packets. Source: event_camera_codecs, which defines the encoding, and libcaer_driver, which writes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled, compiled_briefly
from mobinet.events.columns import Columns
from mobinet.events.word_decoder import WordDecoder
from mobinet.types import Int64

_TIME_HIGH, _TIME_LOW, _ADDR_X, _ADDR_Y, _VECT_BASE_Y, _VECT_8 = range(6)

# the state: time and column; base of vectors and their polarity; which of column and base are known
_BASE_NS, _HIGH, _LOW, _X, _BASE_Y, _POLARITY, _KNOWN = range(7)
_KNOWN_X, _KNOWN_BASE = 1, 2
_FURTHEST = 1 << 15


class LibcaerCmpDecoder(WordDecoder):
    """Decodes packets of "libcaer_cmp".

    Events before the first column and vectors before the first base are passed over.
    """

    _name = "libcaer_cmp"
    _word = "u2"
    _kinds = (_TIME_HIGH, _TIME_LOW, _ADDR_X, _ADDR_Y, _VECT_BASE_Y, _VECT_8)
    _state_size = 7

    def _begin_packet(self, state: Int64, time_base_ns: int) -> None:
        state[_BASE_NS], state[_HIGH], state[_LOW] = self._checked_base(time_base_ns), 0, 0

    def _survey(self, words: NDArray[np.uint16]) -> tuple[int, int]:
        return _survey_words(words)

    def _packet_start(self, words: NDArray[np.uint16], state: Int64) -> int | None:
        return int(state[_BASE_NS]) if len(words) else None

    def _decode(self, words: NDArray[np.uint16], state: Int64, columns: Columns) -> int:
        return _decode_events(words, state, *columns)


@compiled_briefly
def _survey_words(words: NDArray[np.uint16]) -> tuple[int, int]:
    """The most events that ``words`` hold, and the set of kinds of words."""
    count: Any = 0
    kinds: Any = 0
    for index in range(np.uint64(len(words))):
        kind, mask = np.uint32(words[index] >> 12), np.uint32(words[index] & 0xFF)
        kinds |= np.uint32(1) << kind
        # bits of each pair, of each four, and of all
        mask -= mask >> np.uint32(1) & np.uint32(0x55)
        mask = (mask & np.uint32(0x33)) + (mask >> np.uint32(2) & np.uint32(0x33))
        mask = mask + (mask >> np.uint32(4)) & np.uint32(0xF)
        count += np.uint32(kind == _ADDR_Y) + (mask if kind == _VECT_8 else np.uint32(0))
    return count, kinds


@compiled
def _decode_events(words: NDArray[np.uint16], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> int:
    """Writes the events of ``words``; answers their number."""
    place = 0
    now = state[_BASE_NS] + (state[_HIGH] << 12 | state[_LOW]) * 1000
    for index in range(len(words)):
        kind, value = np.int64(words[index] >> 12), np.int64(words[index] & 0xFFF)
        if kind == _ADDR_Y:
            if state[_KNOWN] & _KNOWN_X:
                t_ns[place], x[place], y[place], polarity[place] = now, state[_X], value & 0x7FF, value >> 11
                place += 1
        elif kind == _ADDR_X:
            state[_X] = value & 0x7FF
            state[_KNOWN] |= _KNOWN_X
        elif kind <= _TIME_LOW:
            state[_LOW if kind else _HIGH] = value
            now = state[_BASE_NS] + (state[_HIGH] << 12 | state[_LOW]) * 1000
        elif kind == _VECT_BASE_Y:
            state[_BASE_Y], state[_POLARITY] = value & 0x7FF, value >> 11
            state[_KNOWN] |= _KNOWN_BASE
        elif kind == _VECT_8:
            if state[_KNOWN] == _KNOWN_X | _KNOWN_BASE:
                for bit in range(8):
                    if value >> bit & 1:
                        t_ns[place], x[place], y[place] = now, state[_X], state[_BASE_Y] + bit
                        polarity[place] = state[_POLARITY]
                        place += 1
            state[_BASE_Y] = min(state[_BASE_Y] + 8, _FURTHEST)
    return place
