from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events, Evt2Decoder

from .evt2_reference import Row, decode_slowly

HIGH, OFF, ON = 0x80000000, 0x00000000, 0x10000000


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def event(low: int, x: int, y: int) -> int:
    return low << 22 | x << 11 | y


def rows(events: Events) -> list[Row]:
    columns = (events.t_ns // 1000, events.x, events.y, events.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        # the time is put together from both words, and holds
        (
            words(HIGH | 2, ON | event(5, 9, 7), OFF | event(63, 2047, 2047)),
            [(2 * 64 + 5, 9, 7, True), (2 * 64 + 63, 2047, 2047, False)],
        ),
        # nothing can be said before the time
        (words(ON | event(1, 2, 3), HIGH, ON | event(1, 2, 3)), [(1, 2, 3, True)]),
        # triggers and the like are no events
        (words(HIGH, 0xA0000001, 0xE0000000, 0xF0000000, OFF), [(0, 0, 0, False)]),
        (b"", []),
    ],
)
def test_words_mean_what_the_format_says(packet: bytes, expected: list[Row]) -> None:
    assert rows(Evt2Decoder().decode(packet)) == expected
    assert decode_slowly([packet]) == expected


def test_times_wrap_and_go_back_a_little() -> None:
    top = (1 << 28) - 1
    packets = [words(HIGH | high, OFF) for high in (top, 0, top, 1, 0)]
    decoder = Evt2Decoder()
    found = [row for packet in packets for row in rows(decoder.decode(packet))]
    assert [row[0] >> 6 for row in found] == [top, top + 1, top, top + 2, top + 1]
    assert found == decode_slowly(packets)


some_words = st.lists(
    st.tuples(
        st.sampled_from([HIGH, OFF, ON, 0xA0000000]),
        st.sampled_from([0, 1, (1 << 16), (1 << 28) - 1]) | st.integers(0, (1 << 28) - 1),
    ).map(lambda pair: pair[0] | pair[1]),
    max_size=60,
)


@given(some_words, st.integers(0, 60), st.integers(0, 60))
def test_any_words_in_any_packets_as_word_by_word(values: list[int], first: int, second: int) -> None:
    cuts = [0, *sorted((min(first, len(values)), min(second, len(values)))), len(values)]
    packets = [words(*values[start:end]) for start, end in pairwise(cuts)]
    decoder = Evt2Decoder()
    assert [row for packet in packets for row in rows(decoder.decode(packet))] == decode_slowly(packets)


def test_big_endian_words_and_events_outside() -> None:
    decoder = Evt2Decoder(64, 48, big_endian=True)
    packet = struct.pack(">4I", HIGH, ON | event(0, 63, 47), ON | event(0, 64, 0), ON | event(0, 0, 48))
    assert rows(decoder.decode(packet)) == [(0, 63, 47, True)]
    assert decoder.outside == 2


@pytest.mark.parametrize(
    ("packet", "message"),
    [(words(HIGH)[:-1], "3 bytes, expected words of 4"), (words(HIGH | 9, 0x90000001), "word 1 of 2 is 0x90000001")],
)
def test_damaged_packets_leave_the_decoder_as_it_was(packet: bytes, message: str) -> None:
    decoder = Evt2Decoder()
    decoder.decode(words(HIGH | 1))
    with pytest.raises(InputError, match=message):
        decoder.decode(packet)
    assert rows(decoder.decode(words(OFF))) == [(64, 0, 0, False)]
    decoder.reset()
    assert rows(decoder.decode(words(OFF))) == []


@pytest.mark.recordings
def test_recording_as_word_by_word(data_dir: Path) -> None:
    path = data_dir / "events" / "evt2_dot_raw" / "evt2_sample.raw"
    data = path.read_bytes()
    packet = data[data.index(b"evt 2.0\n") + 8 :]
    events = Evt2Decoder(640, 480).decode(packet)
    assert rows(events) == decode_slowly([packet])
    assert len(events) == 539_481
