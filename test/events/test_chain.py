"""Packets to detections: windows and their stamps, silence, losses, jumps of time, packets that cannot be."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.events import (
    CameraPacket,
    EventChain,
    EventChainSettings,
    Events,
    Found,
    NoiseSettings,
    Window,
    WindowSettings,
    encode_evt3,
)
from mobinet.types import Detections, Float64

SIZE = 64, 48
MS = 1_000_000
# the robot's time when the camera's is zero
ORIGIN_NS = 1_700_000_000_000_000_000
ALL = NoiseSettings(support_s=0.0, hot_rate_hz=0.0)


class Spy:
    """A detector that finds one box in a window with events, and remembers what it was given."""

    class_names = ("thing",)
    window_settings = WindowSettings(period_s=0.01)

    def __init__(self) -> None:
        self.seen: list[tuple[Window, int]] = []
        self.motions: list[Float64 | None] = []
        self.resets = 0

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:
        self.seen.append((window, len(events)))
        self.motions.append(image_motion)
        if not len(events):
            return Detections.empty()
        return Detections(np.array([[0, 0, 8, 8]], np.float32), np.ones(1, np.float32), ("thing",))

    def reset(self) -> None:
        self.resets += 1


def events_at(times_ms: Iterable[float]) -> Events:
    t_ns = np.array([round(t * MS) for t in times_ms], np.int64)
    places = np.arange(len(t_ns))
    return Events(t_ns, places % SIZE[0], places % SIZE[1], np.ones(len(t_ns), bool))


def packet(start_ms: float, *times_ms: float, seq: int = 0, delay_ms: float = 0.0) -> CameraPacket:
    words = encode_evt3(events_at(times_ms), round(start_ms * MS))
    stamp_ns = ORIGIN_NS + round((start_ms + delay_ms) * MS)
    return CameraPacket(words, "evt3", *SIZE, stamp_ns, seq)


def make(settings: EventChainSettings | None = None, noise: NoiseSettings = ALL) -> tuple[EventChain, Spy]:
    spy = Spy()
    return EventChain(*SIZE, spy, settings, noise), spy


def stamps_ms(found: Iterable[Found]) -> list[float]:
    return [(one.stamp_ns - ORIGIN_NS) / MS for one in found]


def test_windows_are_told_at_their_end_in_the_robots_time() -> None:
    chain, spy = make()
    assert chain.push(packet(0, 0, 2, 4, seq=0)) == []
    first = chain.push(packet(5, 5, 9, 12, seq=1))
    assert stamps_ms(first) == [10]
    assert len(first[0].detections) == 1
    # a window without an event between two with some
    assert stamps_ms(chain.push(packet(31, 31, seq=2))) == [20, 30]
    assert [count for _, count in spy.seen] == [5, 1, 0]
    assert (chain.counts.packets, chain.counts.events, chain.counts.windows) == (3, 7, 3)


def test_silence_closes_windows() -> None:
    chain, _ = make(EventChainSettings(patience_s=0.05))
    # nothing is known of the camera's time yet
    assert chain.advance(1000 * MS) == []
    chain.push(packet(0, 0, 2, 4))
    assert chain.advance(55 * MS) == []
    found = chain.advance(67 * MS)
    assert stamps_ms(found) == [10, 20]
    assert [len(one.detections) for one in found] == [1, 0]
    # what comes for windows that were told already is late
    chain.push(packet(15, 15, 16, 21, seq=1))
    chain.push(packet(31, 31, seq=2))
    assert chain.counts.late_events == 2


def test_a_long_silence_is_not_filled_with_windows() -> None:
    chain, spy = make(EventChainSettings(gap_s=0.5))
    chain.push(packet(0, 0))
    # an hour later, nobody asked meanwhile
    assert len(chain.push(packet(3_600_000, 3_600_000, 3_600_011, seq=1))) == 1
    assert spy.resets == 1
    chain.advance(3_600_000 * MS)
    assert len(spy.seen) == 1


def test_stamps_that_jump_back_begin_anew() -> None:
    chain, spy = make()
    assert stamps_ms(chain.push(packet(5000, 5000, 5012, seq=7))) == [5010]
    # a replay that starts again
    assert stamps_ms(chain.push(packet(0, 0, 11, seq=0))) == [10]
    assert (spy.resets, chain.counts.restarts, chain.counts.lost_packets) == (1, 1, 0)


def test_a_camera_whose_clock_was_set_begins_anew() -> None:
    chain, spy = make()
    chain.push(packet(0, 0, 11, seq=0))
    # 3 s further on the camera's clock, 12 ms further on the robot's
    later = packet(3000, 3000, 3011, seq=1)._replace(stamp_ns=ORIGIN_NS + 12 * MS)
    assert stamps_ms(chain.push(later)) == [22]
    assert (spy.resets, chain.counts.restarts) == (1, 1)


def test_lost_packets_are_counted_by_their_numbers() -> None:
    chain, _ = make()
    for at, seq in ((0, 3), (1, 4), (2, 8)):
        chain.push(packet(at, at, seq=seq))
    assert chain.counts.lost_packets == 3


def test_what_is_skipped_keeps_the_decoder_and_spoils_no_window() -> None:
    chain, spy = make()
    # 17 s in steps of a second: times of EVT3 wrap while packets are skipped
    chain.push(packet(0, 0, seq=0))
    for second in range(1, 18):
        chain.skip(packet(1000 * second, 1000 * second, seq=second))
    found = chain.push(packet(17_500, 17_500, 17_505, 17_511, seq=18))
    assert stamps_ms(found) == [17_510]
    assert [count for _, count in spy.seen] == [2]
    assert (chain.counts.dropped_packets, chain.counts.dropped_events) == (17, 18)
    assert chain.counts.restarts == 0


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (packet(1, 1)._replace(encoding="evt9"), "evt9"),
        (packet(1, 1)._replace(data=b"\x00"), "cut"),
        (packet(1, 1)._replace(width=1280, height=720), "1280 x 720"),
    ],
)
def test_a_packet_that_cannot_be_costs_no_more_than_itself(bad: CameraPacket, says: str) -> None:
    chain, _ = make()
    chain.push(packet(0, 0))
    with pytest.raises(InputError, match=says):
        chain.push(bad)
    found = chain.push(packet(2, 2, 11))
    assert [len(one.filled.events) for one in found] == [2]


def test_times_that_cannot_be_begin_anew() -> None:
    chain, spy = make()
    chain.push(packet(0, 0))
    # 12 s within one packet
    with pytest.raises(InputError, match=r"span 11\.999 s"):
        chain.push(packet(1, 1, 12_000, seq=1))
    # the camera's times go back: the decoder takes that for a wrap, and windows begin with what is there
    assert stamps_ms(chain.push(packet(2, 2, 5, 14, seq=2))) == [12]
    assert [count for _, count in spy.seen] == [2]
    assert (chain.counts.bad_packets, chain.counts.restarts, spy.resets) == (1, 1, 1)


def test_noise_is_left_out_and_counted() -> None:
    chain, spy = make(noise=NoiseSettings(support_s=0.005, hot_rate_hz=0.0))
    # neighbours along the diagonal support each other, but for the first; the others are alone, and tell the time
    chain.push(packet(0, 0, 1, 2))
    alone = Events(np.array([4 * MS]), np.array([60], np.uint16), np.array([40], np.uint16), np.ones(1, bool))
    words = encode_evt3(alone, 4 * MS)
    chain.push(CameraPacket(words, "evt3", *SIZE, ORIGIN_NS + 4 * MS, 1))
    chain.push(packet(12, 12, seq=2))
    assert spy.seen[0][1] == 2
    assert chain.counts.noise_events == 3


def test_the_motion_is_asked_for_each_window() -> None:
    asked: list[tuple[int, int]] = []

    def motion(start_ns: int, end_ns: int) -> Float64:
        asked.append((start_ns - ORIGIN_NS, end_ns - ORIGIN_NS))
        return np.eye(3)

    spy = Spy()
    chain = EventChain(*SIZE, spy, noise=ALL, motion=motion)
    chain.push(packet(0, 0, 11))
    assert asked == [(0, 10 * MS)]
    assert spy.motions[0] is not None
