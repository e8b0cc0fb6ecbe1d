"""An event camera's driver as a test plays it: packets of EVT3 whose events are told here."""

from __future__ import annotations

import numpy as np
from event_camera_msgs.msg import EventPacket
from numpy.typing import NDArray

from mobinet.events import Events, encode_evt3
from mobinet_ros.conversions import make_header

MS = 1_000_000


def square_events(left: int, top: int, start_ns: int, end_ns: int, side: int = 16, count: int = 400) -> Events:
    """Events all over a square, evenly in time, in an order that leaves none alone."""
    index = np.arange(count)
    t_ns = start_ns + (end_ns - start_ns) * index // count // 1000 * 1000
    x, y = left + index % side, top + index // side % side
    return Events(t_ns.astype(np.int64), x.astype(np.uint16), y.astype(np.uint16), index % 2 == 0)


def noise_events(size: tuple[int, int], start_ns: int, end_ns: int, count: int, seed: int) -> Events:
    """Events anywhere, at random."""
    random = np.random.default_rng(seed)
    t_ns = np.sort(random.integers(start_ns, end_ns, count)) // 1000 * 1000
    x, y = (random.integers(0, side, count).astype(np.uint16) for side in size)
    return Events(t_ns, x, y, random.random(count) < 0.5)


def packet_msg(
    events: Events, start_ns: int, stamp_ns: int, seq: int, size: tuple[int, int], frame: str
) -> EventPacket:
    """``start_ns`` is the camera's time at its beginning, ``stamp_ns`` the robot's."""
    data: NDArray[np.uint8] = np.frombuffer(encode_evt3(events, start_ns), np.uint8)
    msg = EventPacket(width=size[0], height=size[1], seq=seq, encoding="evt3", header=make_header(stamp_ns, frame))
    msg.events.frombytes(data.tobytes())
    return msg
