"""The thread that works on one event camera's packets, so that nothing that it does holds up the executor."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, Protocol, TypeVar

from mobinet.errors import SettingsError
from mobinet.events import CameraPacket, PacketQueue, StreamCounts
from mobinet.settings import check_settings, setting
from mobinet_ros.lifecycle import OWN_NAMESPACE

# without packets, windows are closed this often
_IDLE_S = 0.02
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


class Stamped(Protocol):
    """What a chain makes."""

    @property
    def stamp_ns(self) -> int: ...


T_co = TypeVar("T_co", bound=Stamped, covariant=True)
C = TypeVar("C", bound=StreamCounts)


class Chain(Protocol[T_co]):
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
        make_chain: Callable[[int, int, C], Chain[T_co]],
        counts: C,
        made: Callable[[T_co], None],
        guarded: Callable[..., None],
        clock: Callable[[], int],
        resized: Callable[[tuple[int, int], tuple[int, int]], None],
        longest_wait_s: float,
    ) -> None:
        self._make_chain, self._made, self._guarded = make_chain, made, guarded
        self._clock, self._resized = clock, resized
        self._chain: Chain[T_co] | None = None
        self._heard_ns = 0
        self._latencies_ns: deque[int] = deque(maxlen=_LATENCIES_KEPT)
        self.counts = counts
        self.skipped_packets = 0
        self.events_per_s = 0.0
        self._rated = time.monotonic(), 0
        self.queue = PacketQueue(longest_wait_s)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def latency_ms(self) -> float:
        """Median time from the end of a window to its result; 0 before the first one."""
        latencies = tuple(self._latencies_ns)
        return median(latencies) / 1e6 if latencies else 0.0

    def put(self, packet: CameraPacket) -> None:
        """Never waits."""
        self.queue.put(packet, time.monotonic_ns())

    def stop(self) -> None:
        """Ends the thread after the packet in hand; what waits is dropped."""
        self.queue.close()
        self._thread.join()

    def _run(self) -> None:
        while (waiting := self.queue.take(_IDLE_S)) is not None:
            for packet in waiting.behind:
                self._guarded(self._skip, packet)
            self.skipped_packets += len(waiting.behind)
            for packet in waiting.packets:
                self._guarded(self._push, packet)
            if waiting.packets:
                self._heard_ns = self._clock()
            else:
                self._guarded(self._advance)
            self._rate()

    def _push(self, packet: CameraPacket) -> None:
        self._tell(self._chain_for(packet).push(packet))

    def _skip(self, packet: CameraPacket) -> None:
        self._chain_for(packet).skip(packet)

    def _advance(self) -> None:
        if self._chain is not None:
            self._tell(self._chain.advance(self._clock() - self._heard_ns))

    def _tell(self, results: Iterable[T_co]) -> None:
        for result in results:
            self._latencies_ns.append(self._clock() - result.stamp_ns)
            self._made(result)

    def _chain_for(self, packet: CameraPacket) -> Chain[T_co]:
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
