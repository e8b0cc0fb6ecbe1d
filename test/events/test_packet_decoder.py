from __future__ import annotations

import struct

import pytest

from mobinet.errors import InputError
from mobinet.events import Events, encode_evt3
from mobinet.events.packet_decoder import ENCODINGS, make_decoder

BASE_NS = 1_700_000_000_000_000_000


def halves(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def longs(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def test_an_unknown_encoding_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'evt4', expected one of evt2, evt21, evt21_legacy, evt3, libcaer"):
        make_decoder("evt4", 640, 480)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_all_begin_with_nothing_and_take_nothing(encoding: str) -> None:
    decoder = make_decoder(encoding, 640, 480)
    assert len(decoder.decode(b"", BASE_NS)) == 0
    assert (decoder.outside, len(decoder.triggers), decoder.packet_start_ns) == (0, 0, None)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [(0, 480), (640, 1 << 16)])
def test_sensors_that_cannot_be_are_refused(encoding: str, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="expected a sensor of 1 to"):
        make_decoder(encoding, *size)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("big_endian", [False, True])
def test_noise_is_decoded_or_refused_and_nothing_else(encoding: str, big_endian: bool) -> None:
    decoder = make_decoder(encoding, 300, 200, big_endian=big_endian)
    for seed in range(20):
        noise = bytes((seed * 7919 + index * index * 31) % 256 for index in range(8 * (seed + 1)))
        try:
            events = decoder.decode(noise, BASE_NS)
        except InputError:
            continue
        assert (events.x < 300).all()
        assert (events.y < 200).all()


@pytest.mark.parametrize("encoding", ["mono", "trigger", "libcaer", "libcaer_cmp"])
@pytest.mark.parametrize("time_base_ns", [-1, 1 << 63])
def test_a_time_base_that_cannot_be(encoding: str, time_base_ns: int) -> None:
    with pytest.raises(InputError, match="time_base is"):
        make_decoder(encoding, 640, 480).decode(bytes(8), time_base_ns)


def test_evt3_does_not_look_at_time_base() -> None:
    packet = encode_evt3(Events([7000], [1], [2], [True]))
    assert make_decoder("evt3", 640, 480).decode(packet, (1 << 64) - 1).t_ns.tolist() == [7000]


@pytest.mark.parametrize(
    ("encoding", "packet", "expected_ns"),
    [
        # the first word of the time, however many events come before it
        ("evt3", halves(0x2001, 0x6005, 0x2002, 0x6009), (4096 + 5) * 1000),
        ("evt3", halves(0x8002, 0x6005), (2 * 4096 + 5) * 1000),
        # words without a time
        ("evt3", halves(0x2001, 0xE000), None),
        ("evt2", words(3 << 22, 5 << 22), (64 + 3) * 1000),
        ("evt2", words(0xE000_0000, 0x8000_0002, 5 << 22), 128 * 1000),
        ("evt21", longs(3 << 54 | 0xFFFF_FFFF, 5 << 54 | 1), (64 + 3) * 1000),
        ("evt21", longs(0xE << 60, 0x8 << 60 | 2 << 32), 128 * 1000),
        # where time_base tells it
        ("mono", longs(77), BASE_NS),
        ("libcaer_cmp", halves(0x1005, 0x2001, 0x3001), BASE_NS),
        ("libcaer", words(0, 77, 0, 78), BASE_NS + 77_000),
    ],
)
def test_the_time_at_the_beginning(encoding: str, packet: bytes, expected_ns: int | None) -> None:
    decoder = make_decoder(encoding, 640, 480)
    # the time before it
    first = {"evt3": halves(0x8001, 0x6000), "evt2": words(0x8000_0001), "evt21": longs(0x8 << 60 | 1 << 32)}
    decoder.decode(first.get(encoding, b""), 0)
    events = decoder.decode(packet, BASE_NS)
    assert decoder.packet_start_ns == expected_ns
    # looking for it has left the decoder alone
    again = make_decoder(encoding, 640, 480)
    again.decode(first.get(encoding, b""), 0)
    assert again.decode(packet, BASE_NS).t_ns.tolist() == events.t_ns.tolist()


def test_an_empty_packet_of_ours_tells_its_time() -> None:
    decoder = make_decoder("evt3", 640, 480)
    assert len(decoder.decode(encode_evt3(Events.empty(), 9000))) == 0
    assert decoder.packet_start_ns == 9000
