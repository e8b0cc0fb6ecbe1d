"""The encodings other than Prophesee's, event by event, as their descriptions say: slow and obvious."""

from __future__ import annotations

import struct

# time in nanoseconds, x, y, polarity
Row = tuple[int, int, int, bool]


def mono(packets: list[tuple[bytes, int]]) -> list[Row]:
    """Of packets with their ``time_base``."""
    found = []
    for packet, base_ns in packets:
        for (word,) in struct.iter_unpack("<Q", packet):
            bits = f"{word:064b}"
            # the polarity is the first bit, then 15 of the row, 16 of the column, 32 of the time
            found.append((base_ns + int(bits[32:], 2), int(bits[16:32], 2), int(bits[1:16], 2), bits[0] == "1"))
    return found


def libcaer(packets: list[tuple[bytes, int]]) -> list[Row]:
    found = []
    for packet, base_ns in packets:
        last_us, wraps = None, 0
        for data, time in struct.iter_unpack("<II", packet):
            time_us = time % 2**31
            # a fall by more than half the range is the 31 bits that have wrapped
            if last_us is not None and last_us - time_us > 2**30:
                wraps += 1
            last_us = time_us
            bits = f"{data:032b}"
            # 15 bits of the column, 15 of the row, one of the polarity, one that tells whether the event is valid
            t_ns = base_ns + (time_us + wraps * 2**31) * 1000
            found.append((t_ns, int(bits[:15], 2), int(bits[15:30], 2), bits[30] == "1"))
    return found


def libcaer_cmp(packets: list[tuple[bytes, int]]) -> list[Row]:
    found: list[Row] = []
    column, base, sign = None, None, False
    for packet, base_ns in packets:
        # each packet counts from its own beginning
        high = low = 0
        for (word,) in struct.iter_unpack("<H", packet):
            kind, value = word >> 12, word & 0xFFF
            row, polarity = value & 0x7FF, bool(value >> 11)
            rows: list[int] = []
            if kind == 0:
                high = value
            elif kind == 1:
                low = value
            elif kind == 2:
                column = row
            elif kind == 3:
                rows = [row]
            elif kind == 4:
                base, sign = row, polarity
            elif kind == 5 and base is not None:
                rows, polarity = [base + bit for bit in range(8) if value >> bit & 1], sign
                base += 8
            if column is not None:
                found += [(base_ns + (high * 4096 + low) * 1000, column, y, polarity) for y in rows]
    return found
