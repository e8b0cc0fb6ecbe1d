"""What an event camera's driver sends: encoded events, and what is needed to decode them."""

from __future__ import annotations

from typing import NamedTuple

from mobinet.events.base import Packet


class CameraPacket(NamedTuple):
    """One packet, as ``event_camera_msgs/EventPacket`` has it.

    Args:
        data: the encoded events; a view of the message's memory will do.
        encoding: its name, ``evt3`` and the like.
        width, height: of the sensor, pixels.
        stamp_ns: when the packet began, on the robot's clock.
        seq: counts the packets of one camera; a gap is a loss.
        time_base_ns: the message's ``time_base``, where the encoding needs it.
        big_endian: byte order of the words.
    """

    data: Packet
    encoding: str
    width: int
    height: int
    stamp_ns: int
    seq: int = 0
    time_base_ns: int = 0
    big_endian: bool = False
