"""EVT3 to events."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.events.base import Events
from mobinet.events.evt3 import (
    ADDR_X,
    ADDR_Y,
    CONTINUED_4,
    CONTINUED_12,
    COORDINATE_BITS,
    EXT_TRIGGER,
    HIGH_COUNT,
    MAX_SIDE,
    OTHERS,
    POLARITY_SHIFT,
    TIME_HIGH,
    TIME_LOW,
    VALUE_BITS,
    VECT_8,
    VECT_12,
    VECT_BASE_X,
)
from mobinet.types import Int64

# the upper bits of real cameras' times go back a little at times, by faults of the clock and not by a wrap
_LARGEST_FAULT = 10
# state that no word has told; times are negative where the clock goes back behind the first one
_NEVER = -(1 << 40)
_KNOWN = np.isin(
    np.arange(16),
    [ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8, TIME_LOW, CONTINUED_4, TIME_HIGH, EXT_TRIGGER, OTHERS, CONTINUED_12],
)
# a base is kept as one number, the polarity so far up that no sum of columns reaches it
_BASE_POLARITY_SHIFT = 40
_BASE_COLUMN = (1 << _BASE_POLARITY_SHIFT) - 1
_WIDTH = np.zeros(16, np.int64)
_WIDTH[[VECT_12, VECT_8]] = 12, 8
# which bits are set in each of the 4096 values of a vector: the positions of all, one value after the other
_BITS = np.arange(1 << 12)[:, None] >> np.arange(12) & 1
_BIT_COUNT = _BITS.sum(axis=1)
_BIT_START = np.cumsum(_BIT_COUNT) - _BIT_COUNT
_BIT_POSITION = np.nonzero(_BITS)[1]


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
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        self.outside = 0
        # words that hold until the next one of their kind
        self._high, self._low, self._row, self._base = _NEVER, _NEVER, _NEVER, _NEVER

    def decode(self, data: bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]) -> Events:
        """The events of the next packet, in the order of its words.

        Raises:
            InputError: an odd number of bytes, or a word that the format does not have; the state is as before.
        """
        words = self._words(data)
        codes, values = (words >> 12).astype(np.uint8), (words & VALUE_BITS).astype(np.int64)
        high = _unwrap(self._high, values[codes == TIME_HIGH])
        highs, lows, rows = (
            _hold(codes, TIME_HIGH, self._high, high),
            _hold(codes, TIME_LOW, self._low, values[codes == TIME_LOW]),
            _hold(codes, ADDR_Y, self._row, values[codes == ADDR_Y] & COORDINATE_BITS),
        )
        bases = self._bases(codes, values)
        known = (highs != _NEVER) & (lows != _NEVER) & (rows != _NEVER)
        vector = (codes == VECT_12) | (codes == VECT_8)
        sources = np.flatnonzero(known & ((codes == ADDR_X) | (vector & (bases != _NEVER))))
        if len(words):
            self._high, self._low, self._row = int(highs[-1]), int(lows[-1]), int(rows[-1])
            self._base = _advance(int(bases[-1]), int(codes[-1]))

        events, columns = _spread(codes[sources], values[sources])
        source = sources[events]
        base = np.where(vector[source], bases[source], _base(values[source]))
        x, y, polarity = (base & _BASE_COLUMN) + columns, rows[source], base >> _BASE_POLARITY_SHIFT
        return self._inside((highs[source] << 12 | lows[source]) * 1000, x, y, polarity)

    def _words(self, data: bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]) -> NDArray[np.uint16]:
        octets = np.frombuffer(data, np.uint8)
        if len(octets) % 2:
            raise InputError(f"EVT3: a packet of {len(octets)} bytes, expected words of two bytes: it was cut; drop it")
        words = octets.view(self._dtype).astype(np.uint16, copy=False)
        unknown = np.flatnonzero(~_KNOWN[words >> 12])
        if len(unknown):
            index = int(unknown[0])
            raise InputError(
                f"EVT3: word {index} of {len(words)} is 0x{words[index]:04x}, a kind that the format does not have; "
                "check the encoding and the byte order"
            )
        return words

    def _bases(self, codes: NDArray[np.uint8], values: Int64) -> Int64:
        """``(N,)`` polarity and column that a vector at each word begins at; ``_NEVER`` before the first is known."""
        advance = np.cumsum(_WIDTH[codes])
        before = advance - _WIDTH[codes]
        place = np.flatnonzero(codes == VECT_BASE_X)
        base = _hold(codes, VECT_BASE_X, self._base, _base(values[place]))
        since = _hold(codes, VECT_BASE_X, 0, before[place])
        return np.where(base != _NEVER, base + before - since, _NEVER)

    def _inside(self, t_ns: Int64, x: Int64, y: Int64, polarity: Int64) -> Events:
        inside = (x < self._size[0]) & (y < self._size[1])
        if not inside.all():
            self.outside += int((~inside).sum())
            t_ns, x, y, polarity = t_ns[inside], x[inside], y[inside], polarity[inside]
        return Events(t_ns, x.astype(np.uint16), y.astype(np.uint16), polarity.astype(np.bool_))


def _base(values: Int64) -> Int64:
    """Polarity and column of words of the kinds VECT_BASE_X and ADDR_X, as a base."""
    return (values >> POLARITY_SHIFT) << _BASE_POLARITY_SHIFT | values & COORDINATE_BITS


def _hold(codes: NDArray[np.uint8], kind: int, before: int, values: Int64) -> Int64:
    """``(N,)`` at each word, the newest of ``values``, those of the words of a kind, or ``before``."""
    return np.asarray(np.concatenate([[before], values])[np.cumsum(codes == kind)], np.int64)


def _unwrap(before: int, high: Int64) -> Int64:
    """Upper bits of the time that rise on where those of the words wrap; ``before`` is the last one, or ``_NEVER``."""
    if not len(high):
        return high
    start = int(high[0]) if before == _NEVER else before
    steps = np.diff(high, prepend=start & VALUE_BITS) % HIGH_COUNT
    steps = np.where(steps >= HIGH_COUNT - _LARGEST_FAULT, steps - HIGH_COUNT, steps)
    return np.asarray(start + np.cumsum(steps), np.int64)


def _advance(base: int, code: int) -> int:
    """The base after the last word of a packet."""
    return base + int(_WIDTH[code]) if base != _NEVER else base


def _spread(codes: NDArray[np.uint8], values: Int64) -> tuple[Int64, Int64]:
    """One row an event: the word that it is from, and its column after the base."""
    masks = np.where(codes == ADDR_X, 1, np.where(codes == VECT_8, values & 0xFF, values))
    counts = _BIT_COUNT[masks]
    source = np.repeat(np.arange(len(masks)), counts)
    inside = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    return source, _BIT_POSITION[_BIT_START[masks[source]] + inside]
