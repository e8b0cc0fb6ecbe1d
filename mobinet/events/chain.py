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

    # decoded, but not looked at for want of time
    dropped_packets: int = 0
    dropped_events: int = 0
    # from before the window that time had come to
    late_events: int = 0
    noise_events: int = 0
    windows: int = 0


class Found(NamedTuple):
    """What a detector found in one window.

    Args:
        stamp_ns: the window's end, on the robot's clock; rises from one to the next until time begins anew.
        window: on the camera's clock.
        events: of the window, without noise.
        detections: at its end.
    """

    stamp_ns: int
    window: Window
    events: Events
    detections: Detections


class EventChain:
    """Packets of one camera, in their order, to detections.

    Windows follow the camera's clock, which counts evenly; their ends are told on the robot's.

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
        self._epoch, self._told_ns = 0, 0

    def push(self, packet: CameraPacket) -> list[Found]:
        """Takes the next packet, and gives what is found in every window that it fills.

        Raises:
            InputError: unknown encoding, another sensor, or words that cannot be; the packet is lost, and no more.
            ModelError: the detector's network does not fit.
        """
        events = self._take(packet)
        if len(events):
            self._leave_gap(int(events.t_ns[0]))
        return list(self._detect(self._windows.push(events)))

    def skip(self, packet: CameraPacket) -> None:
        """Takes a packet that there is no time to look at: it is decoded, as what comes after needs, and counted.

        Windows go on behind it, so that none is told with a part of its events.

        Raises:
            InputError: as in ``push``.
        """
        self.counts.dropped_packets += 1
        self.counts.dropped_events += len(self._take(packet)) + self._windows.waiting
        self._end_windows()

    def advance(self, silent_ns: int) -> list[Found]:
        """Closes the windows that no event closes, when nothing has come for ``silent_ns`` and nothing waits."""
        if not self._stream.clock.known:
            return []
        until_ns = self._stream.newest_ns + silent_ns - round(self._settings.patience_s * 1e9)
        self._leave_gap(until_ns)
        return list(self._detect(self._windows.advance(until_ns)))

    def _take(self, packet: CameraPacket) -> Events:
        events = self._stream.take(packet)
        if self._epoch != self._stream.epoch:
            self._epoch, self._told_ns = self._stream.epoch, 0
            self._end_windows()
            self.detector.reset()
            for noise in (self._hot, self._background):
                if noise is not None:
                    noise.reset()
        return events

    def _leave_gap(self, next_ns: int) -> None:
        """After a gap windows go on behind it: the empty ones in it would tell nothing."""
        start_ns = self._windows.start_ns
        if start_ns is not None and next_ns - start_ns > self._settings.gap_s * 1e9:
            self._end_windows()
            self.detector.reset()

    def _end_windows(self) -> None:
        self.counts.late_events += self._windows.late
        self._windows.reset()

    def _detect(self, windows: Iterable[tuple[Window, Events]]) -> Iterator[Found]:
        for window, raw in windows:
            events = self._without_noise(raw)
            start_ns, end_ns = (self._stream.clock.to_robot_ns(at_ns) for at_ns in window)
            motion = None if self._motion is None else self._motion(start_ns, end_ns)
            detections = self.detector.detect(events, window, motion)
            self.counts.windows += 1
            # what is known of the clock may change by more than a short window's length
            self._told_ns = max(end_ns, self._told_ns + 1)
            yield Found(self._told_ns, window, events, detections)

    def _without_noise(self, events: Events) -> Events:
        count = len(events)
        for noise in (self._hot, self._background):
            if noise is not None and len(events):
                kept = noise.keep(events)
                events = events if kept.all() else events[kept]
        self.counts.noise_events += count - len(events)
        return events
