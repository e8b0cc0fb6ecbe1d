from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events
from mobinet.events.evt21_decoder import Evt21Decoder, Evt21LegacyDecoder

Row = tuple[int, int, int, bool]
NEG, POS, HIGH, TRIGGER = 0x0 << 60, 0x1 << 60, 0x8 << 60, 0xA << 60


def decode_slowly(packets: list[bytes]) -> list[Row]:
    """Time in microseconds, x, y and polarity of each event of consecutive packets, word by word."""
    found: list[Row] = []
    wraps, high = 0, None
    for packet in packets:
        for (word,) in struct.iter_unpack("<Q", packet):
            kind = word >> 60
            if kind == 0x8:
                value = word >> 32 & 0xFFFFFFF
                if high is not None and high - value > 1 << 16:
                    wraps += 1
                if high is not None and value - high >= (1 << 28) - (1 << 16):
                    wraps -= 1
                high = value
            elif kind in (0x0, 0x1) and high is not None:
                time_us = (wraps << 34) + (high << 6) + (word >> 54 & 0x3F)
                x, y = word >> 43 & 0x7FF, word >> 32 & 0x7FF
                found += [(time_us, x + bit, y, kind == 1) for bit in range(32) if word >> bit & 1]
    return found


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def high(value: int) -> int:
    return HIGH | value << 32


def events(low: int, x: int, y: int, mask: int) -> int:
    return low << 54 | x << 43 | y << 32 | mask


def rows(events: Events) -> list[Row]:
    columns = (events.t_ns // 1000, events.x, events.y, events.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        # the time is put together from both words, the columns from the base and the bits
        (
            words(high(2), POS | events(5, 64, 7, 0x8000_0101)),
            [(133, 64, 7, True), (133, 72, 7, True), (133, 95, 7, True)],
        ),
        (words(high(0), NEG | events(63, 2000, 2047, 1 << 31)), [(63, 2031, 2047, False)]),
        # no bit, no event
        (words(high(0), NEG | events(0, 1, 2, 0)), []),
        # nothing can be said before the time
        (words(POS | events(1, 2, 3, 1), high(0), POS | events(1, 2, 3, 1)), [(1, 2, 3, True)]),
        # triggers and the like are no events
        (words(high(0), TRIGGER | 1, 0xE << 60, 0xF << 60), []),
        (b"", []),
    ],
)
def test_words_mean_what_the_format_says(packet: bytes, expected: list[Row]) -> None:
    assert rows(Evt21Decoder().decode(packet)) == expected
    assert decode_slowly([packet]) == expected


def test_the_upper_half_may_come_first() -> None:
    packet = words(high(2), POS | events(5, 64, 7, 0x101))
    swapped = b"".join(packet[at + 4 : at + 8] + packet[at : at + 4] for at in range(0, len(packet), 8))
    assert rows(Evt21LegacyDecoder().decode(swapped)) == rows(Evt21Decoder().decode(packet))


def test_the_documents_example_of_both_orders() -> None:
    # docs.prophesee.ai shows how 0x0102030405060708 comes from an IMX636 and from a GenX320
    word = 0x0102030405060708
    plain, legacy = bytes.fromhex("0807060504030201"), bytes.fromhex("0403020108070605")
    assert words(word) == plain
    start = words(high(0))
    assert rows(Evt21Decoder().decode(start + plain)) == rows(
        Evt21LegacyDecoder().decode(start[4:] + start[:4] + legacy)
    )


def test_times_wrap_and_go_back_a_little() -> None:
    top = (1 << 28) - 1
    packets = [words(high(value), NEG | events(0, 0, 0, 1)) for value in (top, 0, top, 1, 0)]
    decoder = Evt21Decoder()
    found = [row for packet in packets for row in rows(decoder.decode(packet))]
    assert [row[0] >> 6 for row in found] == [top, top + 1, top, top + 2, top + 1]
    assert found == decode_slowly(packets)


some_words = st.lists(
    st.tuples(
        st.sampled_from([HIGH, NEG, POS, POS, TRIGGER]),
        st.sampled_from([0, 1, 1 << 48, (1 << 60) - 1]) | st.integers(0, (1 << 60) - 1),
    ).map(lambda pair: pair[0] | pair[1]),
    max_size=40,
)


@given(some_words, st.integers(0, 40), st.integers(0, 40))
def test_any_words_in_any_packets_as_word_by_word(values: list[int], first: int, second: int) -> None:
    cuts = [0, *sorted((min(first, len(values)), min(second, len(values)))), len(values)]
    packets = [words(*values[start:end]) for start, end in pairwise(cuts)]
    decoder = Evt21Decoder()
    found = [row for packet in packets for row in rows(decoder.decode(packet))]
    assert found == [row for row in decode_slowly(packets) if row[1] < 2048]


def test_events_outside_are_counted() -> None:
    decoder = Evt21Decoder(64, 48)
    packet = words(high(0), NEG | events(0, 60, 47, 0xFF), NEG | events(0, 0, 48, 1))
    assert [row[1] for row in rows(decoder.decode(packet))] == [60, 61, 62, 63]
    assert decoder.outside == 5


def test_triggers_have_time_channel_and_edge() -> None:
    decoder = Evt21Decoder()
    decoder.decode(words(TRIGGER, high(3), TRIGGER | 9 << 54 | 17 << 40 | 1 << 32, TRIGGER | 10 << 54))
    assert decoder.triggers.t_ns.tolist() == [(3 * 64 + 9) * 1000, (3 * 64 + 10) * 1000]
    assert decoder.triggers.channel.tolist() == [17, 0]
    assert decoder.triggers.rising.tolist() == [True, False]


@pytest.mark.parametrize(
    ("packet", "message"),
    [(words(high(0))[:-4], "4 bytes, expected words of 8"), (words(high(9), 0x9 << 60), "word 1 of 2 is 0x9000")],
)
def test_damaged_packets_leave_the_decoder_as_it_was(packet: bytes, message: str) -> None:
    decoder = Evt21Decoder()
    decoder.decode(words(high(1)))
    with pytest.raises(InputError, match=message):
        decoder.decode(packet)
    assert rows(decoder.decode(words(events(0, 0, 0, 1)))) == [(64, 0, 0, False)]
