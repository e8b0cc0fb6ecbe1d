"""Packets that wait for their turn, never too many of them: the newest matter."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from mobinet.events.camera_packet import CameraPacket


class Waiting(NamedTuple):
    """What a worker takes from the queue, in the order of arrival.

    Args:
        behind: packets that are too old to be looked at; they are still to be decoded, for a decoder has state.
        packets: what to work on.
    """

    behind: list[CameraPacket]
    packets: list[CameraPacket]


class PacketQueue:
    """Between the thread that receives packets and the one that works on them.

    When the oldest has waited for more than ``longest_wait_s``, those that waited for more than half of it are behind:
    dropping in one piece leaves whole windows, where dropping every other packet would leave none.

    Args:
        longest_wait_s: s.
        most_bytes: memory that they may take; beyond it the oldest is thrown away unseen.
    """

    def __init__(self, longest_wait_s: float, most_bytes: int = 1 << 26) -> None:
        self._longest_wait_ns = round(longest_wait_s * 1e9)
        self._most_bytes = most_bytes
        # with the time of arrival
        self._packets: deque[tuple[int, CameraPacket]] = deque()
        self._bytes = 0
        self._condition = threading.Condition()
        self._closed = False
        self.overflowed_packets = 0
        self.overflowed_bytes = 0

    def put(self, packet: CameraPacket, arrived_ns: int) -> None:
        """Adds a packet that arrives now, by any clock that does not jump; never waits."""
        with self._condition:
            self._packets.append((arrived_ns, packet))
            self._bytes += len(packet.data)
            while self._bytes > self._most_bytes and len(self._packets) > 1:
                _, oldest = self._packets.popleft()
                self._bytes -= len(oldest.data)
                self.overflowed_packets += 1
                self.overflowed_bytes += len(oldest.data)
            self._condition.notify()

    def take(self, timeout_s: float) -> Waiting | None:
        """All that waits, once there is something or the time is over; ``None`` when the queue is closed."""
        with self._condition:
            if not self._packets and not self._closed:
                self._condition.wait(timeout_s)
            if self._closed:
                return None
            arrived, self._packets = self._packets, deque()
            self._bytes = 0
        packets = [packet for _, packet in arrived]
        first = self._first_in_time([at_ns for at_ns, _ in arrived])
        return Waiting(packets[:first], packets[first:])

    def close(self) -> None:
        """Ends the worker: whoever waits in ``take`` gets ``None``."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _first_in_time(self, arrived_ns: list[int]) -> int:
        if not arrived_ns or arrived_ns[-1] - arrived_ns[0] <= self._longest_wait_ns:
            return 0
        keep_ns = arrived_ns[-1] - self._longest_wait_ns // 2
        return next(index for index, at_ns in enumerate(arrived_ns) if at_ns >= keep_ns)
