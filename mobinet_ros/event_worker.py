"""The threads that work on one event camera's packets, so that nothing that they do holds up the executor."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, Protocol, TypeVar

from mobinet.errors import SettingsError
from mobinet.events import CameraPacket, StreamCounts
from mobinet.events.bounded_queue import BoundedQueue
from mobinet.settings import check_settings, setting
from mobinet_ros.lifecycle import OWN_NAMESPACE

# without packets, windows are closed this often
_IDLE_S = 0.02
_LONGEST_IDLE_NS = 100_000_000
_RATE_PERIOD_S = 1.0
_LATENCIES_KEPT = 200


@dataclass(frozen=True)
class EventCamerasSettings:
    """Which event cameras a node serves, and what it does when it cannot keep up."""

    cameras: tuple[str, ...] = setting((), "namespaces of the cameras, relative to the node's; none: its own namespace")
    max_wait_s: float = setting(
        0.2, "when packets have waited so long, the older half of them is dropped, s", minimum=0.02, maximum=10.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
        doubled = sorted({c for c in self.cameras if self.cameras.count(c) > 1})
        if doubled:
            raise SettingsError(f"cameras: '{doubled[0]}' is named twice")

    def names(self) -> tuple[str, ...]:
        return self.cameras or (OWN_NAMESPACE,)


class Latencies:
    """How old the last results were when they were there; any thread may ask."""

    def __init__(self) -> None:
        self._kept_ns: deque[int] = deque(maxlen=_LATENCIES_KEPT)

    def note(self, age_ns: int) -> None:
        self._kept_ns.append(age_ns)

    @property
    def median_ms(self) -> float:
        """0 before the first one."""
        kept = tuple(self._kept_ns)
        return median(kept) / 1e6 if kept else 0.0


T_co = TypeVar("T_co", covariant=True)
C = TypeVar("C", bound=StreamCounts)


class PacketChain(Protocol[T_co]):
    """What works on the packets of one camera, as :class:`mobinet.events.EventChain` does."""

    size: tuple[int, int]

    def push(self, packet: CameraPacket) -> Sequence[T_co]: ...

    def skip(self, packet: CameraPacket) -> None: ...

    def advance(self, silent_ns: int) -> Sequence[T_co]: ...


class EventWorker(Generic[T_co, C]):
    """Packets go in with ``put``, what a chain makes of them comes out by a call, in the worker's thread.

    Args:
        name: of the thread.
        make_chain: for a sensor of so many pixels, width and height; with the counts to go on with.
        counts: of all chains of the camera.
        made: is called with each result.
        guarded: calls a function with its arguments, and handles its errors.
        clock: now in nanoseconds, the clock of the stamps.
        resized: is called when packets are of another sensor than those before.
        longest_wait_s: what waits longer is dropped, s.
    """

    def __init__(
        self,
        name: str,
        make_chain: Callable[[int, int, C], PacketChain[T_co]],
        counts: C,
        made: Callable[[T_co], None],
        guarded: Callable[..., None],
        clock: Callable[[], int],
        resized: Callable[[tuple[int, int], tuple[int, int]], None],
        longest_wait_s: float,
    ) -> None:
        self._make_chain, self._made, self._guarded = make_chain, made, guarded
        self._clock, self._resized = clock, resized
        self._chain: PacketChain[T_co] | None = None
        self._idle_ns, self._silent_ns = 0, 0
        self.counts = counts
        self.skipped_packets = 0
        self._decoded_bytes = 0
        self.events_per_s = 0.0
        self._rated = time.monotonic(), 0
        self.queue: BoundedQueue[CameraPacket] = BoundedQueue(longest_wait_s)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, packet: CameraPacket) -> None:
        """Never waits."""
        self.queue.put(packet, time.monotonic_ns(), len(packet.data))

    @property
    def overflowed_events(self) -> int:
        """Of packets that were thrown away without being decoded, as many a byte as those that were."""
        return round(self.queue.overflowed_bytes * self.counts.events / max(1, self._decoded_bytes))

    def stop(self) -> None:
        """Ends the thread after the packet in hand; what waits is dropped."""
        self.queue.close()
        self._thread.join()

    def _run(self) -> None:
        while (waiting := self.queue.take(_IDLE_S)) is not None:
            for packet in waiting.behind:
                self._guarded(self._skip, packet)
            self.skipped_packets += len(waiting.behind)
            for packet in waiting.items:
                self._guarded(self._push, packet)
            if waiting.items:
                self._idle_ns, self._silent_ns = self._clock(), 0
            else:
                self._guarded(self._advance)
            self._rate()

    def _push(self, packet: CameraPacket) -> None:
        for made in self._chain_for(packet).push(packet):
            self._made(made)

    def _skip(self, packet: CameraPacket) -> None:
        self._chain_for(packet).skip(packet)

    def _advance(self) -> None:
        now_ns = self._clock()
        # a longer time is one in which this process did not run, or simulated time jumped: the camera may not be silent
        self._silent_ns += min(max(now_ns - self._idle_ns, 0), _LONGEST_IDLE_NS)
        self._idle_ns = now_ns
        if self._chain is not None:
            for made in self._chain.advance(self._silent_ns):
                self._made(made)

    def _chain_for(self, packet: CameraPacket) -> PacketChain[T_co]:
        self._decoded_bytes += len(packet.data)
        size = packet.width, packet.height
        if self._chain is None or self._chain.size != size:
            if self._chain is not None:
                self._resized(self._chain.size, size)
            self._chain = self._make_chain(*size, self.counts)
        return self._chain

    def _rate(self) -> None:
        now, (since, events) = time.monotonic(), self._rated
        if now - since >= _RATE_PERIOD_S:
            self.events_per_s = (self.counts.events - events) / (now - since)
            self._rated = now, self.counts.events
