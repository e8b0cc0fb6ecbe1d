"""EVT3 to events."""

from __future__ import annotations

from array import array
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events import evt3_kernels as kernels
from mobinet.events.base import Events
from mobinet.events.evt3 import (
    ADDR_X,
    ADDR_Y,
    CONTINUED_4,
    CONTINUED_12,
    EXT_TRIGGER,
    MAX_SIDE,
    OTHERS,
    TIME_HIGH,
    TIME_LOW,
    VECT_8,
    VECT_12,
    VECT_BASE_X,
)

Packet: TypeAlias = "bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]"

_KNOWN = (ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8, TIME_LOW, CONTINUED_4, TIME_HIGH, EXT_TRIGGER, OTHERS)
_UNKNOWN = ~sum(1 << kind for kind in (*_KNOWN, CONTINUED_12)) & 0xFFFF
# so many words are decoded at once that their events stay in the processor's cache until they are copied
_CHUNK = 1 << 14
_MOST_EVENTS_PER_WORD = 12


class Evt3Decoder:
    """Decodes the packets of one camera, in their order; state goes on from one packet to the next.

    Times count from the camera's own zero and wrap every 16.77 s; wraps between words are counted, so that times
    rise, from the first packet that is seen. A packet that comes more than 16.77 s after the one before counts as less.
    Words before the first time and row are known are passed over, as are triggers and other words without events.

    Args:
        width, height: of the sensor; events outside are dropped and counted in ``outside``.
        big_endian: byte order of the words.

    Raises:
        InputError: a sensor larger than the format allows.
    """

    def __init__(self, width: int = MAX_SIDE, height: int = MAX_SIDE, *, big_endian: bool = False) -> None:
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise InputError(f"EVT3: expected a sensor of 1 to {MAX_SIDE} pixels a side, got {width} x {height}")
        self._size = width, height
        self._dtype = np.dtype(">u2" if big_endian else "<u2")
        room = _CHUNK * _MOST_EVENTS_PER_WORD + kernels.SLACK
        self._t_ns, self._x, self._y = np.empty(room, np.int64), np.empty(room, np.uint16), np.empty(room, np.uint16)
        self._polarity = np.empty(room, np.uint8)
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        self.outside = 0
        self._state = np.zeros(kernels.STATE_SIZE, np.int64)

    def decode(self, data: Packet) -> Events:
        """The events of the next packet, in the order of its words.

        Raises:
            InputError: an odd number of bytes, or a word that the format does not have; the state is as before.
        """
        words = self._words(data)
        state = self._state.copy()
        first = kernels.begin(words, state)
        parts = []
        outside = 0
        for start in range(first, len(words), _CHUNK):
            chunk = words[start : start + _CHUNK]
            count, kinds = kernels.decode(chunk, state, self._t_ns, self._x, self._y, self._polarity)
            if kinds & _UNKNOWN:
                raise _unknown_word(words)
            part = self._inside(count)
            parts.append(part)
            outside += count - len(part)
        if first and _has_unknown(words[:first]):
            raise _unknown_word(words)
        self._state = state
        self.outside += outside
        return Events.concatenate(parts)

    def _words(self, data: Packet) -> NDArray[np.uint16]:
        octets = np.frombuffer(data, np.uint8)
        if len(octets) % 2:
            raise InputError(f"EVT3: a packet of {len(octets)} bytes, expected words of two bytes: it was cut; drop it")
        return octets.view(self._dtype).astype(np.uint16, copy=False)

    def _inside(self, count: int) -> Events:
        """Copy of the first events in the buffers, without those outside the sensor."""
        x, y = self._x[:count], self._y[:count]
        chosen: NDArray[np.intp] | slice = slice(count)
        if count and (x.max() >= self._size[0] or y.max() >= self._size[1]):
            chosen = np.flatnonzero((x < self._size[0]) & (y < self._size[1]))
        polarity = self._polarity[chosen].view(np.bool_)
        return Events(self._t_ns[chosen].copy(), self._x[chosen].copy(), self._y[chosen].copy(), polarity.copy())


def _has_unknown(words: NDArray[np.uint16]) -> bool:
    return bool((_UNKNOWN >> (words >> 12).astype(np.int64) & 1).any())


def _unknown_word(words: NDArray[np.uint16]) -> InputError:
    index = int(np.argmax(_UNKNOWN >> (words >> 12).astype(np.int64) & 1))
    return InputError(
        f"EVT3: word {index} of {len(words)} is 0x{words[index]:04x}, a kind that the format does not have; "
        "check the encoding and the byte order"
    )
