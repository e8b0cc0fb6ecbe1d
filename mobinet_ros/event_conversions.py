"""Messages of event cameras to the library's packets, and back."""

from __future__ import annotations

from array import array

from event_camera_msgs.msg import EventPacket
from std_msgs.msg import Header

from mobinet.events import CameraPacket
from mobinet_ros.conversions import stamp_to_ns


def msg_to_packet(msg: EventPacket) -> CameraPacket:
    """Shares the message's memory."""
    return CameraPacket(
        data=msg.events,
        encoding=msg.encoding,
        width=int(msg.width),
        height=int(msg.height),
        stamp_ns=stamp_to_ns(msg.header.stamp),
        seq=int(msg.seq),
        time_base_ns=int(msg.time_base),
        big_endian=bool(msg.is_bigendian),
    )


def words_to_msg(words: bytes, size: tuple[int, int], number: int, header: Header) -> EventPacket:
    """EVT3 for a sensor of ``size`` (width, height); the header's stamp is that of the packet's beginning."""
    width, height = size
    return EventPacket(header=header, width=width, height=height, seq=number, encoding="evt3", events=array("B", words))
