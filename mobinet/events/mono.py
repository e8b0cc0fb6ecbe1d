"""The encodings "mono" and "trigger" of ``event_camera_msgs/EventPacket``, both of 64-bit words and out of use.

======== ====================================================================================
0 to 31  time in nanoseconds, to be added to the message's ``time_base``, which is in nanoseconds
32 to 47 column, of "mono"
48 to 62 row; of "trigger" the channel
63       polarity, 1 for ON; of "trigger" the signal after the edge
======== ====================================================================================

Source: the documentation of event_camera_msgs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.columns import Columns
from mobinet.events.triggers import Triggers
from mobinet.events.word_decoder import EXT_TRIGGER, WordDecoder
from mobinet.types import Int64

_TIME_BASE = 0
_MAX_SIDE = 1 << 15


class MonoDecoder(WordDecoder):
    """Decodes packets of "mono". Each stands alone, and each event has its own time."""

    _name = "mono"
    _word = "u8"
    # every word is an event
    _kinds = tuple(range(16))
    _state_size = 1
    _max_side = _MAX_SIDE

    def _begin_packet(self, state: Int64, time_base_ns: int) -> None:
        state[_TIME_BASE] = self._checked_base(time_base_ns)

    def _survey(self, words: NDArray[np.uint64]) -> tuple[int, int]:
        return len(words), 0

    def _packet_start(self, words: NDArray[np.uint64], state: Int64) -> int | None:
        return int(state[_TIME_BASE]) if len(words) else None

    def _decode(self, words: NDArray[np.uint64], state: Int64, columns: Columns) -> int:
        _decode_events(words, state[_TIME_BASE], *columns)
        return len(words)


class TriggerDecoder(MonoDecoder):
    """Decodes packets of "trigger", which have edges of the trigger input and no events."""

    _name = "trigger"

    def _survey(self, *_: Any) -> tuple[int, int]:
        return 0, 1 << EXT_TRIGGER

    def _decode(self, *_: Any) -> int:
        return 0

    def _find_triggers(self, words: NDArray[np.uint64], state: Int64) -> Triggers:
        t_ns = (words & np.uint64(0xFFFF_FFFF)).astype(np.int64) + state[_TIME_BASE]
        channel = (words >> np.uint64(48) & np.uint64(0xFF)).astype(np.uint8)
        return Triggers(t_ns, channel, words >> np.uint64(63) != 0)


@compiled
def _decode_events(words: NDArray[np.uint64], time_base: Any, t_ns: Any, x: Any, y: Any, polarity: Any) -> None:
    """Writes one event a word to the columns of int64, uint16, uint16 and uint8."""
    for index in range(len(words)):
        word = words[index]
        t_ns[index] = time_base + np.int64(word & np.uint64(0xFFFF_FFFF))
        x[index] = word >> np.uint64(32) & np.uint64(0xFFFF)
        y[index] = word >> np.uint64(48) & np.uint64(0x7FFF)
        polarity[index] = word >> np.uint64(63)
