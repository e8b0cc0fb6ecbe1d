"""What is timed: the work of one camera, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mobinet.events import (
    BackgroundActivityFilter,
    CameraPacket,
    EventChain,
    Events,
    TimeSurface,
    Window,
    encode_evt3,
    histogram,
    make_decoder,
    voxel_grid,
)
from mobinet.events.factory import EventDetectorSettings, make_event_detector

from . import plain_loops
from .streams import ENCODINGS, HEIGHT, PERIOD_NS, WIDTH, made_events, packets
from .timing import Camera

BINS, VOXEL_BINS = 10, 5
SUPPORT_S = 0.01
RECORDINGS = {
    "decode_evt3_driving": ("evt3", "evt3_driving_raw/evt3_sample.raw", (1280, 720)),
    "decode_evt2_dot": ("evt2", "evt2_dot_raw/evt2_sample.raw", (640, 480)),
}


def decoding(seed: int) -> dict[str, Camera]:
    """One made stream in each encoding, in packets of 128 KiB."""
    events = made_events(seed)
    return {f"decode_{encoding}": _decode(packets(events, encoding), len(events)) for encoding in ENCODINGS}


def recordings(data: Path | None) -> dict[str, Camera]:
    """Decoding of those that are there."""
    found = {}
    for name, (encoding, file, (width, height)) in RECORDINGS.items():
        path = data / "events" / file if data else None
        if path is not None and path.is_file():
            body = raw_body(path)
            parts = [body[start : start + (1 << 17)] for start in range(0, len(body), 1 << 17)]
            found[name] = _decode([CameraPacket(part, encoding, width, height, 0) for part in parts])
    return found


def _decode(stream: list[CameraPacket], expected: int | None = None) -> Camera:
    first = stream[0]
    decoder = make_decoder(first.encoding, first.width, first.height)

    def work() -> int:
        return sum(len(decoder.decode(packet.data, packet.time_base_ns)) for packet in stream)

    count = work()
    if expected is not None and count != expected:
        raise AssertionError(f"{first.encoding}: {count} events decoded, {expected} encoded")
    return Camera(count, work)


def representations(seed: int) -> dict[str, Camera]:
    """From events in memory to arrays that exist."""
    events = made_events(seed)
    window = Window.of(events)
    surface, noise = TimeSurface(WIDTH, HEIGHT), BackgroundActivityFilter(WIDTH, HEIGHT, SUPPORT_S)
    counts = np.empty((2, BINS, HEIGHT, WIDTH), np.uint8)
    grid = np.empty((VOXEL_BINS, HEIGHT, WIDTH), np.float32)
    mask = np.random.default_rng(seed).random(len(events)) < 0.7
    works: dict[str, Callable[[], object]] = {
        "histogram": lambda: histogram(events, WIDTH, HEIGHT, BINS, window, counts),
        "voxel": lambda: voxel_grid(events, WIDTH, HEIGHT, VOXEL_BINS, window, grid),
        "timesurface": lambda: surface.update(events),
        "filter": lambda: noise.keep(events),
        "select": lambda: events[mask],
    }
    return {name: Camera(len(events), work) for name, work in works.items()}


def path(seed: int, model: str, windows: int) -> Camera:
    """Packets of EVT3 to detections: decoding, filters, windows of 50 ms, detector."""
    stream, now_ns = [], 0
    for _ in range(windows):
        events = made_events(seed)
        events = Events(events.t_ns + now_ns, events.x, events.y, events.polarity)
        now_ns += PERIOD_NS
        for start in range(0, len(events), 50_000):
            part = events[start : start + 50_000]
            stamp_ns = int(part.t_ns[0])
            data = encode_evt3(part, start_ns=stamp_ns)
            stream.append(CameraPacket(data, "evt3", WIDTH, HEIGHT, stamp_ns, len(stream)))
    count = windows * len(events)

    def work() -> None:
        chain = EventChain(WIDTH, HEIGHT, make_event_detector(EventDetectorSettings(model), WIDTH, HEIGHT))
        found = sum(len(chain.push(packet)) for packet in stream)
        # closes the last window
        found += len(chain.advance(4 * PERIOD_NS))
        if found < windows:
            raise AssertionError(f"{found} windows found, expected {windows} at least")

    return Camera(count, work)


def plain(seed: int) -> dict[str, dict[str, Camera]]:
    """What NumPy and plain loops do, by peer and by the name of ours; and the copy of events, which is the bound."""
    events = made_events(seed)
    columns = (events.t_ns, events.x, events.y, events.polarity.view(np.uint8))
    start_ns, end_ns = Window.of(events)
    words = {name: np.frombuffer(_whole(events, name), dtype) for name, dtype in (("evt3", "<u2"), ("evt2", "<u4"))}
    room = tuple(np.empty_like(column) for column in columns)
    counts = np.empty((2, BINS, HEIGHT, WIDTH), np.uint8)
    grid = np.empty((VOXEL_BINS, HEIGHT, WIDTH), np.float32)
    surface, last_ns = np.zeros((2, HEIGHT, WIDTH), np.int64), np.full((HEIGHT, WIDTH), -(1 << 62))
    kept = np.empty(len(events), bool)
    loops: dict[str, Callable[[], object]] = {
        "decode_evt3": lambda: plain_loops.decode_evt3(words["evt3"], *room),
        "decode_evt2": lambda: plain_loops.decode_evt2(words["evt2"], *room),
        "histogram": lambda: plain_loops.histogram(*columns, start_ns, end_ns, counts),
        "voxel": lambda: plain_loops.voxel_grid(*columns, start_ns, end_ns, grid),
        "timesurface": lambda: plain_loops.time_surface(*columns, surface),
        "filter": lambda: plain_loops.background_filter(*columns[:3], last_ns, round(SUPPORT_S * 1e9), kept),
    }
    works = {
        "plain Numba loops": loops,
        "numpy bincount": {"histogram": lambda: plain_loops.bincount_histogram(events, BINS)},
        "memory copy": {"bound": lambda: [np.copyto(new, old) for new, old in zip(room, columns, strict=True)]},
    }
    return {peer: {name: Camera(len(events), work) for name, work in each.items()} for peer, each in works.items()}


def _whole(events: Events, encoding: str) -> bytes:
    return b"".join(bytes(packet.data) for packet in packets(events, encoding))


def raw_files(seed: int) -> dict[str, bytes]:
    """The made stream as RAW files, by the name of our decoding."""
    events, files = made_events(seed), {}
    for encoding, version, name in (("evt3", "3.0", "EVT3"), ("evt2", "2.0", "EVT2")):
        header = f"% evt {version}\n% format {name};height={HEIGHT};width={WIDTH}\n% geometry {WIDTH}x{HEIGHT}\n% end\n"
        files[f"decode_{encoding}"] = header.encode() + _whole(events, encoding)
    return files


def raw_body(path: Path) -> bytes:
    """The words of a RAW file."""
    data, begin = path.read_bytes(), 0
    while data[begin : begin + 2] == b"% ":
        begin = data.index(b"\n", begin) + 1
    return data[begin : begin + (len(data) - begin) // 8 * 8]
