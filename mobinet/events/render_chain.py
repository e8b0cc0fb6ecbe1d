"""Packets of one event camera to pictures, at a rate of their own or at times that are asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mobinet.events.base import Events
from mobinet.events.camera_packet import CameraPacket
from mobinet.events.packet_stream import PacketStream, StreamCounts
from mobinet.events.render import EventRenderer, RenderSettings
from mobinet.types import Image

# pictures that were asked for keep those at the own rate away for so long
_ASKED_HOLDS_NS = 1_000_000_000
# events that wait for somebody to ask span no more than this
_LONGEST_WAIT_NS = 500_000_000
_MOST_ASKED = 100


class Rendered(NamedTuple):
    """A picture, ``(H, W, 3)`` BGR or ``(H, W)`` grey, at a time of the robot."""

    stamp_ns: int
    image: Image


class RenderChain:
    """Draws pictures of all events up to their time.

    What is detected carries the ends of its windows as stamps; pictures asked for at the same stamps join them.

    Args:
        width, height: of the sensor.
        settings: what pictures look like.
        period_s: between two pictures, while none are asked for.
        counts: to go on with those of another chain.
    """

    def __init__(
        self,
        width: int,
        height: int,
        settings: RenderSettings | None = None,
        period_s: float = 1 / 30,
        counts: StreamCounts | None = None,
    ) -> None:
        self.size = width, height
        self.renderer = EventRenderer(width, height, settings)
        self._period_ns = round(period_s * 1e9)
        self._stream = PacketStream(width, height, counts=counts)
        self._asked: deque[int] = deque(maxlen=_MOST_ASKED)
        self._begin()

    def ask(self, stamp_ns: int) -> None:
        """Wants a picture at that time of the robot; from any thread."""
        self._asked.append(stamp_ns)

    def push(self, packet: CameraPacket) -> list[Rendered]:
        """Takes the next packet, and gives the pictures that are due.

        Raises:
            InputError: unknown encoding, another sensor, or words that cannot be; the packet is lost, and no more.
        """
        events = self._stream.take(packet)
        if self._epoch != self._stream.epoch:
            self._begin()
            self.renderer.reset()
        if len(events):
            self._waiting.append(events)
        return list(self._due(self._stream.newest_ns))

    def skip(self, packet: CameraPacket) -> None:
        """Takes a packet that there is no time to draw.

        Raises:
            InputError: as in ``push``.
        """
        self._stream.take(packet)

    def advance(self, silent_ns: int) -> list[Rendered]:
        """The pictures that are due though nothing has come for ``silent_ns``."""
        return list(self._due(self._stream.newest_ns + silent_ns)) if self._stream.clock.known else []

    def _begin(self) -> None:
        self._epoch = self._stream.epoch
        self._waiting: deque[Events] = deque()
        # of the robot
        self._drawn_ns: int | None = None
        self._asked_ns: int | None = None

    def _due(self, reached_ns: int) -> Iterator[Rendered]:
        """``reached_ns`` is how far the camera's time has come."""
        if not self._stream.clock.known:
            return
        now_ns = self._stream.clock.to_robot_ns(reached_ns)
        while self._asked and self._asked[0] <= now_ns:
            stamp_ns = self._asked.popleft()
            self._asked_ns = now_ns
            if self._drawn_ns is None or stamp_ns > self._drawn_ns:
                yield self._draw(stamp_ns)
        if self._drawn_ns is None:
            self._drawn_ns = now_ns
        holds = self._asked_ns is not None and now_ns - self._asked_ns < _ASKED_HOLDS_NS
        if not holds and now_ns - self._drawn_ns >= self._period_ns:
            yield self._draw(now_ns)
        self._take_until(reached_ns - _LONGEST_WAIT_NS)

    def _draw(self, stamp_ns: int) -> Rendered:
        at_ns = self._stream.clock.to_sensor_ns(stamp_ns)
        self._take_until(at_ns)
        self._drawn_ns = stamp_ns
        return Rendered(stamp_ns, self.renderer.image(at_ns))

    def _take_until(self, end_ns: int) -> None:
        """Draws the waiting events that are before a time of the camera."""
        while self._waiting and int(self._waiting[0].t_ns[0]) < end_ns:
            events = self._waiting.popleft()
            count = int(np.searchsorted(events.t_ns, end_ns))
            self.renderer.show(events[:count])
            if count < len(events):
                self._waiting.appendleft(events[count:])
                return
