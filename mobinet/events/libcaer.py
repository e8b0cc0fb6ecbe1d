"""The encoding "libcaer" of ``event_camera_msgs/EventPacket``: polarity events as iniVation's library has them.

Two 32-bit words an event. The first has the polarity in bit 1, the row in bits 2 to 16 and the column in bits 17 to 31;
bit 0 is for marks within libcaer and not looked at. The second is the time in microseconds, of 31 bits, to be added to
the message's ``time_base``, which is in nanoseconds. Where the 31 bits wrap within a packet, 2^31 us are added;
``time_base`` has the wraps before the packet. Source: libcaer's events/polarity.h, and event_camera_codecs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.columns import Columns
from mobinet.events.word_decoder import WordDecoder
from mobinet.types import Int64

# the state: what is added to times, and the last time, microseconds
_BASE_NS, _LAST_US = range(2)
_WRAP_US = 1 << 31


class LibcaerDecoder(WordDecoder):
    """Decodes packets of "libcaer". Each stands alone, and each event has its own time.

    Times that go back by less than half their range are no wrap.
    """

    _name = "libcaer"
    _word = "u4"
    # nothing is told by a word's upper bits
    _kinds = tuple(range(16))
    _state_size = 2
    _max_side = 1 << 15
    _words_per_event = 2

    def _begin_packet(self, state: Int64, time_base_ns: int) -> None:
        state[_BASE_NS], state[_LAST_US] = self._checked_base(time_base_ns), 0

    def _survey(self, words: NDArray[np.uint32]) -> tuple[int, int]:
        return len(words) // 2, 0

    def _packet_start(self, words: NDArray[np.uint32], state: Int64) -> int | None:
        return int(state[_BASE_NS]) + (int(words[1]) & _WRAP_US - 1) * 1000 if len(words) else None

    def _decode(self, words: NDArray[np.uint32], state: Int64, columns: Columns) -> int:
        return _decode_events(words, state, *columns)


@compiled
def _decode_events(words: NDArray[np.uint32], state: Int64, t_ns: Any, x: Any, y: Any, polarity: Any) -> int:
    """Writes the events of ``words``, of which there is an even number; answers how many."""
    base_ns, last_us, place = state[_BASE_NS], state[_LAST_US], 0
    for index in range(0, len(words), 2):
        word, time_us = words[index], np.int64(words[index + 1] & np.uint32(0x7FFF_FFFF))
        if last_us - time_us > _WRAP_US // 2:
            base_ns += _WRAP_US * 1000
        last_us = time_us
        t_ns[place] = base_ns + time_us * 1000
        x[place] = word >> np.uint32(17)
        y[place] = word >> np.uint32(2) & np.uint32(0x7FFF)
        polarity[place] = word >> np.uint32(1) & np.uint32(1)
        place += 1
    state[_BASE_NS], state[_LAST_US] = base_ns, last_us
    return place
