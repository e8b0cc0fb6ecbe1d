"""One event camera of a node: packets become windows in one thread, and windows detections in another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from mobinet.events import CameraPacket, ChainCounts, EventChain, Filled, Found
from mobinet.events.bounded_queue import BoundedQueue
from mobinet_ros.event_worker import EventWorker, Latencies

_IDLE_S = 1.0
_BYTES_PER_EVENT = 13
_MOST_WAITING_BYTES = 1 << 28


class WindowFiller:
    """An event chain without its detector: what it gives are full windows, each with the chain that it belongs to."""

    def __init__(self, chain: EventChain) -> None:
        self._chain = chain
        self.size = chain.size

    def push(self, packet: CameraPacket) -> Sequence[tuple[EventChain, Filled]]:
        return [(self._chain, filled) for filled in self._chain.fill(packet)]

    def skip(self, packet: CameraPacket) -> None:
        self._chain.skip(packet)

    def advance(self, silent_ns: int) -> Sequence[tuple[EventChain, Filled]]:
        return [(self._chain, filled) for filled in self._chain.close(silent_ns)]


class EventDetection:
    """Two cores are better than one: decoding and filtering cost as much as detecting.

    Args:
        name: of the camera.
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
        self._found, self._guarded, self._clock = found, guarded, clock
        self._windows: BoundedQueue[tuple[EventChain, Filled]] = BoundedQueue(longest_wait_s, _MOST_WAITING_BYTES)
        self._anew = False
        self.latencies = Latencies()
        self.packets: EventWorker[tuple[EventChain, Filled], ChainCounts] = EventWorker(
            name=f"events {name}".strip(),
            make_chain=lambda width, height, counts: WindowFiller(make_chain(width, height, counts)),
            counts=ChainCounts(),
            made=self._put,
            guarded=guarded,
            clock=clock,
            resized=resized,
            longest_wait_s=longest_wait_s,
        )
        self._thread = threading.Thread(target=self._run, name=f"detect {name}".strip(), daemon=True)
        self._thread.start()

    @property
    def overflowed(self) -> int:
        """Packets and windows that were thrown away unseen."""
        return self.packets.queue.overflowed + self._windows.overflowed

    @property
    def dropped_events(self) -> int:
        """Events that nobody looked at, for want of time."""
        unseen = self.packets.overflowed_events + self._windows.overflowed_bytes // _BYTES_PER_EVENT
        return self.packets.counts.dropped_events + unseen

    def put(self, packet: CameraPacket) -> None:
        """Never waits."""
        self.packets.put(packet)

    def stop(self) -> None:
        """Ends both threads after what they have in hand; what waits is dropped."""
        self.packets.stop()
        self._windows.close()
        self._thread.join()

    def _put(self, item: tuple[EventChain, Filled]) -> None:
        self._windows.put(item, time.monotonic_ns(), _BYTES_PER_EVENT * len(item[1].events))

    def _run(self) -> None:
        while (waiting := self._windows.take(_IDLE_S)) is not None:
            for _, filled in waiting.behind:
                self._drop(filled)
            for chain, filled in waiting.items:
                self._guarded(self._detect, chain, filled)

    def _drop(self, filled: Filled) -> None:
        self._anew |= filled.anew
        self.packets.counts.dropped_windows += 1
        self.packets.counts.dropped_events += len(filled.events)

    def _detect(self, chain: EventChain, filled: Filled) -> None:
        anew, self._anew = filled.anew or self._anew, False
        found = chain.detect(filled._replace(anew=anew))
        self.latencies.note(self._clock() - found.stamp_ns)
        self._found(found)
