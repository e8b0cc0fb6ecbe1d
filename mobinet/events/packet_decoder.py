"""Packets of event cameras to events, whatever their encoding."""

from __future__ import annotations

from typing import Protocol

from mobinet.errors import InputError
from mobinet.events.base import Events, Packet
from mobinet.events.evt2_decoder import Evt2Decoder
from mobinet.events.evt3_decoder import Evt3Decoder
from mobinet.events.evt21_decoder import Evt21Decoder, Evt21LegacyDecoder
from mobinet.events.libcaer import LibcaerDecoder
from mobinet.events.libcaer_cmp import LibcaerCmpDecoder
from mobinet.events.mono import MonoDecoder, TriggerDecoder
from mobinet.events.triggers import Triggers
from mobinet.events.word_decoder import WordDecoder


class PacketDecoder(Protocol):
    """Decodes the packets of one camera, in their order.

    ``triggers`` are those of the last packet, ``packet_start_ns`` is the camera's time that its message's stamp belongs
    to, ``None`` where the packet does not tell; ``outside`` counts events that were dropped because they are outside
    the sensor.
    """

    triggers: Triggers
    packet_start_ns: int | None
    outside: int

    def decode(self, data: Packet, time_base_ns: int = 0) -> Events:
        """The events of the next packet, on the camera's clock.

        Args:
            data: the encoded events.
            time_base_ns: the message's ``time_base``; Prophesee's encodings leave it undefined and do not use it.

        Raises:
            InputError: the packet was cut within a word, or has words that the encoding does not; the decoder is as
                before.
        """
        ...

    def reset(self) -> None:
        """Forgets everything, as before the first packet."""
        ...


_DECODERS: dict[str, type[WordDecoder]] = {
    "evt2": Evt2Decoder,
    "evt21": Evt21Decoder,
    "evt21_legacy": Evt21LegacyDecoder,
    "evt3": Evt3Decoder,
    "libcaer": LibcaerDecoder,
    "libcaer_cmp": LibcaerCmpDecoder,
    "mono": MonoDecoder,
    "trigger": TriggerDecoder,
}
ENCODINGS = tuple(_DECODERS)


def make_decoder(encoding: str, width: int, height: int, *, big_endian: bool = False) -> PacketDecoder:
    """A decoder for one camera.

    Args:
        encoding: one of ``ENCODINGS``; ``event_camera_msgs/EventPacket`` names it.
        width, height: of the sensor, pixels.
        big_endian: byte order of the packets' words.

    Raises:
        InputError: another encoding, or a sensor larger than the encoding allows.
    """
    if encoding not in _DECODERS:
        raise InputError(
            f"events are encoded as '{encoding}', expected one of {', '.join(ENCODINGS)}; set the camera's driver to "
            "one of them"
        )
    return _DECODERS[encoding](width, height, big_endian=big_endian)
