"""Event cameras: packets to events and back, and events as arrays of pixels."""

from mobinet.events.base import Events
from mobinet.events.camera_packet import CameraPacket
from mobinet.events.chain import ChainCounts, EventChain, EventChainSettings, Filled, Found
from mobinet.events.clusters import ClusterDetector, ClusterSettings
from mobinet.events.detector import EventDetector
from mobinet.events.evt2_decoder import Evt2Decoder
from mobinet.events.evt3_decoder import Evt3Decoder
from mobinet.events.evt3_encoder import encode_evt3
from mobinet.events.factory import EventDetectorSettings, make_event_detector
from mobinet.events.histogram import histogram
from mobinet.events.movers import MoverDetector, MoverSettings
from mobinet.events.noise import BackgroundActivityFilter, HotPixelFilter, NoiseSettings
from mobinet.events.ordinal_surface import OrdinalSurface, OrdinalSurfaceSettings
from mobinet.events.packet_decoder import ENCODINGS, PacketDecoder, make_decoder
from mobinet.events.packet_stream import PacketStream, StreamCounts
from mobinet.events.recurrent import RecurrentDetector, RecurrentSettings
from mobinet.events.recurrent_network import RecurrentNetwork
from mobinet.events.render import EventRenderer, RenderSettings
from mobinet.events.render_chain import RenderChain, Rendered
from mobinet.events.sensor_clock import LossCounter, SensorClock
from mobinet.events.time_surface import TimeSurface
from mobinet.events.triggers import Triggers
from mobinet.events.voxel_grid import voxel_grid
from mobinet.events.windows import Window, Windows, WindowSettings

__all__ = [
    "Triggers",
    "SensorClock",
    "LossCounter",
    "make_decoder",
    "PacketDecoder",
    "ENCODINGS",
    "BackgroundActivityFilter",
    "CameraPacket",
    "ChainCounts",
    "ClusterDetector",
    "ClusterSettings",
    "EventChain",
    "EventChainSettings",
    "EventDetector",
    "EventDetectorSettings",
    "EventRenderer",
    "Events",
    "Evt2Decoder",
    "Evt3Decoder",
    "Filled",
    "Found",
    "HotPixelFilter",
    "MoverDetector",
    "MoverSettings",
    "NoiseSettings",
    "OrdinalSurface",
    "OrdinalSurfaceSettings",
    "PacketStream",
    "RecurrentDetector",
    "RecurrentNetwork",
    "RecurrentSettings",
    "RenderChain",
    "RenderSettings",
    "Rendered",
    "StreamCounts",
    "TimeSurface",
    "Window",
    "WindowSettings",
    "Windows",
    "encode_evt3",
    "histogram",
    "make_event_detector",
    "voxel_grid",
]
