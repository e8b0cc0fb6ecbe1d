"""The driver of ptz_action_server_msgs against an action server of its kind; runs where the package is installed."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

ptz_action = pytest.importorskip(
    "ptz_action_server_msgs.action", reason="needs ptz_action_server_msgs of a distribution or workspace"
)
ptz_msg = pytest.importorskip("ptz_action_server_msgs.msg", reason="needs ptz_action_server_msgs")

import rclpy  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from mobinet_ros.msg import Target  # noqa: E402
from rclpy.action import ActionServer, CancelResponse  # noqa: E402
from rclpy.callback_groups import ReentrantCallbackGroup  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from sensor_msgs.msg import CameraInfo  # noqa: E402

from mobinet.camera import CameraModel  # noqa: E402
from mobinet.types import Target as TargetRecord  # noqa: E402
from mobinet.types import TargetState  # noqa: E402
from mobinet_ros import topics  # noqa: E402
from mobinet_ros.conversions import make_header, model_to_camera_info, target_to_msg  # noqa: E402


class Camera:
    """Keeps a goal of rates until it is cancelled, and tells where it looks."""

    def __init__(self, graph: Any) -> None:
        self.rates: list[tuple[float, float, float]] = []
        self.running = 0
        self._node = rclpy.create_node("camera", context=graph.context, namespace="/cam")
        group = ReentrantCallbackGroup()
        ActionServer(
            self._node, ptz_action.PtzMove, "move_ptz/velocity", self._keep, callback_group=group,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )  # fmt: skip
        self._executor = MultiThreadedExecutor(4, context=graph.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(10)
        self._node.destroy_node()

    def _keep(self, handle: Any) -> Any:
        ptz = handle.request.ptz
        self.rates.append((ptz.pan, ptz.tilt, ptz.zoom))
        self.running += 1
        while handle.is_active and not handle.is_cancel_requested:
            time.sleep(0.01)
        self.running -= 1
        handle.canceled()
        return ptz_action.PtzMove.Result(success=True)


def test_rates_are_goals_that_replace_each_other_and_end(graph: Any) -> None:
    """Pan counts clockwise: a target to the right gives positive rates; deactivated, no goal is left."""
    camera = Camera(graph)
    states = graph.node.create_publisher(ptz_msg.PtzState, "/cam/ptz_state", 10)
    targets = graph.node.create_publisher(Target, "/cam/target", topics.TARGET.qos)
    infos = graph.node.create_publisher(CameraInfo, "/cam/camera_info", topics.CAMERA_INFO.qos)
    graph.start_node("ptz_node", namespace="/cam", driver="ptz_action_server")

    def turns() -> bool:
        states.publish(ptz_msg.PtzState(pan=0.0, tilt=0.0, zoom=1.0))
        header = make_header(graph.node.get_clock().now().nanoseconds, "optical")
        infos.publish(model_to_camera_info(CameraModel.pinhole(640, 480, 1.0), header))
        record = TargetRecord(0, TargetState.TRACKING, np.array([500.0, 200, 540, 300]), 1.0)
        targets.publish(target_to_msg(record, "", header))
        return len(camera.rates) > 2 and camera.rates[-1][0] > 0.05

    try:
        assert graph.spin_until(turns), graph.logs()
        assert graph.change_state("/cam/ptz_node", Transition.TRANSITION_DEACTIVATE), graph.logs()
        assert graph.spin_until(lambda: camera.running == 0), graph.logs()
    finally:
        camera.close()
