"""Millions of events a second: decoding, representations and filters, on one core and on two, beside NumPy and memory.

Two cores are two cameras: the same work in two threads at once. The bound is what copying the events' bytes takes.
With ``--data``, decoding runs on recordings (``events/`` of that folder) as well as on a made stream. Times are the
best of many short runs, since other work on the machine only ever makes them longer.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mobinet.events import (
    BackgroundActivityFilter,
    Events,
    Evt2Decoder,
    Evt3Decoder,
    TimeSurface,
    encode_evt3,
    histogram,
    voxel_grid,
)

WIDTH, HEIGHT = 640, 480
BINS = 10
VOXEL_BINS = 5
COUNT = 1_000_000
PACKET_BYTES = 1 << 17
# on one core
LIMIT = {
    f"{name}_mev_per_s": rate
    for name, rate in (
        ("decode_evt3", 300),
        ("decode_evt2", 600),
        ("histogram", 800),
        ("voxel", 250),
        ("timesurface", 400),
    )
}


def made_events(seed: int) -> Events:
    """50 ms of blobs that move, as a sensor reads them out: rows at once, with some neighbours in each."""
    rng = np.random.default_rng(seed)
    rows = COUNT // 5
    t_us = np.sort(rng.integers(0, 50_000, rows))
    blob = rng.integers(0, 20, rows)
    centres = rng.uniform([60, 60], [WIDTH - 60, HEIGHT - 60], (20, 2)) + rng.normal(0, 20, (20, 2))
    y = np.clip(centres[blob, 1] + rng.normal(0, 25, rows), 0, HEIGHT - 1)
    first = np.clip(centres[blob, 0] + rng.normal(0, 12, rows), 0, WIDTH - 40).astype(int)
    x = np.sort(first[:, None] + rng.integers(0, 32, (rows, 5)), axis=1)
    polarity = np.repeat(rng.random(rows) < 0.5, 5)
    return Events(np.repeat(t_us * 1000, 5), x.ravel(), np.repeat(y.astype(int), 5), polarity)


def encode_evt2(events: Events) -> bytes:
    time_us = events.t_ns // 1000
    words = (events.polarity.astype(np.uint32) << 28) | ((time_us & 63).astype(np.uint32) << 22)
    words |= (events.x.astype(np.uint32) << 11) | events.y
    highs = time_us >> 6
    starts = np.flatnonzero(np.diff(highs, prepend=-1))
    return np.insert(words, starts, 0x8000_0000 | highs[starts].astype(np.uint32)).astype("<u4").tobytes()


def packets(data: bytes) -> list[bytes]:
    return [data[start : start + PACKET_BYTES] for start in range(0, len(data), PACKET_BYTES)]


def raw_body(path: Path) -> bytes:
    data, begin = path.read_bytes(), 0
    while data[begin : begin + 2] == b"% ":
        begin = data.index(b"\n", begin) + 1
    return data[begin : begin + (len(data) - begin) // 8 * 8]


def decode_all(decoder: Evt2Decoder | Evt3Decoder, parts: list[bytes]) -> int:
    return sum(len(decoder.decode(part)) for part in parts)


def bincount(events: Events) -> None:
    edges = np.linspace(events.t_ns[0], events.t_ns[-1] + 1, BINS + 1)
    place = (np.searchsorted(edges, events.t_ns, "right") - 1) * 2 + events.polarity
    flat = (place * HEIGHT + events.y) * WIDTH + events.x
    np.bincount(flat, minlength=2 * BINS * HEIGHT * WIDTH)


def copy(events: Events, room: Events) -> None:
    for name in ("t_ns", "x", "y", "polarity"):
        np.copyto(getattr(room, name), getattr(events, name))


def best_seconds(work: Callable[[], object], seconds: float) -> float:
    work()
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def on_two_cores(works: tuple[Callable[[], object], Callable[[], object]], seconds: float, inner: int = 4) -> float:
    """Seconds for both works, each in a thread of its own."""

    def repeat(work: Callable[[], object]) -> None:
        for _ in range(inner):
            work()

    def both() -> None:
        threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return best_seconds(both, seconds) / inner


def works_of(seed: int, data: Path | None) -> dict[str, tuple[int, Callable[[], object]]]:
    """By name, how many events and the work of one camera."""
    events = made_events(seed)
    evt3, evt2 = packets(encode_evt3(events)), packets(encode_evt2(events))
    decoder3, decoder2, surface = Evt3Decoder(WIDTH, HEIGHT), Evt2Decoder(WIDTH, HEIGHT), TimeSurface(WIDTH, HEIGHT)
    noise = BackgroundActivityFilter(WIDTH, HEIGHT, 0.01)
    counts = np.empty((2, BINS, HEIGHT, WIDTH), np.uint8)
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "decode_evt3": (len(events), lambda: decode_all(decoder3, evt3)),
        "decode_evt2": (len(events), lambda: decode_all(decoder2, evt2)),
        "histogram": (len(events), lambda: histogram(events, WIDTH, HEIGHT, BINS, out=counts)),
        "voxel": (len(events), lambda: voxel_grid(events, WIDTH, HEIGHT, VOXEL_BINS)),
        "timesurface": (len(events), lambda: surface.update(events)),
        "filter": (len(events), lambda: noise.keep(events)),
    }
    for name, decoder in (("evt3_driving_raw/evt3_sample", Evt3Decoder()), ("evt2_dot_raw/evt2_sample", Evt2Decoder())):
        path = data / "events" / f"{name}.raw" if data else None
        if path is not None and path.is_file():
            parts = packets(raw_body(path))
            count = decode_all(decoder, parts)
            works[f"{name.split('_')[0]}_recording"] = count, lambda d=decoder, p=parts: decode_all(d, p)
    return works


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with events/evt3_driving_raw and events/evt2_dot_raw")
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    options = parser.parse_args()
    seconds = 0.5 if options.quick else 3.0
    first, second = works_of(1, options.data), works_of(2, options.data)
    events = made_events(1)
    room = Events(*(np.empty_like(getattr(events, name)) for name in ("t_ns", "x", "y", "polarity")))
    figures: dict[str, float] = {}
    print(f"{'million events/s':20}{'one core':>10}{'two cores':>11}")
    for name, (count, work) in first.items():
        one = count / best_seconds(work, seconds) / 1e6
        other_count, other = second[name]
        two = (count + other_count) / on_two_cores((work, other), seconds) / 1e6
        print(f"{name:20}{one:10.0f}{two:11.0f}")
        figures |= {f"{name}_mev_per_s": round(one, 1), f"{name}_mev_per_s_2cores": round(two, 1)}
    peers: dict[str, dict[str, float]] = {}
    for name, measure, peer in (
        ("numpy bincount", "histogram", lambda: bincount(events)),
        ("memory copy", "bound", lambda: copy(events, room)),
    ):
        rate = len(events) / best_seconds(peer, seconds) / 1e6
        print(f"{name:20}{rate:10.0f}")
        peers[name] = {f"{measure}_mev_per_s": round(rate, 1)}
    print(json.dumps({"bench": "events", "ours": figures, "peers": peers, "limit": LIMIT}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
