"""Listens to one topic without knowing its type beforehand, and keeps what the checks need of each message."""

from __future__ import annotations

import importlib
import statistics
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rclpy.serialization import deserialize_message

from mobinet.errors import InputError
from mobinet_ros.doctor.packets import PacketStatistics
from mobinet_ros.doctor.snapshot import CAMERA_INFO_TYPE, COMPRESSED_TYPE, EVENTS_TYPE, IMAGE_TYPE, Stream
from mobinet_ros.image_conversions import compressed_msg_to_image

NANOSECONDS = 1_000_000_000
ENCAPSULATION = 4


def message_class(kind: str) -> type | None:
    """The Python class of e.g. 'sensor_msgs/msg/Image'; ``None`` where its package is not installed."""
    package, _, name = kind.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name, None)
    except ImportError:
        return None


def has_header(cls: Any) -> bool:
    """Whether its first field is a std_msgs/Header, so that stamp and frame lead the serialised message."""
    first = next(iter(cls.get_fields_and_field_types().values()), "")
    return bool(first == "std_msgs/Header")


@dataclass(frozen=True)
class Head:
    """Stamp in nanoseconds and frame of a serialised message; ``rest`` is the offset of the field behind them."""

    stamp_ns: int
    frame_id: str
    rest: int
    order: str


def read_head(data: bytes) -> Head:
    """Reads the header off a CDR message (OMG DDSI-RTPS 2.5, 10.2) without touching the pixels behind it.

    Raises:
        InputError: too short for a header.
    """
    try:
        order = "<" if data[1] & 1 else ">"
        seconds, nanoseconds, length = struct.unpack_from(f"{order}iII", data, ENCAPSULATION)
        start = ENCAPSULATION + 12
        frame_id = bytes(data[start : start + length]).rstrip(b"\0").decode(errors="replace")
    except (IndexError, struct.error) as error:
        raise InputError(f"message of {len(data)} bytes: expected a serialised header ({error})") from error
    end = start + length
    return Head(seconds * NANOSECONDS + nanoseconds, frame_id, end + -end % 4, order)


@dataclass
class StreamListener:
    """Fills a Stream from serialised messages with a header.

    Args:
        kind: type of the messages.
        cls: its class.
        clocks: newest simulated time of each clock topic, nanoseconds.
    """

    kind: str
    cls: Any
    clocks: Mapping[str, int]
    wall_ns: Callable[[], int] = time.time_ns
    count: int = 0
    zero_stamps: int = 0
    jumps_back: int = 0
    frame_ids: set[str] = field(default_factory=set)
    size: tuple[int, int] | None = None
    calibrated: bool = True
    packets: PacketStatistics = field(default_factory=PacketStatistics)
    _last_ns: int = 0
    _ages: list[int] = field(default_factory=list)
    _clock_ages: dict[str, list[int]] = field(default_factory=dict)

    def receive(self, data: bytes) -> None:
        try:
            head = read_head(data)
        except InputError:
            return  # another definition of the type: the type hashes tell it
        if self.kind == EVENTS_TYPE:
            try:
                self.packets.take(data, head.rest, head.order)
            except InputError:
                return
        self.count += 1
        self.frame_ids.add(head.frame_id)
        if self.count == 1:
            self._look_inside(data, head)
        if head.stamp_ns == 0:
            self.zero_stamps += 1
            return
        self.jumps_back += head.stamp_ns < self._last_ns
        self._last_ns = head.stamp_ns
        self._ages.append(self.wall_ns() - head.stamp_ns)
        for clock, now in self.clocks.items():
            self._clock_ages.setdefault(clock, []).append(now - head.stamp_ns)

    def _look_inside(self, data: bytes, head: Head) -> None:
        if self.kind in (IMAGE_TYPE, CAMERA_INFO_TYPE) and len(data) >= head.rest + 8:
            height, width = struct.unpack_from(f"{head.order}II", data, head.rest)
            self.size = (width, height)
        if self.kind == CAMERA_INFO_TYPE:
            self.calibrated = deserialize_message(data, self.cls).k[0] > 0
        if self.kind == COMPRESSED_TYPE:
            try:
                image = compressed_msg_to_image(deserialize_message(data, self.cls))
            except InputError:
                return  # what decodes it reports it
            self.size = (image.shape[1], image.shape[0])

    def stream(self) -> Stream:
        return Stream(
            count=self.count,
            age_ns=_median(self._ages) if self._ages else None,
            clock_ages_ns={clock: _median(ages) for clock, ages in self._clock_ages.items()},
            zero_stamps=self.zero_stamps,
            jumps_back=self.jumps_back,
            frame_ids=tuple(sorted(self.frame_ids)),
            size=self.size,
            calibrated=self.calibrated,
            encodings=tuple(sorted(self.packets.encodings)),
            sizes=tuple(sorted(self.packets.sizes)),
            lost=self.packets.losses.lost,
        )


def _median(values: list[int]) -> int:
    return int(statistics.median_low(values))
