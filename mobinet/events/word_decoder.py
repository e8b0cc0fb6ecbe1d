"""What all decoders share: packets of words of one size, and what is known from one packet to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled_briefly
from mobinet.errors import InputError
from mobinet.events.base import Events, Packet
from mobinet.events.columns import Columns, events_inside, new_columns
from mobinet.events.triggers import TriggerEdge, Triggers
from mobinet.types import Int64

# Prophesee's encodings have eleven bits for a column and for a row
MAX_SIDE = 2048
# the kind of a word that tells of a trigger, in all of Prophesee's encodings
EXT_TRIGGER = 0xA
_MAX_TIME_BASE_NS = 1 << 62
_NO_TRIGGERS = Triggers.empty()


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
    # kinds of words, in their upper four bits, that the format has
    _kinds: tuple[int, ...]
    _state_size: int
    # places behind the last event that the loop may write to
    _slack = 0
    _max_side = MAX_SIDE
    # a packet ends after a multiple of so many words
    _words_per_event = 1

    def __init__(self, width: int = MAX_SIDE, height: int = MAX_SIDE, *, big_endian: bool = False) -> None:
        if not (0 < width <= self._max_side and 0 < height <= self._max_side):
            raise InputError(
                f"{self._name}: expected a sensor of 1 to {self._max_side} pixels a side, got {width} x {height}"
            )
        self._dtype = np.dtype((">" if big_endian else "<") + self._word)
        self._unknown = ~sum(1 << kind for kind in self._kinds)
        self._size = width, height
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        self.outside = 0
        self.packet_start_ns: int | None = None
        self.triggers = _NO_TRIGGERS
        self._state = np.zeros(self._state_size, np.int64)

    def decode(self, data: Packet, time_base_ns: int = 0) -> Events:
        """The events of the next packet, in the order of its words.

        ``triggers`` are its triggers, and ``packet_start_ns`` is the time at its beginning, as far as it tells one.

        Args:
            time_base_ns: of the packet's message; Prophesee's encodings do not use it.

        Raises:
            InputError: no whole number of words, or a word that the format does not have; the state is as before.
        """
        words = self._words(data)
        room, kinds = self._survey(words)
        if kinds & self._unknown:
            raise self._unknown_word(words)
        state = self._state.copy()
        self._begin_packet(state, time_base_ns)
        before = state.copy()
        columns = new_columns(room + self._slack)
        count = self._decode(words, state, columns)
        events = events_inside(columns, count, *self._size)
        self.outside += count - len(events)
        self.triggers = self._find_triggers(words, before.copy()) if kinds >> EXT_TRIGGER & 1 else _NO_TRIGGERS
        self.packet_start_ns = self._packet_start(words, before)
        self._state = state
        return events

    def _words(self, data: Packet) -> NDArray[Any]:
        octets = np.frombuffer(data, np.uint8)
        size = self._dtype.itemsize * self._words_per_event
        if len(octets) % size:
            raise InputError(
                f"{self._name}: a packet of {len(octets)} bytes, expected words of {size} bytes: it was cut; drop it"
            )
        words = octets.view(self._dtype).astype(self._dtype.newbyteorder("="), copy=False)
        # bytes are read-only, other packets are not: one kind of array, so that loops are compiled once
        words.flags.writeable = False
        return words

    def _begin_packet(self, state: Int64, time_base_ns: int) -> None:  # noqa: B027 most encodings have nothing to do
        """Sets in the state what holds for one packet only."""

    def _checked_base(self, time_base_ns: int) -> int:
        """``time_base_ns``, where times can be added to it; raises InputError where not."""
        if not 0 <= time_base_ns < _MAX_TIME_BASE_NS:
            raise InputError(
                f"{self._name}: time_base is {time_base_ns} ns, expected 0 to 2^62; check the clock of its driver"
            )
        return time_base_ns

    @abstractmethod
    def _survey(self, words: NDArray[Any]) -> tuple[int, int]:
        """The most events that ``words`` can hold, and the set of kinds of words that are among them."""

    @abstractmethod
    def _decode(self, words: NDArray[Any], state: Int64, columns: Columns) -> int:
        """Writes the events of ``words`` to the columns, which have room for them; answers their number."""

    def _pass_over(self, words: NDArray[Any], state: Int64) -> None:
        """Moves the state on over words whose events are not wanted."""
        self._decode(words, state, new_columns(self._survey(words)[0] + self._slack))

    @abstractmethod
    def _packet_start(self, words: NDArray[Any], state: Int64) -> int | None:
        """The camera's time at the beginning of a packet; ``state`` is as before it, and may be changed."""

    def _first_of(self, words: NDArray[Any], *kinds: int) -> int | None:
        """Index of the first word of one of the kinds."""
        first = _first_of(words, sum(1 << kind for kind in kinds), 8 * self._dtype.itemsize - 4)
        return first if first < len(words) else None

    def _find_triggers(self, words: NDArray[Any], state: Int64) -> Triggers:
        """The triggers of words that are known to have some; ``state`` is as before them, and moves on.

        Triggers are rare, so the words before each are gone through once more to know its time, and the loop over
        events need not look out for them.
        """
        kinds, start, found = self._kinds_of(words), 0, []
        for index in np.flatnonzero(kinds == EXT_TRIGGER).tolist():
            self._pass_over(words[start:index], state)
            start = index
            edge = self._trigger(int(words[index]), state)
            if edge is not None:
                found.append(edge)
        return Triggers.of(found)

    def _trigger(self, word: int, state: Int64) -> TriggerEdge | None:
        """What a word of the kind ``EXT_TRIGGER`` tells, or ``None`` before the time is known."""
        raise NotImplementedError(f"{self._name} has no triggers among its events")

    def _kinds_of(self, words: NDArray[Any]) -> Int64:
        kinds: Int64 = (words >> words.dtype.type(8 * self._dtype.itemsize - 4)).astype(np.int64)
        return kinds

    def _unknown_word(self, words: NDArray[Any]) -> InputError:
        bits = 8 * self._dtype.itemsize
        index = int(np.argmax(~np.isin(self._kinds_of(words), self._kinds)))
        return InputError(
            f"{self._name}: word {index} of {len(words)} is 0x{int(words[index]):0{bits // 4}x}, a kind that the "
            "format does not have; check the encoding and the byte order"
        )


@compiled_briefly
def _first_of(words: NDArray[Any], kinds: int, shift: int) -> int:
    """Index of the first word whose bits from ``shift`` on are in a set of kinds; their number if none is."""
    for index in range(len(words)):
        if kinds >> np.int64(np.uint64(words[index]) >> np.uint64(shift)) & 1:
            return index
    return len(words)
