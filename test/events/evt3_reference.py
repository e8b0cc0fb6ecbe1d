"""EVT3 word by word, as the format's description says: slow and obvious, to compare with."""

from __future__ import annotations

import struct

Row = tuple[int, int, int, bool]


def decode_slowly(packets: list[bytes]) -> list[Row]:
    """Time in microseconds, x, y and polarity of each event of consecutive packets."""
    found: list[Row] = []
    wraps, high, low, row, base, base_polarity = 0, None, None, None, None, False
    for packet in packets:
        for (word,) in struct.iter_unpack("<H", packet):
            kind, value = word >> 12, word & 0xFFF
            columns, polarity = [], base_polarity
            if kind == 0x8:
                if high is not None and value < high and high - value > 10:
                    wraps += 1
                # a clock that goes back across a wrap by a little has not made a whole round
                if high is not None and value - high >= 4096 - 10:
                    wraps -= 1
                high = value
            elif kind == 0x6:
                low = value
            elif kind == 0x0:
                row = value & 0x7FF
            elif kind == 0x2:
                columns, polarity = [value & 0x7FF], bool(value >> 11)
            elif kind == 0x3:
                base, base_polarity = value & 0x7FF, bool(value >> 11)
            elif kind in (0x4, 0x5):
                width = 12 if kind == 0x4 else 8
                if base is not None:
                    columns = [base + bit for bit in range(width) if value >> bit & 1]
                    base += width
            if None not in (high, low, row):
                time_us = (wraps << 24) + (high << 12) + low
                found += [(time_us, column, row, polarity) for column in columns]
    return found
