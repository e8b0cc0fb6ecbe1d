"""Our decoders beside those of event_camera_py, where a ROS distribution has it; PyPI does not."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mobinet.events import Events, Triggers, encode_evt3, make_decoder
from mobinet.types import Int64

from .conftest import packets_of_bag

event_camera_py = pytest.importorskip("event_camera_py", reason="needs event_camera_py of a ROS distribution")

WIDTH, HEIGHT = 640, 480
BASE_NS = 1_700_000_000_123_000_000


def some_events(seed: int) -> Events:
    """Two thousand, in order of time, some of which share a row and a time."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.integers(0, 3, 2000)) * 1000
    x, y = random.integers(0, WIDTH, 2000), np.repeat(random.integers(0, HEIGHT, 400), 5)
    return Events(times, x, y, random.integers(0, 2, 2000) > 0)


def evt3_packets() -> list[bytes]:
    """With an edge of a trigger after every hundredth word, cut between any words."""
    words = np.frombuffer(encode_evt3(some_events(1)), "<u2")
    places = np.arange(100, len(words), 100)
    edges = (0xA000 | np.arange(len(places)) % 4 << 8 | np.arange(len(places)) % 2).astype("<u2")
    words = np.insert(words, places, edges)
    return [words[start:end].tobytes() for start, end in pairwise([0, 7, 500, 501, 1500, len(words)])]


def mono_packets() -> list[bytes]:
    events = some_events(2)
    rows = zip(events.t_ns.tolist(), events.x.tolist(), events.y.tolist(), events.polarity.tolist(), strict=True)
    return [b"".join(struct.pack("<IHH", t, x, p << 15 | y) for t, x, y, p in rows)]


def libcaer_packets() -> list[bytes]:
    """Over a wrap of the 31 bits."""
    events = some_events(3)
    times = (events.t_ns // 1000 + 2**31 - 1000) % 2**31
    rows = zip(times.tolist(), events.x.tolist(), events.y.tolist(), events.polarity.tolist(), strict=True)
    return [b"".join(struct.pack("<II", x << 17 | y << 2 | p << 1 | 1, t) for t, x, y, p in rows)]


def libcaer_cmp_packets() -> list[bytes]:
    """Words of all kinds; a column and a base come first."""
    random = np.random.default_rng(4)
    kinds = random.choice([1, 2, 3, 4, 5], 3000)
    values = np.where(kinds == 2, random.integers(0, WIDTH, 3000), random.integers(0, 4096, 3000))
    values = np.where(kinds == 1, np.cumsum(kinds == 1), values)
    words = np.concatenate([[0x2001, 0x4001], kinds << 12 | values]).astype("<u2")
    return [words[:1000].tobytes(), words[1000:].tobytes()]


@pytest.mark.parametrize(
    ("encoding", "packets", "unit_ns"),
    [
        ("evt3", evt3_packets(), 1000),
        ("mono", mono_packets(), 1),
        ("libcaer", libcaer_packets(), 1),
        ("libcaer_cmp", libcaer_cmp_packets(), 1000),
    ],
)
def test_packets_are_decoded_alike(encoding: str, packets: list[bytes], unit_ns: int) -> None:
    compare(encoding, packets, unit_ns)


@pytest.mark.recordings
def test_a_recording_is_decoded_alike(data_dir: Path) -> None:
    compare("evt3", packets_of_bag(data_dir / "events/evt3_person_walking_bag/test_events_1.db3"), 1000)


def compare(encoding: str, packets: list[bytes], unit_ns: int) -> None:
    """Theirs has times in 32 bits; with libcaer's encodings from the first event on."""
    ours, theirs = make_decoder(encoding, WIDTH, HEIGHT), event_camera_py.Decoder()
    first_ns: int | None = None if encoding.startswith("libcaer") else 0
    count = 0
    for number, packet in enumerate(packets):
        base_ns = BASE_NS + number * 10_000_000
        octets = np.frombuffer(packet, np.uint8)
        theirs.decode(SimpleNamespace(encoding=encoding, width=WIDTH, height=HEIGHT, time_base=base_ns, events=octets))
        expected, expected_edges = theirs.get_cd_events(), theirs.get_ext_trig_events()
        events = ours.decode(packet, base_ns)
        if first_ns is None and len(events):
            first_ns = int(events.t_ns[0])
        count += len(events)
        np.testing.assert_array_equal(events.x, expected["x"])
        np.testing.assert_array_equal(events.y, expected["y"])
        np.testing.assert_array_equal(events.polarity, expected["p"] > 0)
        np.testing.assert_array_equal(shortened(events.t_ns, first_ns or 0, unit_ns), expected["t"])
        check_edges(ours.triggers, expected_edges)
    assert count > 500


def shortened(t_ns: Int64, first_ns: int, unit_ns: int) -> object:
    return ((t_ns - first_ns) // unit_ns).astype(np.int32)


def check_edges(triggers: Triggers, expected: object) -> None:
    assert isinstance(expected, np.ndarray)
    np.testing.assert_array_equal(triggers.t_ns // 1000, expected["t"])
    np.testing.assert_array_equal(triggers.channel, expected["id"])
    np.testing.assert_array_equal(triggers.rising, expected["p"] > 0)
