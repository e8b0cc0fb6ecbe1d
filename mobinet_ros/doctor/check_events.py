"""Faults of event cameras: packets that cannot be read, that are lost, or that belong to another sensor."""

from __future__ import annotations

from collections.abc import Iterator

from mobinet.events.packet_decoder import ENCODINGS
from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import EVENTS_TYPE, Snapshot, Stream, Topic, sibling


def check_events(snapshot: Snapshot) -> Iterator[Finding]:
    """Encoding, losses and sensor of each topic of events that was heard."""
    for topic in snapshot.of_type(EVENTS_TYPE):
        stream = snapshot.streams.get(topic.name)
        if stream is not None and stream.count:
            yield from _packets(topic, stream)
            yield from _calibration(snapshot, topic, stream)


def _packets(topic: Topic, stream: Stream) -> Iterator[Finding]:
    who = names(topic.publisher_nodes)
    for encoding in stream.encodings:
        if encoding not in ENCODINGS:
            yield Finding(
                Severity.ERROR,
                "events-encoding",
                f"{topic.name}: packets of {who} are encoded as '{encoding}', which nobody here decodes",
                f"let the driver send one of {', '.join(ENCODINGS)}",
            )
    if len(stream.sizes) > 1:
        sizes = " and ".join(f"{width}x{height}" for width, height in stream.sizes)
        yield Finding(
            Severity.ERROR,
            "events-size",
            f"{topic.name}: packets of {who} are of sensors of {sizes} pixels",
            "leave one camera on the topic",
        )
    if stream.lost:
        share = stream.lost / (stream.lost + stream.count)
        yield Finding(
            Severity.WARNING,
            "events-lost",
            f"{topic.name}: {stream.lost} packets of {who} did not come ({share:.0%})",
            "packets go best effort: use config/fastdds.xml on both sides (mobinet up sets it), smaller packets, or a "
            "lower rate of events at the camera; this machine may have no time for them",
        )


def _calibration(snapshot: Snapshot, topic: Topic, stream: Stream) -> Iterator[Finding]:
    told = snapshot.streams.get(sibling(topic.name, "camera_info"), Stream())
    if told.count and told.size and len(stream.sizes) == 1 and told.size != stream.sizes[0]:
        width, height = stream.sizes[0]
        yield Finding(
            Severity.ERROR,
            "camera-info-size",
            f"{sibling(topic.name, 'camera_info')}: it is for {told.size[0]}x{told.size[1]} pixels, the sensor of "
            f"{topic.name} has {width}x{height}",
            "give the driver the calibration of that sensor",
        )
