"""What the decoders of Prophesee's encodings share: words of one size, whose upper four bits say what they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events.base import Events, Packet
from mobinet.events.buffers import Columns, EventBuffers
from mobinet.types import Int64

# both encodings have eleven bits for a column and for a row
MAX_SIDE = 2048


class WordDecoder(ABC):
    """Decodes the packets of one camera, in their order; state goes on from one packet to the next.

    A subclass has the encoding's name, its words and the compiled loop over them.

    Args:
        width, height: of the sensor; events outside are dropped and counted in ``outside``.
        big_endian: byte order of the words.

    Raises:
        InputError: a sensor larger than the format allows.
    """

    _name: str
    _word: str
    # kinds of words that the format has
    _kinds: tuple[int, ...]
    _state_size: int
    # so many words are decoded at once that their events stay in the processor's cache until they are copied
    _chunk: int
    _most_events_per_word: int
    # places behind the last event that the loop may write to
    _slack = 0

    def __init__(self, width: int = MAX_SIDE, height: int = MAX_SIDE, *, big_endian: bool = False) -> None:
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise InputError(
                f"{self._name}: expected a sensor of 1 to {MAX_SIDE} pixels a side, got {width} x {height}"
            )
        self._dtype = np.dtype((">" if big_endian else "<") + self._word)
        self._unknown = ~sum(1 << kind for kind in self._kinds)
        self._buffers = EventBuffers(self._chunk * self._most_events_per_word + self._slack, width, height)
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        self.outside = 0
        self._state = np.zeros(self._state_size, np.int64)

    def decode(self, data: Packet) -> Events:
        """The events of the next packet, in the order of its words.

        Raises:
            InputError: no whole number of words, or a word that the format does not have; the state is as before.
        """
        words = self._words(data)
        state, parts, count = self._state.copy(), [], 0
        for start in range(0, len(words), self._chunk):
            found, kinds = self._decode(words[start : start + self._chunk], state, self._buffers.columns)
            if kinds & self._unknown:
                raise self._unknown_word(words)
            count += found
            parts.append(self._buffers.take(found))
        self._state = state
        events = Events.concatenate(parts)
        self.outside += count - len(events)
        return events

    def _words(self, data: Packet) -> NDArray[Any]:
        octets = np.frombuffer(data, np.uint8)
        size = self._dtype.itemsize
        if len(octets) % size:
            raise InputError(
                f"{self._name}: a packet of {len(octets)} bytes, expected words of {size} bytes: it was cut; drop it"
            )
        return octets.view(self._dtype).astype(self._dtype.newbyteorder("="), copy=False)

    @abstractmethod
    def _decode(self, words: NDArray[Any], state: Int64, columns: Columns) -> tuple[int, int]:
        """Writes the events of ``words`` to the columns; answers their number and the set of kinds of words."""

    def _unknown_word(self, words: NDArray[Any]) -> InputError:
        bits = 8 * self._dtype.itemsize
        kinds = (words >> words.dtype.type(bits - 4)).astype(np.int64)
        index = int(np.argmax(~np.isin(kinds, self._kinds)))
        return InputError(
            f"{self._name}: word {index} of {len(words)} is 0x{int(words[index]):0{bits // 4}x}, a kind that the "
            "format does not have; check the encoding and the byte order"
        )
