"""The topics of a simulated world: which there are, under which names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mobinet.sim.world import COLOUR_KINDS, Robot, SimCamera, World
from mobinet_ros import topics
from mobinet_ros.topics import Topic

DEPTH_KINDS = ("depth", "rgbd")
EVENTS_KIND = "events"

WORLD_TOPICS = (
    topics.CLOCK,
    topics.ROBOT_CLOCK,
    topics.TF,
    topics.TF_STATIC,
    topics.ODOM,
    topics.POSE,
    topics.TRUE_ODOM,
    topics.CAMERA_INFO,
    topics.IMAGE,
    topics.COMPRESSED,
    topics.DEPTH_INFO,
    topics.DEPTH,
    topics.EVENTS,
    topics.PTZ_STATE,
    topics.TRUTH,
    topics.CONTACTS,
)
"""All that a world may have."""

TRUTH_TOPICS = (topics.TRUE_ODOM, topics.TRUTH, topics.CONTACTS)


@dataclass(frozen=True)
class Channel:
    """One topic of one robot, of one camera, or of the whole world.

    Args:
        name: relative to the namespace of all robots (``r1/front/image_raw``), or absolute (``/tf``).
    """

    name: str
    topic: Topic


def world_channel(topic: Topic) -> Channel:
    return Channel(topic.name, topic)


def robot_channel(robot: Robot, topic: Topic) -> Channel:
    return Channel(f"{robot.name}/{topic.name}", topic)


def camera_channel(robot: Robot, camera: SimCamera, topic: Topic) -> Channel:
    return Channel(f"{robot.name}/{camera.name}/{topic.name}", topic)


def has_own_clock(robot: Robot) -> bool:
    """Whether its clock errs, so that its nodes need one of their own."""
    return bool(robot.clock.offset_s or robot.clock.drift_ppm)


def channels_of(world: World, truth: bool = True) -> tuple[Channel, ...]:
    """Every topic of a world, with or without those that tell the truth."""
    return tuple(channel for channel in _channels(world) if truth or channel.topic not in TRUTH_TOPICS)


def _channels(world: World) -> Iterator[Channel]:
    for topic in (topics.CLOCK, topics.TF_STATIC, topics.TF, topics.CONTACTS):
        yield world_channel(topic)
    for robot in world.robots:
        if has_own_clock(robot):
            yield robot_channel(robot, topics.ROBOT_CLOCK)
        yield robot_channel(robot, topics.ODOM)
        yield robot_channel(robot, topics.POSE)
        yield robot_channel(robot, topics.TRUE_ODOM)
        for camera in robot.cameras:
            for topic in _camera_topics(camera):
                yield camera_channel(robot, camera, topic)


def _camera_topics(camera: SimCamera) -> Iterator[Topic]:
    yield topics.CAMERA_INFO
    if camera.kind in COLOUR_KINDS:
        yield topics.IMAGE
        yield topics.COMPRESSED
    if camera.kind in DEPTH_KINDS:
        yield topics.DEPTH_INFO
        yield topics.DEPTH
    if camera.kind == EVENTS_KIND:
        yield topics.EVENTS
    if camera.ptz is not None:
        yield topics.PTZ_STATE
    yield topics.TRUTH
