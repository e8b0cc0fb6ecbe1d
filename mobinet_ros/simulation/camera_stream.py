"""What one camera of a simulated world sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world import COLOUR_KINDS
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, model_to_camera_info
from mobinet_ros.image_conversions import ImageMessageFactory, image_to_compressed_msg
from mobinet_ros.joints import state_to_joints
from mobinet_ros.simulation.channels import DEPTH_KINDS, Channel, camera_channel
from mobinet_ros.simulation.frames import optical_frame
from mobinet_ros.simulation.messages import depth_to_msg, truth_to_msg
from mobinet_ros.simulation.settings import StreamSettings
from mobinet_ros.topics import Topic


class CameraStream:
    """Images, depth images and ground truth of a camera.

    Args:
        wanted: whether anybody takes a topic; depth and truth that nobody takes are not rendered.
    """

    def __init__(
        self,
        simulation: Simulation,
        view: CameraView,
        settings: StreamSettings,
        wanted: Callable[[Channel], bool],
    ) -> None:
        self._simulation, self._view, self._settings, self._wanted = simulation, view, settings, wanted
        self._factory = ImageMessageFactory()
        every = view.camera.rate / settings.truth_rate if settings.truth_rate else 1.0
        self._truth_every = max(round(every), 1) if settings.truth else 0

    def make(self, world_ns: int) -> Iterator[tuple[Channel, Any]]:
        """Everything of the image at a time of the world; each message is valid until the next."""
        header = self._header(world_ns)
        info = model_to_camera_info(self._simulation.model(self._view, world_ns), header)
        yield self._channel(topics.CAMERA_INFO), info
        kind = self._view.camera.kind
        if kind in COLOUR_KINDS:
            yield from self._colour(world_ns, header)
        if kind in DEPTH_KINDS:
            yield from self._depth(world_ns, header, info)
        number = round(world_ns * self._view.camera.rate / 1e9)
        truth = self._channel(topics.TRUTH)
        if self._truth_every and number % self._truth_every == 0 and self._wanted(truth):
            objects = self._simulation.truth(self._view, world_ns)
            pose = self._simulation.optical_pose(self._view, world_ns)
            yield truth, truth_to_msg(objects, header, self._settings.start_ns + world_ns, pose)

    def mount(self, world_ns: int) -> Iterator[tuple[Channel, Any]]:
        """Pan, tilt and zoom of a camera that has them."""
        state = self._simulation.mounts[self._view.name].at(world_ns)
        yield self._channel(topics.PTZ_STATE), state_to_joints(state, self._header(world_ns))

    def _colour(self, world_ns: int, header: Header) -> Iterator[tuple[Channel, Any]]:
        image = self._simulation.image(self._view, world_ns)
        raw, compressed = self._channel(topics.IMAGE), self._channel(topics.COMPRESSED)
        if self._wanted(raw):
            yield raw, self._factory.fill(image, header)
        if self._wanted(compressed):
            yield compressed, image_to_compressed_msg(image, header, self._settings.jpeg_quality)

    def _depth(self, world_ns: int, header: Header, info: CameraInfo) -> Iterator[tuple[Channel, Any]]:
        yield self._channel(topics.DEPTH_INFO), info
        depth = self._channel(topics.DEPTH)
        if self._wanted(depth):
            yield depth, depth_to_msg(self._simulation.depth(self._view, world_ns), header)

    def _header(self, world_ns: int) -> Header:
        robot = self._view.robot
        stamp_ns = self._settings.start_ns + robot.clock.stamp_ns(world_ns)
        return make_header(stamp_ns, optical_frame(robot, self._view.camera))

    def _channel(self, topic: Topic) -> Channel:
        return camera_channel(self._view.robot, self._view.camera, topic)
