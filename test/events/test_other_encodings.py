"""mono, trigger, libcaer and libcaer_cmp: what drivers of other cameras, and older drivers, send."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events, make_decoder
from mobinet.events.libcaer import LibcaerDecoder
from mobinet.events.libcaer_cmp import LibcaerCmpDecoder
from mobinet.events.mono import MonoDecoder, TriggerDecoder

from . import slow_decoders as slow

BASE_NS = 1_700_000_000_123_456_789
HIGH, LOW, COLUMN, ROW, BASE, EIGHT = (kind << 12 for kind in range(6))
ON = 0x800


def halves(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def rows(events: Events) -> list[slow.Row]:
    columns = (events.t_ns, events.x, events.y, events.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def mono(t_ns: int, x: int, y: int, polarity: int) -> bytes:
    return struct.pack("<IHH", t_ns, x, polarity << 15 | y)


def libcaer(time_us: int, x: int, y: int, polarity: int, valid: int = 1) -> bytes:
    return struct.pack("<II", x << 17 | y << 2 | polarity << 1 | valid, time_us)


@pytest.mark.parametrize(
    ("encoding", "packet", "expected"),
    [
        # nanoseconds after the message's time_base, with all their 32 bits
        ("mono", mono(5, 639, 479, 1) + mono(2**32 - 1, 0, 0, 0), [(5, 639, 479, True), (2**32 - 1, 0, 0, False)]),
        # microseconds; where they wrap they go on; a little back is a little back; validity is not looked at
        ("libcaer", libcaer(5, 639, 479, 1) + libcaer(4, 0, 1, 0, 0), [(5000, 639, 479, True), (4000, 0, 1, False)]),
        (
            "libcaer",
            libcaer(2**31 - 1, 1, 2, 1) + libcaer(0, 3, 4, 1),
            [((2**31 - 1) * 1000, 1, 2, True), (2**31 * 1000, 3, 4, True)],
        ),
        # a column for all rows that follow; the time of the packet's beginning until it is told
        (
            "libcaer_cmp",
            halves(COLUMN | 9, ROW | ON | 7, LOW | 5, ROW | 8, HIGH | 1, COLUMN | 1, ROW | 8),
            [(0, 9, 7, True), (5000, 9, 8, False), ((4096 + 5) * 1000, 1, 8, False)],
        ),
        # vectors count up from their base, which moves on
        (
            "libcaer_cmp",
            halves(COLUMN | 9, BASE | ON | 64, EIGHT | 0x81, EIGHT | 1),
            [(0, 9, 64, True), (0, 9, 71, True), (0, 9, 72, True)],
        ),
        # nothing can be said before the column, nor of vectors before their base
        ("libcaer_cmp", halves(ROW | 1, COLUMN | 9, EIGHT | 1, ROW | 2), [(0, 9, 2, False)]),
    ],
)
def test_words_mean_what_the_encoding_says(encoding: str, packet: bytes, expected: list[slow.Row]) -> None:
    expected = [(BASE_NS + t_ns, *rest) for t_ns, *rest in expected]
    assert rows(make_decoder(encoding, 640, 480).decode(packet, BASE_NS)) == expected
    assert getattr(slow, encoding)([(packet, BASE_NS)]) == expected


def test_packets_of_libcaer_count_wraps_anew() -> None:
    decoder = LibcaerDecoder(640, 480)
    decoder.decode(libcaer(2**31 - 1, 1, 2, 1) + libcaer(0, 3, 4, 1), BASE_NS)
    assert decoder.decode(libcaer(7, 3, 4, 1), BASE_NS + 2**31 * 1000).t_ns.tolist() == [BASE_NS + (2**31 + 7) * 1000]


def test_time_begins_anew_with_a_packet_and_the_column_holds() -> None:
    decoder = LibcaerCmpDecoder(640, 480)
    decoder.decode(halves(COLUMN | 9, LOW | 5, HIGH | 1, ROW), BASE_NS)
    assert rows(decoder.decode(halves(ROW | 3), BASE_NS + 77)) == [(BASE_NS + 77, 9, 3, False)]
    decoder.reset()
    assert rows(decoder.decode(halves(ROW | 3), BASE_NS)) == []


@pytest.mark.parametrize(
    ("decoder", "packet"),
    [
        (MonoDecoder(64, 48), mono(0, 63, 47, 0) + mono(0, 64, 0, 0) + mono(0, 0, 48, 1)),
        (LibcaerDecoder(64, 48), libcaer(0, 63, 47, 0) + libcaer(0, 64, 0, 0) + libcaer(0, 0, 48, 1)),
        (LibcaerCmpDecoder(64, 48), halves(COLUMN | 63, ROW | 47, ROW | 48, COLUMN | 64, ROW)),
    ],
)
def test_events_outside_are_counted(decoder: MonoDecoder | LibcaerDecoder | LibcaerCmpDecoder, packet: bytes) -> None:
    assert rows(decoder.decode(packet, BASE_NS)) == [(BASE_NS, 63, 47, False)]
    assert decoder.outside == 2


def test_big_endian_words() -> None:
    packet = struct.pack(">Q", 1 << 63 | 479 << 48 | 639 << 32 | 5)
    assert rows(MonoDecoder(big_endian=True).decode(packet)) == [(5, 639, 479, True)]
    packet = struct.pack(">II", 639 << 17 | 479 << 2 | 3, 5)
    assert rows(LibcaerDecoder(big_endian=True).decode(packet)) == [(5000, 639, 479, True)]
    packet = struct.pack(">2H", COLUMN | 9, ROW | ON | 7)
    assert rows(LibcaerCmpDecoder(big_endian=True).decode(packet)) == [(0, 9, 7, True)]


@pytest.mark.parametrize(
    ("decoder", "packet", "message"),
    [
        (MonoDecoder(), bytes(12), "12 bytes, expected words of 8"),
        # half an event
        (LibcaerDecoder(), bytes(12), "12 bytes, expected words of 8"),
        (LibcaerCmpDecoder(), bytes(3), "3 bytes, expected words of 2"),
        (LibcaerCmpDecoder(), halves(COLUMN, 0x6001), "word 1 of 2 is 0x6001"),
    ],
)
def test_damaged_packets_are_refused(
    decoder: MonoDecoder | LibcaerDecoder | LibcaerCmpDecoder, packet: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        decoder.decode(packet)


def test_triggers_of_their_own_encoding() -> None:
    decoder = TriggerDecoder(640, 480)
    packet = struct.pack("<2Q", 1 << 63 | 3 << 48 | 5, 9)
    assert len(decoder.decode(packet, BASE_NS)) == 0
    assert decoder.triggers.t_ns.tolist() == [BASE_NS + 5, BASE_NS + 9]
    assert decoder.triggers.channel.tolist() == [3, 0]
    assert decoder.triggers.rising.tolist() == [True, False]


def packets_of(data: bytes, word: int, cuts: list[int]) -> list[tuple[bytes, int]]:
    """The stream cut between words anywhere, each packet with a time base of its own."""
    count = len(data) // word
    places = [0, *sorted(min(cut, count) for cut in cuts), count]
    return [(data[a * word : b * word], BASE_NS + number) for number, (a, b) in enumerate(pairwise(places))]


some_cuts = st.lists(st.integers(0, 40), max_size=3)
some_times = st.sampled_from([0, 1, 2**30, 2**31 - 1]) | st.integers(0, 2**31 - 1)
some_words = st.tuples(
    st.sampled_from([HIGH, LOW, COLUMN, ROW, BASE, EIGHT, EIGHT]),
    st.sampled_from([0, 1, 255, 2047, 4095]) | st.integers(0, 4095),
).map(lambda pair: halves(pair[0] | pair[1]))
some_longs = st.binary(min_size=8, max_size=8)
some_events = st.builds(libcaer, some_times, st.integers(0, 2**15 - 1), st.integers(0, 2**15 - 1), st.integers(0, 1))


@pytest.mark.parametrize(
    ("make", "slowly", "words", "word"),
    [
        (MonoDecoder, slow.mono, some_longs, 8),
        (LibcaerDecoder, slow.libcaer, some_events, 8),
        (LibcaerCmpDecoder, slow.libcaer_cmp, some_words, 2),
    ],
)
@given(data=st.data())
def test_any_words_in_any_packets_as_one_by_one(
    make: Callable[[int, int], MonoDecoder],
    slowly: Callable[[list[tuple[bytes, int]]], list[slow.Row]],
    words: st.SearchStrategy[bytes],
    word: int,
    data: st.DataObject,
) -> None:
    stream = b"".join(data.draw(st.lists(words, max_size=40)))
    packets = packets_of(stream, word, data.draw(some_cuts))
    decoder = make(2000, 1000)
    found = [row for packet, base_ns in packets for row in rows(decoder.decode(packet, base_ns))]
    expected = slowly(packets)
    assert found == [row for row in expected if row[1] < 2000 and row[2] < 1000]
    assert decoder.outside == len(expected) - len(found)
