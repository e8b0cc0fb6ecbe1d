"""EVT3 to events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.events import evt3_kernels as kernels
from mobinet.events.columns import Columns
from mobinet.events.evt3 import (
    ADDR_X,
    ADDR_Y,
    CONTINUED_4,
    CONTINUED_12,
    EXT_TRIGGER,
    OTHERS,
    TIME_HIGH,
    TIME_LOW,
    VECT_8,
    VECT_12,
    VECT_BASE_X,
)
from mobinet.events.triggers import TriggerEdge
from mobinet.events.word_decoder import WordDecoder
from mobinet.types import Int64


class Evt3Decoder(WordDecoder):
    """Decodes packets of EVT3.

    Times count from the camera's own zero and wrap every 16.77 s; wraps between words are counted, so that times
    rise, from the first packet that is seen. A packet that comes more than 16.77 s after the one before counts as less.
    Words before the first time and row are known are passed over, as are temperatures and other words without events.
    """

    _name = "EVT3"
    _word = "u2"
    _kinds = (
        *(ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH),
        *(CONTINUED_4, CONTINUED_12, EXT_TRIGGER, OTHERS),
    )
    _state_size = kernels.STATE_SIZE
    _slack = kernels.SLACK

    def _survey(self, words: NDArray[np.uint16]) -> tuple[int, int]:
        return kernels.survey(words)

    def _decode(self, words: NDArray[np.uint16], state: Int64, columns: Columns) -> int:
        taken = kernels.pass_over(words, state, True)
        return kernels.decode(words[taken:], state, *columns)

    def _pass_over(self, words: NDArray[np.uint16], state: Int64) -> None:
        kernels.pass_over(words, state, False)

    def _packet_start(self, words: NDArray[np.uint16], state: Int64) -> int | None:
        first = self._first_of(words, TIME_LOW)
        if first is None:
            return None
        self._pass_over(words[: first + 1], state)
        return _time_ns(state)

    def _trigger(self, word: int, state: Int64) -> TriggerEdge | None:
        time_ns = _time_ns(state)
        return None if time_ns is None else TriggerEdge(time_ns, word >> 8 & 0xF, bool(word & 1))


def _time_ns(state: Int64) -> int | None:
    known = kernels.KNOWN_HIGH | kernels.KNOWN_LOW
    if int(state[kernels.KNOWN]) & known != known:
        return None
    time_us = int(state[kernels.EPOCH]) + (int(state[kernels.HIGH]) << 12 | int(state[kernels.LOW]))
    return time_us * 1000
