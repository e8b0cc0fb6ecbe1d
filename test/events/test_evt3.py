from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError
from mobinet.events import Events, Evt3Decoder, encode_evt3
from mobinet.events.base import Packet

from .conftest import packets_of_bag
from .evt3_reference import Row, decode_slowly

HIGH, LOW, ROW, COLUMN, BASE, TWELVE, EIGHT = 0x8000, 0x6000, 0x0000, 0x2000, 0x3000, 0x4000, 0x5000
ON = 0x800
WRAP_US = 1 << 24


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def rows(events: Events) -> list[Row]:
    columns = (events.t_ns // 1000, events.x, events.y, events.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def make(found: list[Row]) -> Events:
    table = np.array(found, np.int64).reshape(-1, 4)
    return Events(table[:, 0] * 1000, table[:, 1], table[:, 2], table[:, 3].astype(bool))


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        # one event, its time put together from both words
        (words(HIGH | 2, LOW | 5, ROW | 7, COLUMN | ON | 9), [(2 * 4096 + 5, 9, 7, True)]),
        # row and time hold until they change; bit 11 of a row is the second camera's and not a coordinate
        (
            words(HIGH, LOW | 1, ROW | 0x800 | 7, COLUMN | 1, COLUMN | 2, LOW | 3, COLUMN | 4),
            [(1, 1, 7, False), (1, 2, 7, False), (3, 4, 7, False)],
        ),
        # vectors count up from the base, 12, 12 and 8 columns
        (
            words(HIGH, LOW, ROW, BASE | ON | 64, TWELVE | 0x801, TWELVE | 2, EIGHT | 0x80),
            [(0, 64, 0, True), (0, 75, 0, True), (0, 77, 0, True), (0, 95, 0, True)],
        ),
        # the base has moved on by 12 for the vector after, though the first one was empty
        (words(HIGH, LOW, ROW, BASE | 3, TWELVE, EIGHT | 1), [(0, 15, 0, False)]),
        # nothing can be said before the time, or before the row
        (words(ROW | 1, COLUMN | 1, HIGH, COLUMN | 2, LOW, COLUMN | 3), [(0, 3, 1, False)]),
        (words(HIGH, LOW, COLUMN | 1), []),
        # a vector without a base
        (words(HIGH, LOW, ROW, TWELVE | 1), []),
        # triggers, temperatures and their continuation are no events
        (words(HIGH, LOW, ROW, 0xA100, 0xE014, 0x7001, 0xF123, COLUMN | 1), [(0, 1, 0, False)]),
        (b"", []),
    ],
)
def test_words_mean_what_the_format_says(packet: bytes, expected: list[Row]) -> None:
    assert rows(Evt3Decoder().decode(packet)) == expected
    assert decode_slowly([packet]) == expected


@pytest.mark.parametrize(
    ("highs", "seconds"),
    [
        # after 4095 comes 0: a wrap, twice
        ([4095, 0, 4000, 1], [4095, 4096, 8096, 8193]),
        # a clock that goes back by a little does not wrap
        ([100, 98, 101], [100, 98, 101]),
        ([2, 4094, 3], [2, -2, 3]),
        # a long time without events goes forward
        ([3000, 2000], [3000, 6096]),
    ],
)
def test_times_wrap(highs: list[int], seconds: list[int]) -> None:
    stream = [words(HIGH | high, LOW, ROW, COLUMN) for high in highs]
    decoder = Evt3Decoder()
    found = [row for packet in stream for row in rows(decoder.decode(packet))]
    assert [row[0] for row in found] == [4096 * high for high in seconds]
    assert found == decode_slowly(stream)


def test_big_endian_words() -> None:
    packet = struct.pack(">4H", HIGH | 1, LOW, ROW, COLUMN | 5)
    assert rows(Evt3Decoder(big_endian=True).decode(packet)) == [(4096, 5, 0, False)]


def test_events_outside_the_sensor_are_counted() -> None:
    decoder = Evt3Decoder(64, 48)
    packet = words(HIGH, LOW, ROW | 47, COLUMN | 63, COLUMN | 64, ROW | 48, COLUMN, BASE | 2047, TWELVE | 3)
    assert rows(decoder.decode(packet)) == [(0, 63, 47, False)]
    assert decoder.outside == 4


@pytest.mark.parametrize(
    ("packet", "message"),
    [(words(HIGH, LOW)[:-1], "3 bytes"), (words(HIGH, LOW, 0x9001), "word 2 of 3 is 0x9001")],
)
def test_damaged_packets_leave_the_decoder_as_it_was(packet: bytes, message: str) -> None:
    decoder = Evt3Decoder()
    decoder.decode(words(HIGH | 1, LOW | 2, ROW | 3))
    with pytest.raises(InputError, match=message):
        decoder.decode(packet)
    assert rows(decoder.decode(words(COLUMN | 4))) == [(4098, 4, 3, False)]


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda b: array("B", b), lambda b: np.frombuffer(b, "u1")]
)
def test_packets_in_any_memory(kind: Callable[[bytes], Packet]) -> None:
    packet = kind(words(HIGH | 1, LOW, ROW, COLUMN | 5))
    assert rows(Evt3Decoder().decode(packet)) == [(4096, 5, 0, False)]


def test_a_packet_stays_writable() -> None:
    packet = np.frombuffer(bytearray(words(HIGH | 1)), np.uint8)
    Evt3Decoder().decode(packet)
    assert packet.flags.writeable


def test_reset_forgets_time_and_row() -> None:
    decoder = Evt3Decoder()
    decoder.decode(words(HIGH | 1, LOW | 2, ROW | 3))
    decoder.reset()
    assert rows(decoder.decode(words(COLUMN | 4))) == []


# any words of the kinds that exist, with values that make wraps, vectors and full rows likely
some_words = st.lists(
    st.tuples(
        st.sampled_from([HIGH, LOW, ROW, COLUMN, BASE, TWELVE, EIGHT, 0xA000]),
        st.sampled_from([0, 1, 5, 7, 9, 31, 2047, 2048, 4090, 4095]) | st.integers(0, 4095),
    ).map(lambda pair: pair[0] | pair[1]),
    max_size=60,
)


@given(some_words, st.integers(0, 60), st.integers(0, 60))
def test_any_words_in_any_packets_as_word_by_word(values: list[int], first: int, second: int) -> None:
    # a beginning that makes the words after it count
    values = [HIGH | 5, LOW, ROW | 1, BASE, *values]
    cuts = [0, *sorted((min(first, len(values)), min(second, len(values)))), len(values)]
    packets = [words(*values[start:end]) for start, end in pairwise(cuts)]
    decoder = Evt3Decoder(4096 // 2, 2048)
    found = [row for packet in packets for row in rows(decoder.decode(packet))]
    assert found == [row for row in decode_slowly(packets) if row[1] < 2048]


@pytest.mark.parametrize("seed", range(4))
def test_long_streams_as_word_by_word(seed: int) -> None:
    """More words than are decoded at once, with wraps, unknown bases and columns outside the format among them."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(
        [0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15], 6000, p=[0.2, 0.3, 0.05, 0.1, 0.05, 0.2, 0.02, *4 * [0.02]]
    )
    values = np.where(rng.random(6000) < 0.3, rng.integers(2030, 2060, 6000), rng.integers(0, 4096, 6000))
    stream = (kinds << 12 | values).astype("<u2")
    cuts = [0, *sorted(rng.integers(0, 6000, 3).tolist()), 6000]
    packets = [stream[start:end].tobytes() for start, end in pairwise(cuts)]
    decoder = Evt3Decoder()
    found = [row for packet in packets for row in rows(decoder.decode(packet))]
    expected = decode_slowly(packets)
    assert found == [row for row in expected if row[1] < 2048]
    assert decoder.outside == sum(row[1] >= 2048 for row in expected)


# events of few times, rows and columns, so that vectors arise; some far apart in time
some_events = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 4095, 4096, 10_000_000, 20_000_000]),
        st.integers(0, 70) | st.just(2047),
        st.integers(0, 2) | st.just(2047),
        st.booleans(),
    ),
    max_size=80,
)


@given(some_events, st.booleans())
def test_what_was_encoded_is_decoded(steps: list[Row], ordered: bool) -> None:
    # the first time is within the first round, as a receiver that knows nothing takes it
    times = np.cumsum([0, *(step[0] for step in steps[1:])]).tolist()
    found = [(t, x, y, p) for t, (_, x, y, p) in zip(times, steps, strict=False)]
    if ordered:
        found.sort(key=lambda row: (row[0], row[2], row[3], row[1]))
    packet = encode_evt3(make(found))
    assert decode_slowly([packet]) == found
    assert rows(Evt3Decoder().decode(packet)) == found


def test_full_rows_become_vectors() -> None:
    # 64 neighbours: twice a base and three words, after time (2) and row (1)
    packet = encode_evt3(make([(7, x, 3, True) for x in range(64)]))
    assert len(packet) == 2 * (2 + 1 + 2 * 4)
    # four events in a group of 32 are not worth one
    assert len(encode_evt3(make([(7, x, 3, True) for x in (0, 9, 20, 31)]))) == 2 * (2 + 1 + 4)


def test_each_packet_stands_alone() -> None:
    events = make([(WRAP_US - 1, 1, 2, True), (WRAP_US, 3, 2, False)])
    first, second = encode_evt3(events[:1]), encode_evt3(events[1:])
    # without the first one only the wrap is lost
    assert rows(Evt3Decoder().decode(second)) == [(0, 3, 2, False)]
    decoder = Evt3Decoder()
    assert rows(decoder.decode(first)) + rows(decoder.decode(second)) == rows(events)


def test_a_packet_without_events_tells_the_time() -> None:
    decoder = Evt3Decoder()
    # quiet for longer than the time of one round, told at each 10 s
    for second in (0, 10, 20, 30):
        assert len(decoder.decode(encode_evt3(Events.empty(), start_ns=second * 10**9))) == 0
    late = make([(31_000_000, 1, 1, True)])
    assert rows(decoder.decode(encode_evt3(late, start_ns=30_500_000_000))) == rows(late)
    assert encode_evt3(Events.empty()) == b""


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (make([(5, 0, 0, True), (4, 0, 0, True)]), "4000 ns follows 5000"),
        (make([(-1, 0, 0, True)]), "negative"),
        (make([(0, 2048, 0, True)]), "x is 2048, expected 0 to 2047"),
        (make([(0, 0, 5000, True)]), "y is 5000"),
        (make([(0, 0, 0, True), (4 * 3600 * 10**6, 0, 0, True)]), "split"),
    ],
)
def test_what_the_format_does_not_hold_is_refused(events: Events, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encode_evt3(events)


def test_events_before_the_start_are_refused() -> None:
    with pytest.raises(InputError, match="order of time"):
        encode_evt3(make([(5, 0, 0, True)]), start_ns=6000)


@pytest.mark.recordings
def test_recorded_street(data_dir: Path) -> None:
    """Vectors, 1280 x 720; the words say 8.8 ms."""
    path = data_dir / "events/evt3_driving_raw/evt3_sample.raw"
    data = path.read_bytes()
    begin = data.index(b"% system_ID 48\n") + len(b"% system_ID 48\n")
    events = Evt3Decoder(1280, 720).decode(data[begin:])
    assert rows(events) == decode_slowly([data[begin:]])
    assert len(events) == 219_596
    assert events.t_ns[-1] - events.t_ns[0] == 8_801_000
    assert rows(Evt3Decoder(1280, 720).decode(encode_evt3(events))) == rows(events)


@pytest.mark.recordings
def test_recordedpackets_of_bag(data_dir: Path) -> None:
    """A bag's packets, cut anywhere by the driver: state goes on from one to the next."""
    packets = packets_of_bag(data_dir / "events/evt3_person_walking_bag/test_events_1.db3")
    decoder = Evt3Decoder(640, 480)
    events = Events.concatenate([decoder.decode(packet) for packet in packets])
    assert len(packets) == 517
    assert len(events) == 343_474
    assert decoder.outside == 0
    assert (np.diff(events.t_ns) >= 0).all()
    assert rows(events) == decode_slowly(packets)
    assert rows(Evt3Decoder(640, 480).decode(encode_evt3(events))) == rows(events)
