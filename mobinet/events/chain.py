"""The whole chain of one event camera, from its packets to what is detected, without ROS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mobinet.events.base import Events
from mobinet.events.camera_packet import CameraPacket
from mobinet.events.detector import EventDetector
from mobinet.events.noise import BackgroundActivityFilter, HotPixelFilter, NoiseSettings
from mobinet.events.packet_stream import PacketStream, StreamCounts
from mobinet.events.windows import Window, Windows
from mobinet.settings import check_settings, setting
from mobinet.types import Detections, Float64

# how the picture moved between two times of the robot, nanoseconds; None where nobody knows
MotionBetween: TypeAlias = Callable[[int, int], "Float64 | None"]


@dataclass(frozen=True)
class EventChainSettings:
    """How the chain goes along with time.

    Raises:
        SettingsError: a value is out of range.
    """

    gap_s: float = setting(
        1.0,
        "after so long without events to look at, or when time goes back by as much, the detector begins anew, s",
        minimum=0.05,
        maximum=10.0,
    )
    patience_s: float = setting(
        0.1, "when nothing comes any more, windows are closed so long after their end, s", minimum=0.0, maximum=10.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class ChainCounts(StreamCounts):
    """What became of packets, events and windows."""

    # for want of time: decoded but not looked at, or full but not given to the detector
    dropped_packets: int = 0
    dropped_events: int = 0
    dropped_windows: int = 0
    # from before the window that time had come to
    late_events: int = 0
    noise_events: int = 0
    windows: int = 0


class Filled(NamedTuple):
    """A full window, for the detector.

    Args:
        window: on the camera's clock.
        events: of the window, without noise.
        start_ns, stamp_ns: its beginning and end on the robot's clock; the end rises from one to the next until time
            begins anew.
        anew: the detector has to forget what was before.
    """

    window: Window
    events: Events
    start_ns: int
    stamp_ns: int
    anew: bool


class Found(NamedTuple):
    """What a detector found at the end of a window, which is ``stamp_ns`` on the robot's clock."""

    stamp_ns: int
    filled: Filled
    detections: Detections


class EventChain:
    """Packets of one camera, in their order, to detections.

    Windows follow the camera's clock, which counts evenly; their ends are told on the robot's. ``push`` and ``advance``
    do everything; in a thread of its own, ``detect`` may be called with what ``fill`` and ``close`` give, in its order.

    Args:
        width, height: of the sensor.
        detector: of this camera alone.
        settings: how it goes along with time.
        noise: what is left out before the detector.
        motion: asked for each window, for a camera that moves.
        counts: to go on with those of another chain.
    """

    def __init__(
        self,
        width: int,
        height: int,
        detector: EventDetector,
        settings: EventChainSettings | None = None,
        noise: NoiseSettings | None = None,
        motion: MotionBetween | None = None,
        counts: ChainCounts | None = None,
    ) -> None:
        self.size = width, height
        self.counts = ChainCounts() if counts is None else counts
        self.detector = detector
        self._settings, self._motion = settings or EventChainSettings(), motion
        noise = noise or NoiseSettings()
        self._hot = HotPixelFilter(width, height, noise) if noise.hot_rate_hz else None
        self._background = BackgroundActivityFilter(width, height, noise.support_s) if noise.support_s else None
        self._windows = Windows(width, height, detector.window_settings)
        self._stream = PacketStream(width, height, self._settings.gap_s, self.counts)
        self._epoch, self._told_ns, self._anew = 0, 0, False

    def push(self, packet: CameraPacket) -> list[Found]:
        """Takes the next packet, and gives what is found in every window that it fills.

        Raises:
            InputError: unknown encoding, another sensor, or words that cannot be; the packet is lost, and no more.
            ModelError: the detector's network does not fit.
        """
        return [self.detect(filled) for filled in self.fill(packet)]

    def advance(self, silent_ns: int) -> list[Found]:
        """Closes the windows that no event closes, when nothing has come for ``silent_ns`` and nothing waits."""
        return [self.detect(filled) for filled in self.close(silent_ns)]

    def fill(self, packet: CameraPacket) -> list[Filled]:
        """Takes the next packet, and gives the windows that it fills; raises InputError as ``push``."""
        events = self._take(packet)
        if len(events):
            self._leave_gap(int(events.t_ns[0]))
        # packet by packet, while its events are in the processor's cache
        filled = list(self._filled(self._windows.push(self._without_noise(events))))
        if len(events):
            # noise tells the time too
            filled += self._filled(self._windows.advance(int(events.t_ns[-1])))
        self._count_late()
        return filled

    def close(self, silent_ns: int) -> list[Filled]:
        """The windows that ``advance`` closes."""
        if not self._stream.clock.known:
            return []
        until_ns = self._stream.newest_ns + silent_ns - round(self._settings.patience_s * 1e9)
        self._leave_gap(until_ns)
        return list(self._filled(self._windows.advance(until_ns)))

    def detect(self, filled: Filled) -> Found:
        """What is in a window; raises ModelError as ``push``."""
        if filled.anew:
            self.detector.reset()
        motion = None if self._motion is None else self._motion(filled.start_ns, filled.stamp_ns)
        return Found(filled.stamp_ns, filled, self.detector.detect(filled.events, filled.window, motion))

    def skip(self, packet: CameraPacket) -> None:
        """Takes a packet that there is no time to look at: it is decoded, as what comes after needs, and counted.

        Windows go on behind it, so that none is told with a part of its events.

        Raises:
            InputError: as in ``push``.
        """
        self.counts.dropped_packets += 1
        self.counts.dropped_events += len(self._take(packet)) + self._windows.waiting
        self._end_windows()

    def _take(self, packet: CameraPacket) -> Events:
        events = self._stream.take(packet)
        if self._epoch != self._stream.epoch:
            self._epoch, self._told_ns = self._stream.epoch, 0
            self._end_windows()
            self._anew = True
            for noise in (self._hot, self._background):
                if noise is not None:
                    noise.reset()
        return events

    def _leave_gap(self, next_ns: int) -> None:
        """After a gap windows go on behind it: the empty ones in it would tell nothing."""
        start_ns = self._windows.start_ns
        if start_ns is not None and next_ns - start_ns > self._settings.gap_s * 1e9:
            self._end_windows()
            self._anew = True

    def _end_windows(self) -> None:
        self._count_late()
        self._windows.reset()

    def _count_late(self) -> None:
        self.counts.late_events += self._windows.late
        self._windows.late = 0

    def _filled(self, windows: Iterable[tuple[Window, Events]]) -> Iterator[Filled]:
        for window, events in windows:
            start_ns, end_ns = (self._stream.clock.to_robot_ns(at_ns) for at_ns in window)
            # what is known of the clock may change by more than a short window's length
            self._told_ns = max(end_ns, self._told_ns + 1)
            self.counts.windows += 1
            anew, self._anew = self._anew, False
            yield Filled(window, events, start_ns, self._told_ns, anew)

    def _without_noise(self, events: Events) -> Events:
        count = len(events)
        for noise in (self._hot, self._background):
            if noise is not None and len(events):
                kept = noise.keep(events)
                events = events if kept.all() else events[kept]
        self.counts.noise_events += count - len(events)
        return events
