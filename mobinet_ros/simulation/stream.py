"""A simulated world as a stream of messages, in the order of its time: what sim_node publishes and a bag records.

At each instant at which anything happens the clocks come first, so that no message has a stamp that its clock has not
shown; then transforms, which images need, odometry, and images with their truth.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, groupby, repeat
from operator import itemgetter
from typing import Any, TypeAlias

from rclpy.serialization import serialize_message
from tf2_msgs.msg import TFMessage

from mobinet.geometry import OPTICAL2BODY
from mobinet.sim.contacts import Contact, contacts_of
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world import Robot
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, transform_to_msg
from mobinet_ros.simulation.camera_stream import CameraStream
from mobinet_ros.simulation.channels import (
    EVENTS_KIND,
    Channel,
    has_own_clock,
    robot_channel,
    world_channel,
)
from mobinet_ros.simulation.event_stream import EventStream
from mobinet_ros.simulation.frames import base_frame, body_frame, odom_frame, optical_frame
from mobinet_ros.simulation.messages import (
    MAP_FRAME,
    clock_to_msg,
    contacts_to_msg,
    odometry_to_msg,
    pose_to_msg,
    true_odometry_to_msg,
)
from mobinet_ros.simulation.settings import StreamSettings

CONTACT_PERIOD_NS = 100_000_000
MOUNT_RATE = 50.0

Made: TypeAlias = Iterator[tuple[Channel, Any]]
"""Messages and where they belong."""


@dataclass(frozen=True)
class WorldMessage:
    """A message of a world, serialised."""

    channel: Channel
    cdr: bytes


@dataclass(frozen=True)
class Instant:
    """All that is published at one time of the world, in this order."""

    world_ns: int
    messages: tuple[WorldMessage, ...]


@dataclass(frozen=True)
class _Job:
    """Something that happens at certain times, and the messages that it makes."""

    times: Iterable[int]
    make: Callable[[int], Made]


class WorldStream:
    """Turns a world into messages.

    Args:
        simulation: of the world; used in the thread that iterates.
        settings: what of it.
        wanted: whether anybody takes a topic; what nobody takes is left out, but for clocks, transforms,
            ``camera_info`` and events. Colour images are rendered in any case, so that the pace of a run does not
            depend on who listens.
    """

    def __init__(
        self,
        simulation: Simulation,
        settings: StreamSettings,
        wanted: Callable[[Channel], bool] = lambda _channel: True,
    ) -> None:
        self._simulation = simulation
        self._settings = settings
        self._wanted = wanted
        self._duration_s = settings.duration_of(simulation.world)
        self._identities = {actor.name: actor.identity for actor in simulation.actors}
        self._clocks = [(robot_channel(r, topics.ROBOT_CLOCK), r) for r in simulation.world.robots if has_own_clock(r)]

    @property
    def image_count(self) -> int:
        """Images in one run, of all cameras."""
        return sum(len(list(view.stamps_ns(self._duration_s))) for view in self._simulation.views)

    def latched(self) -> WorldMessage:
        """What is sent once, before all else: the cameras' mounts, but for those that move."""
        rows = []
        for view in self._simulation.views:
            stamp_ns = self._stamp_ns(view.robot, 0)
            body = body_frame(view.robot, view.camera)
            if not _moves(view):
                rows.append(transform_to_msg(view.camera.mount, base_frame(view.robot), body, stamp_ns))
            rows.append(transform_to_msg(OPTICAL2BODY, body, optical_frame(view.robot, view.camera), stamp_ns))
        return _serialise(world_channel(topics.TF_STATIC), TFMessage(transforms=rows))

    def instants(self) -> Iterator[Instant]:
        """The world from its beginning to its end; the same again with each call."""
        jobs = list(self._jobs())
        beats = [zip(job.times, repeat(number), strict=False) for number, job in enumerate(jobs)]
        for world_ns, due in groupby(heapq.merge(*beats), key=itemgetter(0)):
            made = chain(self._tick(world_ns), *(jobs[number].make(world_ns) for _, number in due))
            yield Instant(world_ns, tuple(_serialise(channel, msg) for channel, msg in made))

    def _jobs(self) -> Iterator[_Job]:
        settings = self._settings
        yield _Job(self._periodic(settings.clock_rate), lambda _world_ns: iter(()))
        for robot in self._simulation.world.robots:
            stamps = [view.stamps_ns(self._duration_s) for view in self._views_of(robot)]
            poses = heapq.merge(self._periodic(settings.odometry_rate), *stamps)
            yield _Job((stamp_ns for stamp_ns, _ in groupby(poses)), partial(self._transforms, robot))
            yield _Job(self._periodic(settings.odometry_rate), partial(self._odometry, robot))
        for view in self._simulation.views:
            yield from self._camera_jobs(view)
        if settings.truth:
            yield _Job(self._periodic(1e9 / CONTACT_PERIOD_NS), self._encounters)

    def _camera_jobs(self, view: CameraView) -> Iterator[_Job]:
        camera = CameraStream(self._simulation, view, self._settings, self._wanted)
        yield _Job(view.stamps_ns(self._duration_s), camera.make)
        if view.camera.ptz is not None:
            yield _Job(self._periodic(MOUNT_RATE), camera.mount)
        if view.camera.kind == EVENTS_KIND:
            events = EventStream(self._simulation, view, self._settings)
            yield _Job(self._periodic(events.rate), events.make)

    def _views_of(self, robot: Robot) -> list[CameraView]:
        return [view for view in self._simulation.views if view.robot.name == robot.name]

    def _periodic(self, rate: float) -> Iterator[int]:
        for number in range(int(self._duration_s * rate + 1e-6)):
            yield round(number * 1e9 / rate)

    def _stamp_ns(self, robot: Robot, world_ns: int) -> int:
        return self._settings.start_ns + robot.clock.stamp_ns(world_ns)

    def _tick(self, world_ns: int) -> Made:
        yield world_channel(topics.CLOCK), clock_to_msg(self._settings.start_ns + world_ns)
        for channel, robot in self._clocks:
            yield channel, clock_to_msg(self._stamp_ns(robot, world_ns))

    def _transforms(self, robot: Robot, world_ns: int) -> Made:
        """Where the robot believes to be, and how somebody who wears a camera, or its own mount, moves it."""
        stamp_ns = self._stamp_ns(robot, world_ns)
        base2odom, odom2map = (f(robot, world_ns) for f in (self._simulation.base2odom, self._simulation.odom2map))
        rows = [
            transform_to_msg(odom2map, MAP_FRAME, odom_frame(robot), stamp_ns),
            transform_to_msg(base2odom, odom_frame(robot), base_frame(robot), stamp_ns),
        ]
        for view in filter(_moves, self._views_of(robot)):
            body, pose = body_frame(robot, view.camera), self._simulation.camera2base(view, world_ns)
            rows.append(transform_to_msg(pose, base_frame(robot), body, stamp_ns))
        yield world_channel(topics.TF), TFMessage(transforms=rows)

    def _odometry(self, robot: Robot, world_ns: int) -> Made:
        """What the robot measures and where it believes to be, and where it is."""
        simulation, stamp_ns, base = self._simulation, self._stamp_ns(robot, world_ns), base_frame(robot)
        odom, pose, true = (robot_channel(robot, topic) for topic in (topics.ODOM, topics.POSE, topics.TRUE_ODOM))
        if self._wanted(odom):
            reading = simulation.odometry(robot, world_ns)
            yield odom, odometry_to_msg(reading, make_header(stamp_ns, odom_frame(robot)), base)
        in_map = make_header(stamp_ns, MAP_FRAME)
        if self._wanted(pose):
            believed = simulation.odom2map(robot, world_ns) @ simulation.base2odom(robot, world_ns)
            yield pose, pose_to_msg(believed, simulation.pose_covariance(robot, world_ns), in_map)
        if self._settings.truth and self._wanted(true):
            yield true, true_odometry_to_msg(partial(simulation.base_pose, robot), world_ns, in_map, base)

    def _encounters(self, world_ns: int) -> Made:
        channel = world_channel(topics.CONTACTS)
        if not self._wanted(channel):
            return
        since_ns = world_ns - CONTACT_PERIOD_NS
        current = [c for c in self._contacts if c.begin_ns <= world_ns and c.end_ns > since_ns]
        header = make_header(self._settings.start_ns + world_ns, MAP_FRAME)
        yield channel, contacts_to_msg(current, self._identities, header, self._settings.start_ns)

    @cached_property
    def _contacts(self) -> tuple[Contact, ...]:
        return contacts_of(self._simulation.world)


def _moves(view: CameraView) -> bool:
    """Whether a camera moves on its robot."""
    return view.robot.wearer is not None or view.camera.ptz is not None


def _serialise(channel: Channel, msg: Any) -> WorldMessage:
    return WorldMessage(channel, serialize_message(msg))
