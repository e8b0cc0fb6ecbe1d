"""Cameras behind the actions of ``ptz_action_server_msgs`` (Clearpath Robotics, BSD-3-Clause; ROS 2 branch).

The package comes with a distribution or a workspace, as the servers that speak it do; a machine without it has nothing
to talk to. Rates go to ``move_ptz/velocity``, an action that lasts until it is cancelled; pan counts clockwise there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.action import ActionClient
from rclpy.task import Future

from mobinet.errors import MissingDependencyError
from mobinet.settings import check_settings, setting
from mobinet.targets.ptz_base import PtzCommand, PtzState
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.ptz.base import StateCallback
from mobinet_ros.topics import Topic

_LEAST_CHANGE = 0.01  # rad/s, of what is worth another goal


@dataclass(frozen=True)
class ActionDriverSettings:
    """Names of the driver ``ptz_action_server``."""

    velocity_action: str = setting("move_ptz/velocity", "driver ptz_action_server: the action that takes rates")
    ptz_state_topic: str = setting("ptz_state", "driver ptz_action_server: where PtzState comes from")
    action_period: float = setting(
        0.1, "driver ptz_action_server: least time between two goals, s", minimum=0.0, maximum=5.0
    )
    action_zoom_rate: float = setting(
        0.5, "driver ptz_action_server: growth of ln(zoom) per second of the zoom rate 1", minimum=0.01, maximum=10.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


class ActionDriver:
    """Keeps one goal of rates running, and replaces it when the rates change.

    Args:
        on_state: gets each position that the camera tells, in the node's time.

    Raises:
        MissingDependencyError: the package is not installed.
    """

    def __init__(self, node: StageNode, settings: ActionDriverSettings, on_state: StateCallback) -> None:
        action, state = _messages()
        self._node, self._settings, self._on_state = node, settings, on_state
        self._action = action
        self._client: ActionClient = ActionClient(node, action, settings.velocity_action)
        self._running: Any = None
        self._sent = (0.0, 0.0, 0.0)
        self._sent_ns = 0
        self._waits = False
        node.listen(Topic("ptz_state", state, "camera", rate=1.0), self._hear, settings.ptz_state_topic)

    def send(self, command: PtzCommand) -> None:
        zoom = min(max(command.zoom_rate / self._settings.action_zoom_rate, -1.0), 1.0)
        rates = (-command.pan_rate, command.tilt_rate, zoom)
        halts = rates == (0.0, 0.0, 0.0)
        if not halts:
            changed = max(abs(new - old) for new, old in zip(rates, self._sent, strict=True))
            early = command.stamp_ns - self._sent_ns < self._settings.action_period * 1e9
            if changed < _LEAST_CHANGE or early or self._waits:
                return
        elif self._sent == rates:
            return
        self._sent, self._sent_ns = rates, command.stamp_ns
        self._replace(None if halts else rates)

    def stop(self) -> None:
        self._sent = (0.0, 0.0, 0.0)
        self._replace(None)

    def close(self) -> None:
        self._client.destroy()

    def _replace(self, rates: tuple[float, float, float] | None) -> None:
        """Ends the running goal, and begins another: a server that does not preempt would keep both."""
        if self._running is not None:
            self._running.cancel_goal_async()
            self._running = None
        if rates is None:
            return
        if not self._client.server_is_ready():
            self._node.report(
                "action", f"{self._settings.velocity_action}: no action server; start the camera's or remap the action"
            )
            return
        goal = self._action.Goal()
        goal.ptz.pan, goal.ptz.tilt, goal.ptz.zoom = rates
        self._waits = True
        self._client.send_goal_async(goal).add_done_callback(self._accepted)

    def _accepted(self, future: Future) -> None:
        self._waits = False
        handle = future.result()
        if handle is None or not handle.accepted:
            self._node.report("action", f"{self._settings.velocity_action}: the camera refused the rates {self._sent}")
            return
        self._running = handle
        if self._sent == (0.0, 0.0, 0.0):
            # told to stop meanwhile
            self._replace(None)

    def _hear(self, msg: Any) -> None:
        self._on_state(PtzState(self._node.now_ns, -float(msg.pan), float(msg.tilt), max(float(msg.zoom), 1.0)))


def _messages() -> tuple[Any, Any]:
    try:
        from ptz_action_server_msgs.action import PtzMove
        from ptz_action_server_msgs.msg import PtzState as PtzStateMsg
    except ImportError as error:
        raise MissingDependencyError(
            "ptz_action_server_msgs",
            "driver ptz_action_server",
            "apt-get install ros-$ROS_DISTRO-ptz-action-server-msgs, or build "
            "https://github.com/clearpathrobotics/ptz_action_server (branch ros2) in the workspace",
        ) from error
    return PtzMove, PtzStateMsg
