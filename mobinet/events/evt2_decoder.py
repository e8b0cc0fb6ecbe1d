"""EVT2, the 32-bit encoding of Prophesee's cameras, to events.

========= ==== ===========================================================================
CD_OFF    0x0  bits 22 to 27: lower 6 bits of the time in microseconds; 11 to 21 column, 0 to 10 row
CD_ON     0x1  likewise
TIME_HIGH 0x8  upper 28 bits of the time, until the next one
TRIGGER   0xA  bits 22 to 27: lower 6 bits of the time; 8 to 12 channel, 0 the signal after the edge
========= ==== ===========================================================================

The upper four bits of a word say what it is. Source: docs.prophesee.ai, "EVT 2.0 Format". Times wrap after 4.8 hours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.events import evt2_kernels as kernels
from mobinet.events.columns import Columns
from mobinet.events.triggers import TriggerEdge
from mobinet.events.word_decoder import EXT_TRIGGER, WordDecoder
from mobinet.types import Int64

_CD_OFF, _CD_ON, _TIME_HIGH, _OTHERS, _CONTINUED = 0x0, 0x1, 0x8, 0xE, 0xF


class Evt2Decoder(WordDecoder):
    """Decodes packets of EVT2.

    Times count from the camera's own zero; wraps are counted. Events before the first time are passed over, as are
    other words without events.
    """

    _name = "EVT2"
    _word = "u4"
    _kinds = (_CD_OFF, _CD_ON, _TIME_HIGH, EXT_TRIGGER, _OTHERS, _CONTINUED)
    _state_size = kernels.STATE_SIZE

    def _survey(self, words: NDArray[np.uint32]) -> tuple[int, int]:
        return kernels.survey(words)

    def _decode(self, words: NDArray[np.uint32], state: Int64, columns: Columns) -> int:
        return kernels.decode(words, state, *columns)

    def _packet_start(self, words: NDArray[np.uint32], state: Int64) -> int | None:
        first = self._first_of(words, *((_CD_OFF, _CD_ON) if state[kernels.KNOWN] else ()), _TIME_HIGH)
        if first is None:
            return None
        word = int(words[first])
        if word >> 28 != _TIME_HIGH:
            return _time_ns(word, state)
        self._pass_over(words[first : first + 1], state)
        return _time_ns(0, state)

    def _trigger(self, word: int, state: Int64) -> TriggerEdge | None:
        if not state[kernels.KNOWN]:
            return None
        return TriggerEdge(_time_ns(word, state), word >> 8 & 0x1F, bool(word & 1))


def _time_ns(word: int, state: Int64) -> int:
    """The time of a word that has the lower bits of it."""
    return (int(state[kernels.HIGH]) << 6 | word >> 22 & 63) * 1000
