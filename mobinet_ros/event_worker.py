"""The thread that works on one event camera's packets, so that nothing that it does holds up the executor."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from statistics import median

from mobinet.events import CameraPacket, ChainCounts, EventChain, Found, PacketQueue

# without packets, windows are closed this often
_IDLE_S = 0.02
_RATE_PERIOD_S = 1.0
_LATENCIES_KEPT = 200


class EventWorker:
    """Packets go in with ``put``, what is found comes out by a call, in the worker's thread.

    Args:
        name: of the thread.
        make_chain: for a sensor of so many pixels, width and height; with the counts to go on with.
        found: is called with each result.
        guarded: calls a function with its arguments, and handles its errors.
        clock: now in nanoseconds, the clock of the stamps.
        resized: is called when packets are of another sensor than those before.
        longest_wait_s: what waits longer is dropped, s.
    """

    def __init__(
        self,
        name: str,
        make_chain: Callable[[int, int, ChainCounts], EventChain],
        found: Callable[[Found], None],
        guarded: Callable[..., None],
        clock: Callable[[], int],
        resized: Callable[[tuple[int, int], tuple[int, int]], None],
        longest_wait_s: float,
    ) -> None:
        self._make_chain, self._found, self._guarded = make_chain, found, guarded
        self._clock, self._resized = clock, resized
        self._chain: EventChain | None = None
        self._heard_ns = 0
        self._latencies_ns: deque[int] = deque(maxlen=_LATENCIES_KEPT)
        self.counts = ChainCounts()
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

    def _tell(self, results: Iterable[Found]) -> None:
        for found in results:
            self._latencies_ns.append(self._clock() - found.stamp_ns)
            self._found(found)

    def _chain_for(self, packet: CameraPacket) -> EventChain:
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
