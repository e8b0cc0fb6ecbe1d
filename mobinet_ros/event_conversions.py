"""Messages of event cameras to the library's packets."""

from __future__ import annotations

from event_camera_msgs.msg import EventPacket

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
