"""Event cameras: packets to events and back."""

from mobinet.events.base import Events
from mobinet.events.evt3_decoder import Evt3Decoder
from mobinet.events.evt3_encoder import encode_evt3

__all__ = ["Events", "Evt3Decoder", "encode_evt3"]
