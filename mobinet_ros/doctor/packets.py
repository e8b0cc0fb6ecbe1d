"""What the packets of one event camera tell, read off their serialised form without touching the events."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from mobinet.errors import InputError
from mobinet.events.sensor_clock import LossCounter

# alignment counts from behind the encapsulation (OMG DDSI-RTPS 2.5, 10.2)
_ENCAPSULATION = 4


@dataclass
class PacketStatistics:
    """Filled packet by packet.

    ``encodings`` are all that were seen, ``sizes`` all widths and heights, ``losses`` counts what never came.
    """

    encodings: set[str] = field(default_factory=set)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    losses: LossCounter = field(default_factory=LossCounter)

    def take(self, data: bytes, start: int, order: str) -> None:
        """The fields behind the header of an ``event_camera_msgs/EventPacket``.

        Args:
            start: offset of ``height``.
            order: '<' or '>'.

        Raises:
            InputError: too short for them.
        """
        try:
            height, width = struct.unpack_from(f"{order}II", data, start)
            wide = start + 8 + -(start + 8 - _ENCAPSULATION) % 8
            seq, _, length = struct.unpack_from(f"{order}QQI", data, wide)
            text = bytes(data[wide + 20 : wide + 20 + length])
        except struct.error as error:
            raise InputError(f"packet of {len(data)} bytes: expected an EventPacket ({error})") from error
        self.sizes.add((width, height))
        self.losses.count(seq)
        self.encodings.add(text.rstrip(b"\0").decode(errors="replace"))
