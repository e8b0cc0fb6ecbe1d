"""Publishes a simulated world: its clock, and what its robots see, measure and believe; and the truth."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial

from rclpy.duration import Duration
from rclpy.publisher import Publisher
from trajectory_msgs.msg import JointTrajectory

from mobinet.errors import SettingsError
from mobinet.sim.simulation import mounts_of
from mobinet.sim.world_file import find_world, load_world
from mobinet.targets.ptz_mount import PtzMount
from mobinet_ros import topics
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.joints import order_mount
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run
from mobinet_ros.simulation.channels import Channel, channels_of
from mobinet_ros.simulation.pacing import Pacer
from mobinet_ros.simulation.radio import RadioRelay
from mobinet_ros.simulation.rendering import RenderedInstant, Rendering
from mobinet_ros.simulation.settings import SimSettings, StreamSettings
from mobinet_ros.simulation.stream import WorldMessage
from mobinet_ros.stoppable_thread import StoppableThread

POLL_S = 0.1
PACE_PERIOD_S = 2.0
SLOW_SHARE = 0.9
ACKNOWLEDGE_S = 3.0
SETTLE_S = 1.5
"""Readers are complete when nobody has come for so long."""


class SimNode(StageNode):
    """One process for all robots of a world. Its clock never runs ahead of what is rendered."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("sim_node", cli_args, hub)
        self._settings = self.parameters.declare(SimSettings)
        self._stream_settings = self.parameters.declare(StreamSettings)
        self._world = self._stream_settings.prepared(load_world(find_world(self._settings.world)))
        self._world_publishers: dict[Channel, Publisher] = {}
        self._rendering: Rendering | None = None
        self._player = StoppableThread()
        self._forget_run()

    def _forget_run(self) -> None:
        self._pacer = Pacer(self._settings.speed)
        self._world_ns = self._elapsed_ns = self._images = 0
        self._told = False

    def configure(self) -> None:
        self._forget_run()
        self._advertise_world()
        self._relay = RadioRelay(self, self._world, lambda: self._world_ns)
        mounts = mounts_of(self._world)
        self._rendering = Rendering(self._world, self._stream_settings, self._settings.loop, self._is_taken, mounts)
        for name, mount in mounts.items():
            command = topics.camera_topic(name, topics.PTZ_COMMAND)
            self.listen(topics.PTZ_COMMAND, partial(self._turn, mount), command, optional=True)

    def _turn(self, mount: PtzMount, msg: JointTrajectory) -> None:
        """A command reaches a mount at the time that the world shows, whatever clock stamped it."""
        order_mount(mount, msg, self._world_ns)

    def _advertise_world(self) -> None:
        channels = channels_of(self._world, self._stream_settings.truth)
        self._world_publishers = {channel: self.advertise(channel.topic, channel.name) for channel in channels}

    def _is_taken(self, channel: Channel) -> bool:
        return self.is_wanted(self._world_publishers[channel])

    def activate(self) -> None:
        rendering = self._rendering
        if rendering is None:
            raise SettingsError("nothing is rendered; configure the node before activating it")
        self._send(rendering.latched)
        self._player.start("publish", partial(self._play, rendering))

    def deactivate(self) -> None:
        """Time stands still until the node is activated again."""
        self._player.stop()

    def cleanup(self) -> None:
        if self._rendering is not None:
            self._rendering.stop()
            self._rendering = None
        if self._elapsed_ns:
            self._tell_pace()

    def _play(self, rendering: Rendering) -> None:
        if not self._elapsed_ns:
            self._wait_for_readers()
        rendering.begin()
        self._pacer.resume(self._elapsed_ns, time.monotonic())
        watched: tuple[float, int] | None = None  # from the first images on, which take their time
        while not self._player.stopping.is_set():
            rendered = rendering.next(POLL_S)
            if rendered is not None:
                if self._player.stopping.wait(self._pacer.wait_s(rendered.elapsed_ns, time.monotonic())):
                    return
                rendering.drop()
                self._publish(rendered)
                watched = watched or (time.monotonic(), self._elapsed_ns)
            elif rendering.ended:
                self._end()
                return
            if watched is not None and time.monotonic() - watched[0] >= PACE_PERIOD_S:
                watched = self._watch_pace(*watched)

    def _wait_for_readers(self) -> None:
        """Robots that are not ready when the world begins miss its beginning, and what the others say of it."""
        images = [publisher for channel, publisher in self._world_publishers.items() if channel.topic is topics.IMAGE]
        end_s = time.monotonic() + self._settings.wait
        readers, since_s = [0], time.monotonic()
        while time.monotonic() < end_s and not self._player.stopping.wait(POLL_S):
            counts = [int(publisher.get_subscription_count()) for publisher in images]
            if counts != readers:
                readers, since_s = counts, time.monotonic()
            if all(readers) and time.monotonic() - since_s >= SETTLE_S:
                return

    def _publish(self, rendered: RenderedInstant) -> None:
        self._world_ns, self._elapsed_ns = rendered.instant.world_ns, rendered.elapsed_ns
        for message in rendered.instant.messages:
            self._send(message)
            self._images += message.channel.topic is topics.CAMERA_INFO
        self._pacer.note(rendered.elapsed_ns, time.monotonic())

    def _send(self, message: WorldMessage) -> None:
        self.send(self._world_publishers[message.channel], message.cdr)

    def _watch_pace(self, since_s: float, since_ns: int) -> tuple[float, int]:
        """Says how fast simulated time went of late; returns when that was, and the time of the world."""
        now_s = time.monotonic()
        factor = (self._elapsed_ns - since_ns) / 1e9 / (now_s - since_s)
        self.health.set_counter("realtime_factor", round(factor, 3))
        self.health.set_counter("images", self._images)
        if factor < SLOW_SHARE * self._settings.speed:
            self.report(
                "pace",
                f"simulated time runs at {factor:.2f} of real time, {self._settings.speed:g} was asked for: rendering "
                "cannot keep up; lower rate, or the sizes of the cameras or 'antialias' in the world file, or speed",
            )
        if self.count_publishers(topics.CLOCK.name) > 1:
            self.report("clock", f"somebody else publishes {topics.CLOCK.name} too, time jumps: end one of them")
        return now_s, self._elapsed_ns

    def _end(self) -> None:
        self._tell_pace()
        if self._settings.exit_at_end:
            self._wait_for_acknowledgements()
            signal.raise_signal(signal.SIGINT)
        # a problem is forgotten after some seconds; this one lasts until the node is deactivated
        while not self._player.stopping.wait(POLL_S):
            self.health.problem("world", f"world '{self._world.name}' has ended; set loop to repeat it")

    def _wait_for_acknowledgements(self) -> None:
        """Keeps the publishers until reliable readers have everything."""
        end_s = time.monotonic() + ACKNOWLEDGE_S
        for publisher in self._world_publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=max(end_s - time.monotonic(), 0.0)))

    def _tell_pace(self) -> None:
        """Logs once a run how fast it was: the line ends with JSON."""
        if self._told:
            return
        self._told = True
        pacer = self._pacer
        figures = {
            "world": self._world.name,
            "cameras": sum(len(robot.cameras) for robot in self._world.robots),
            "images": self._images,
            "world_s": round(pacer.simulated_s, 3),
            "wall_s": round(pacer.wall_s, 3),
            "speed": self._settings.speed,
            "realtime_factor": round(pacer.realtime_factor, 3),
        }
        self.get_logger().info(f"world '{self._world.name}' ran: {json.dumps(figures)}")


def main() -> int:
    return run(SimNode)


if __name__ == "__main__":
    sys.exit(main())
