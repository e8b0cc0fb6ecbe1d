"""The packets of one camera to events, with what their stamps and numbers tell: losses, jumps, the camera's clock."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import InputError
from mobinet.events.base import Events
from mobinet.events.camera_packet import CameraPacket
from mobinet.events.packet_decoder import PacketDecoder, make_decoder
from mobinet.events.sensor_clock import LossCounter, SensorClock

_LONG_AGO = -(1 << 62)


@dataclass
class StreamCounts:
    """What became of packets and their events."""

    packets: int = 0
    events: int = 0
    # packets that never came, by their seq
    lost_packets: int = 0
    # those that could not be decoded
    bad_packets: int = 0
    # of a place that the sensor does not have
    outside_events: int = 0
    # how often time began anew
    restarts: int = 0


class PacketStream:
    """Decodes packets in their order.

    A packet that was lost leaves the decoder as it was: until the next row and time are told, an event or two
    of the next packet may have those from before the loss.

    ``clock`` leads from the camera's time to the robot's. ``epoch`` changes whenever times that follow have nothing to
    do with those before: stamps went back (a replay that starts again), or the camera's clock was set. ``newest_ns`` is
    how far the camera's time has come.

    Args:
        width, height: of the sensor.
        gap_s: time that stamps may go back, and that the events of one packet may span, s.
        counts: to go on with those of another stream.
    """

    def __init__(self, width: int, height: int, gap_s: float = 1.0, counts: StreamCounts | None = None) -> None:
        self.size = width, height
        self.counts = StreamCounts() if counts is None else counts
        self.clock = SensorClock()
        self.epoch = 0
        self.newest_ns = _LONG_AGO
        self._gap_ns = round(gap_s * 1e9)
        self._decoder: PacketDecoder | None = None
        self._encoding: tuple[str, bool] | None = None
        self._outside = 0
        self._stamp_ns: int | None = None
        self._losses = LossCounter()

    def take(self, packet: CameraPacket) -> Events:
        """The packet's events on the camera's clock, in order of time.

        Raises:
            InputError: another sensor, an unknown encoding, or words that cannot be; the packet is lost, and no more.
        """
        if (packet.width, packet.height) != self.size:
            raise InputError(
                f"events: a packet of a sensor of {packet.width} x {packet.height} pixels, expected "
                f"{self.size[0]} x {self.size[1]}; make another stream for that camera"
            )
        self.counts.packets += 1
        if self._stamp_ns is not None and packet.stamp_ns < self._stamp_ns - self._gap_ns:
            self.restart()
        self._stamp_ns = packet.stamp_ns
        self.counts.lost_packets += self._losses.count(packet.seq)
        try:
            events = self._decode(packet)
        except InputError:
            self.counts.bad_packets += 1
            raise
        self.counts.events += len(events)
        return events

    def restart(self) -> None:
        """Forgets everything but the counts, as before the first packet."""
        if self._decoder is not None:
            self._decoder.reset()
        self.clock.reset()
        self._losses = LossCounter()
        self._stamp_ns, self._outside = None, 0
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self.newest_ns = _LONG_AGO
        self.epoch += 1
        self.counts.restarts += 1

    def _decode(self, packet: CameraPacket) -> Events:
        kind = packet.encoding, packet.big_endian
        if self._decoder is None or self._encoding != kind:
            self._decoder = make_decoder(packet.encoding, *self.size, big_endian=packet.big_endian)
            self._encoding, self._outside = kind, 0
        events = self._decoder.decode(packet.data, packet.time_base_ns).in_order()
        self.counts.outside_events += self._decoder.outside - self._outside
        self._outside = self._decoder.outside
        start_ns = self._decoder.packet_start_ns
        self._check_span(events)
        if start_ns is not None:
            self._follow_time(packet.stamp_ns, start_ns)
        if len(events):
            self.newest_ns = max(self.newest_ns, int(events.t_ns[-1]))
        return events

    def _check_span(self, events: Events) -> None:
        span_ns = int(events.t_ns[-1] - events.t_ns[0]) if len(events) else 0
        if span_ns > self._gap_ns:
            raise InputError(
                f"events: the times of one packet span {span_ns / 1e9:.3f} s, expected at most {self._gap_ns / 1e9:g} "
                "s; it is dropped: is it damaged? Else let the driver send packets more often"
            )

    def _follow_time(self, stamp_ns: int, start_ns: int) -> None:
        was_known = self.clock.known
        if self.clock.observe(stamp_ns, start_ns) and was_known:
            # the camera's clock was set, or a wrap was missed; the decoder knows the new time already
            self._begin_epoch()
        self.newest_ns = max(self.newest_ns, start_ns)
