"""Writes a simulated world to a bag: the messages that sim_node would publish, with the same stamps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mobinet.progress import Progress
from mobinet.recordings.bag_canonical import CanonicalCdr
from mobinet.recordings.bags import BagWriter, TopicQos
from mobinet.sim.simulation import Simulation
from mobinet.sim.world import World
from mobinet_ros import topics
from mobinet_ros.bags.message_types import full_definition, type_hash
from mobinet_ros.simulation.channels import Channel, channels_of
from mobinet_ros.simulation.settings import StreamSettings
from mobinet_ros.simulation.stream import WorldMessage, WorldStream
from mobinet_ros.topics import Topic


@dataclass(frozen=True)
class BagOptions:
    """How a world is written.

    Args:
        path: folder to make.
        storage: ``mcap`` or ``sqlite3``.
        compressed: JPEG instead of raw images.
    """

    path: Path
    storage: str = "mcap"
    compressed: bool = False

    def takes(self, channel: Channel) -> bool:
        """Whether a topic is written: not images of the other kind, and not ``/clock``, which players make."""
        return channel.topic not in (topics.CLOCK, topics.IMAGE if self.compressed else topics.COMPRESSED)


def record_world(world: World, settings: StreamSettings, options: BagOptions, stop: Event) -> None:
    """Writes a world; the same world and settings give the same bytes.

    Raises:
        SettingsError: no camera in the world, or a clock that cannot be written.
        RecordingError: the bag is there already, or cannot be written (a full disk): nothing is left then.
        MissingDependencyError: no MuJoCo, no EGL or no rosbags.
        KeyboardInterrupt: ``stop`` was set; nothing is left.
    """
    world = settings.prepared(world)
    began_s = time.monotonic()
    duration_s = settings.duration_of(world)
    with BagWriter(options.path, options.storage, keep_partial=False) as writer, Simulation(world) as simulation:
        stream = WorldStream(simulation, settings, wanted=options.takes)
        channels = [channel for channel in channels_of(world, settings.truth) if options.takes(channel)]
        bag = _WorldBag(writer, channels, settings.start_ns)
        with Progress(f"recording {world.name}", duration_s, "s") as progress:
            bag.write(0, [stream.latched()])
            for instant in stream.instants():
                if stop.is_set():
                    raise KeyboardInterrupt
                bag.write(instant.world_ns, instant.messages)
                progress.show(instant.world_ns / 1e9, f"{writer.byte_count / 1e6:.1f} MB")
            progress.show(duration_s, f"{writer.byte_count / 1e6:.1f} MB")
    print(
        f"{options.path}: {duration_s:g} s of '{world.name}', {writer.message_count} messages, "
        f"{writer.byte_count / 1e6:.1f} MB in {time.monotonic() - began_s:.1f} s"
    )


class _WorldBag:
    """Puts messages of a world into a bag, at their time by the exact clock."""

    def __init__(self, writer: BagWriter, channels: Iterable[Channel], start_ns: int) -> None:
        self._writer, self._start_ns = writer, start_ns
        self._canonical = CanonicalCdr()
        self._types: dict[str, str] = {}
        for channel in channels:
            name = _type_name(channel.topic)
            definition = full_definition(name)
            if name not in self._types.values():
                self._canonical.add_type(name, definition)
            self._types[_absolute(channel)] = name
            writer.add_topic(_absolute(channel), name, definition, type_hash(name), [_offer(channel.topic)])

    def write(self, world_ns: int, messages: Iterable[WorldMessage]) -> None:
        for topic, cdr in self._rewritten(messages):
            self._writer.write(topic, self._start_ns + world_ns, cdr)

    def _rewritten(self, messages: Iterable[WorldMessage]) -> Iterator[tuple[str, bytes]]:
        for message in messages:
            topic = _absolute(message.channel)
            if topic in self._types:
                yield topic, self._canonical.rewrite(self._types[topic], message.cdr)


def _absolute(channel: Channel) -> str:
    return channel.name if channel.name.startswith("/") else f"/{channel.name}"


def _type_name(topic: Topic) -> str:
    package, kind, *_ = topic.type.__module__.split(".")
    return f"{package}/{kind}/{topic.type.__name__}"


def _offer(topic: Topic) -> TopicQos:
    return TopicQos(
        "reliable" if topic.reliable else "best_effort",
        "transient_local" if topic.latched else "volatile",
        depth=topic.depth,
    )
