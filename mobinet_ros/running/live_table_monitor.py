"""Listens to the graph on behalf of the live table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.msg import IdentityArray, TrackArray
from mobinet_ros.running.live_table import LiveTable


class LiveTableMonitor(Node):
    """Feeds ``table``; add it to an executor, it has nothing of its own to run.

    Args:
        cameras: (robot, camera), the rows of the table.
        namespace: outer namespace of the whole rig, '' for none.
        use_sim_time: ages are measured against ``/clock``.
        context: of rclpy, None for the default one.
    """

    def __init__(
        self,
        cameras: Sequence[tuple[str, str]],
        namespace: str = "",
        use_sim_time: bool = False,
        context: Context | None = None,
    ) -> None:
        overrides = [Parameter("use_sim_time", Parameter.Type.BOOL, use_sim_time)]
        # several may run on one machine: hidden, and of no interest to others
        super().__init__("_live_table", context=context, parameter_overrides=overrides, start_parameter_services=False)
        self.table = LiveTable(cameras, clock=self._now_ns)
        outer = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
        for robot, camera in cameras:
            name = f"{outer}/{robot}/{topics.camera_topic(camera, topics.TRACKS)}"
            on_tracks = partial(self._on_tracks, robot, camera)
            self.create_subscription(topics.TRACKS.type, name, on_tracks, topics.TRACKS.qos)
        for robot in dict.fromkeys(robot for robot, _ in cameras):
            name = f"{outer}/{robot}/{topics.IDENTITIES.name}"
            on_identities = partial(self._on_identities, robot)
            self.create_subscription(topics.IDENTITIES.type, name, on_identities, topics.IDENTITIES.qos)
        diagnostics = topics.DIAGNOSTICS
        self.create_subscription(diagnostics.type, diagnostics.name, self._on_diagnostics, diagnostics.qos)

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _on_tracks(self, robot: str, camera: str, msg: TrackArray) -> None:
        self.table.observe_tracks(robot, camera, stamp_to_ns(msg.header.stamp), self._now_ns(), len(msg.tracks))

    def _on_identities(self, robot: str, msg: IdentityArray) -> None:
        self.table.observe_identities(robot, len(msg.identities))

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            self.table.observe_diagnostic(status.name, status.level, status.message, values)
