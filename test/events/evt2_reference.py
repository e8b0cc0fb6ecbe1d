"""EVT2 word by word, as the format's description says: slow and obvious, to compare with."""

from __future__ import annotations

import struct

Row = tuple[int, int, int, bool]


def decode_slowly(packets: list[bytes]) -> list[Row]:
    """Time in microseconds, x, y and polarity of each event of consecutive packets."""
    found: list[Row] = []
    wraps, high = 0, None
    for packet in packets:
        for (word,) in struct.iter_unpack("<I", packet):
            kind = word >> 28
            if kind == 0x8:
                value = word & 0xFFFFFFF
                if high is not None and high - value > 1 << 16:
                    wraps += 1
                if high is not None and value - high >= (1 << 28) - (1 << 16):
                    wraps -= 1
                high = value
            elif kind in (0x0, 0x1) and high is not None:
                time_us = (wraps << 34) + (high << 6) + (word >> 22 & 0x3F)
                found.append((time_us, word >> 11 & 0x7FF, word & 0x7FF, kind == 1))
    return found
