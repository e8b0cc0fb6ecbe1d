"""A made stream of events, in every encoding that there is a decoder for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mobinet.events import CameraPacket, Events, encode_evt3

WIDTH, HEIGHT = 640, 480
PERIOD_NS = 50_000_000
PACKET_BYTES = 1 << 17
ENCODINGS = ("evt3", "evt2", "evt21", "mono", "libcaer", "libcaer_cmp")


def made_events(seed: int, count: int = 1_000_000) -> Events:
    """50 ms of 20 blobs that change, as a sensor reads them out: five events of a row at once, some neighbours."""
    rng = np.random.default_rng(seed)
    rows = count // 5
    t_us = np.sort(rng.integers(0, PERIOD_NS // 1000, rows))
    blob = rng.integers(0, 20, rows)
    centres = rng.uniform([60, 60], [WIDTH - 60, HEIGHT - 60], (20, 2)) + rng.normal(0, 20, (20, 2))
    y = np.clip(centres[blob, 1] + rng.normal(0, 25, rows), 0, HEIGHT - 1)
    first = np.clip(centres[blob, 0] + rng.normal(0, 12, rows), 0, WIDTH - 40).astype(int)
    x = np.sort(first[:, None] + rng.integers(0, 32, (rows, 5)), axis=1)
    polarity = np.repeat(rng.random(rows) < 0.5, 5)
    return Events(np.repeat(t_us * 1000, 5), x.ravel(), np.repeat(y.astype(int), 5), polarity)


def packets(events: Events, encoding: str) -> list[CameraPacket]:
    """The events of a sensor of ``WIDTH`` x ``HEIGHT``, in packets of at most 128 KiB."""
    if encoding == "libcaer_cmp":
        return [_packet(_libcaer_cmp(part), encoding, part) for part in _parts(events, PACKET_BYTES // 8)]
    encode = {"evt3": encode_evt3, "evt2": _evt2, "evt21": _evt21, "mono": _mono, "libcaer": _libcaer}[encoding]
    data = encode(events)
    return [
        _packet(data[start : start + PACKET_BYTES], encoding, events) for start in range(0, len(data), PACKET_BYTES)
    ]


def _packet(data: bytes, encoding: str, events: Events) -> CameraPacket:
    time_base_ns = int(events.t_ns[0]) if encoding == "libcaer_cmp" else 0
    return CameraPacket(data, encoding, WIDTH, HEIGHT, 0, 0, time_base_ns)


def _parts(events: Events, size: int) -> Iterator[Events]:
    return (events[start : start + size] for start in range(0, len(events), size))


def _with_highs(words: np.ndarray, highs: np.ndarray, kind: int) -> bytes:
    """``words`` with one of ``kind`` before each that has other upper bits of the time than the one before."""
    starts = np.flatnonzero(np.diff(highs, prepend=-1))
    return np.insert(words, starts, highs[starts].astype(words.dtype) | words.dtype.type(kind)).tobytes()


def _evt2(events: Events) -> bytes:
    time_us = events.t_ns // 1000
    words = (events.polarity.astype(np.uint32) << 28) | ((time_us & 63).astype(np.uint32) << 22)
    words |= (events.x.astype(np.uint32) << 11) | events.y
    return _with_highs(words, time_us >> 6, 0x8000_0000)


def _evt21(events: Events) -> bytes:
    """Neighbours of one time, row and polarity in groups that begin at a multiple of 32 columns."""
    time_us = events.t_ns // 1000
    upper = (events.polarity.astype(np.uint64) << 60) | ((time_us & 63).astype(np.uint64) << 54)
    upper |= ((events.x // 32 * 32).astype(np.uint64) << 43) | (events.y.astype(np.uint64) << 32)
    column = events.x.astype(np.int64)
    # columns of a group rise: one that does not begins the next
    new = (
        (np.diff(upper, prepend=upper[:1] + 1) != 0)
        | (np.diff(column, prepend=-1) <= 0)
        | (np.diff(time_us, prepend=-1) != 0)
    )
    starts = np.flatnonzero(new)
    masks = np.bitwise_or.reduceat(np.uint64(1) << (events.x % 32).astype(np.uint64), starts)
    return _with_highs(upper[starts] | masks, (time_us[starts] >> 6) << 32, 0x8 << 60)


def _mono(events: Events) -> bytes:
    words = events.t_ns.astype(np.uint64) | (events.x.astype(np.uint64) << 32) | (events.y.astype(np.uint64) << 48)
    return (words | events.polarity.astype(np.uint64) << 63).tobytes()


def _libcaer(events: Events) -> bytes:
    words = (events.x.astype(np.uint32) << 17) | (events.y.astype(np.uint32) << 2)
    words |= (events.polarity.astype(np.uint32) << 1) | 1
    return np.stack([words, (events.t_ns // 1000).astype(np.uint32)], axis=1).tobytes()


def _libcaer_cmp(events: Events) -> bytes:
    """Before each event the words of time and column that differ from the event before; time counts from the first."""
    time_us = (events.t_ns - events.t_ns[0]) // 1000
    high, low = time_us >> 12, 0x1000 | (time_us & 0xFFF)
    column = 0x2000 | events.x.astype(np.int64)
    row = 0x3000 | (events.polarity.astype(np.int64) << 11) | events.y
    words = np.stack([high, low, column, row], axis=1).astype("<u2")
    told = np.ones(words.shape, bool)
    told[1:] = words[1:] != words[:-1]
    told[:, 3] = True
    return words[told].tobytes()
