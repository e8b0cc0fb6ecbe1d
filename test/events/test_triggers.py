from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Evt2Decoder, Evt3Decoder

from .conftest import packets_of_bag

HIGH, LOW, ROW, COLUMN, TRIGGER = 0x8000, 0x6000, 0x0000, 0x2000, 0xA000
Edge = tuple[int, int, bool]


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def edges_of(decoder: Evt2Decoder | Evt3Decoder) -> list[Edge]:
    found = decoder.triggers
    return list(zip((found.t_ns // 1000).tolist(), found.channel.tolist(), found.rising.tolist(), strict=True))


def edges_slowly(packets: list[bytes]) -> list[Edge]:
    """Of EVT3, word by word."""
    found: list[Edge] = []
    wraps, high, low = 0, None, None
    for packet in packets:
        for (word,) in struct.iter_unpack("<H", packet):
            kind, value = word >> 12, word & 0xFFF
            if kind == 0x8:
                if high is not None and high - value > 10:
                    wraps += 1
                if high is not None and value - high >= 4096 - 10:
                    wraps -= 1
                high = value
            elif kind == 0x6:
                low = value
            elif kind == 0xA and high is not None and low is not None:
                # 4 bits of the channel above 8 of which only the last means something
                found.append(((wraps << 24) + (high << 12) + low, value >> 8, bool(value & 1)))
    return found


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (words(HIGH | 2, LOW | 5, TRIGGER | 0x301), [(2 * 4096 + 5, 3, True)]),
        # before a row, among events, at the time that holds there
        (
            words(HIGH, LOW | 1, TRIGGER | 1, ROW, COLUMN, LOW | 2, TRIGGER, COLUMN, LOW | 3),
            [(1, 0, True), (2, 0, False)],
        ),
        # before the time is known nothing can be said
        (words(TRIGGER | 1, HIGH, TRIGGER | 1, LOW), []),
        # after a wrap
        (words(HIGH | 4095, LOW, HIGH, TRIGGER), [(1 << 24, 0, False)]),
    ],
)
def test_edges_of_evt3(packet: bytes, expected: list[Edge]) -> None:
    decoder = Evt3Decoder()
    decoder.decode(packet)
    assert edges_of(decoder) == expected == edges_slowly([packet])


def test_edges_of_evt2() -> None:
    decoder = Evt2Decoder()
    high, trigger = 0x8000_0000, 0xA000_0000
    # the lower bits of the time are the trigger's own
    values = (trigger | 1, high | 3, trigger | 9 << 22 | 17 << 8 | 1, 5 << 22, trigger | 10 << 22)
    decoder.decode(struct.pack(f"<{len(values)}I", *values))
    assert edges_of(decoder) == [(3 * 64 + 9, 17, True), (3 * 64 + 10, 0, False)]


def test_they_are_of_the_last_packet_and_leave_the_events_alone() -> None:
    decoder, without = Evt3Decoder(), Evt3Decoder()
    packet = (HIGH | 1, LOW | 2, ROW | 3, COLUMN | 4, LOW | 5, COLUMN | 6)
    with_triggers = words(*(value for word in packet for value in (TRIGGER | 1, word)))
    events, expected = decoder.decode(with_triggers), without.decode(words(*packet))
    assert events.t_ns.tolist() == expected.t_ns.tolist()
    assert events.x.tolist() == expected.x.tolist()
    assert len(decoder.triggers) == 4
    decoder.decode(words(COLUMN))
    assert len(decoder.triggers) == 0


def test_a_damaged_packet_has_none() -> None:
    decoder = Evt3Decoder()
    decoder.decode(words(HIGH, LOW, TRIGGER))
    with pytest.raises(InputError, match="0x9000"):
        decoder.decode(words(TRIGGER, 0x9000, TRIGGER))
    assert len(decoder.triggers) == 1


some_words = st.lists(
    st.tuples(
        st.sampled_from([HIGH, LOW, ROW, COLUMN, 0x3000, 0x4000, 0x5000, TRIGGER, TRIGGER]),
        st.sampled_from([0, 1, 5, 4090, 4095]) | st.integers(0, 4095),
    ).map(lambda pair: pair[0] | pair[1]),
    max_size=60,
)


@given(some_words, st.lists(st.integers(0, 60), max_size=3))
def test_any_words_in_any_packets_as_word_by_word(values: list[int], cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    packets = [words(*values[start:end]) for start, end in pairwise(places)]
    decoder = Evt3Decoder()
    found = []
    for packet in packets:
        decoder.decode(packet)
        found += edges_of(decoder)
    assert found == edges_slowly(packets)


@pytest.mark.recordings
def test_recorded_edges(data_dir: Path) -> None:
    packets = packets_of_bag(data_dir / "events/evt3_person_walking_bag/test_events_1.db3")
    decoder = Evt3Decoder(640, 480)
    found, sum_us = [], 0
    for packet in packets:
        sum_us += int((decoder.decode(packet).t_ns // 1000).sum())
        found += edges_of(decoder)
    assert found == edges_slowly(packets)
    # what the tests of event_camera_py expect of this recording: edges, and the times of events and edges in all
    assert [rising for _, _, rising in found].count(False) == 2078
    assert sum_us + sum(time_us for time_us, _, _ in found) == 2_885_601_049_874
