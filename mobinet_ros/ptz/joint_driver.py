"""Cameras that are joints: simulated ones, virtual ones, and those of trajectory controllers (ros2_control)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting
from mobinet.targets.ptz_base import PtzCommand
from mobinet_ros import topics
from mobinet_ros.joints import JOINTS, command_to_trajectory, joints_to_state
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.ptz.base import StateCallback


@dataclass(frozen=True)
class JointDriverSettings:
    """Topics and joints of the driver ``joints``."""

    command_topic: str = setting(topics.PTZ_COMMAND.name, "driver joints: where JointTrajectory goes")
    state_topic: str = setting(topics.PTZ_STATE.name, "driver joints: where JointState comes from")
    joints: tuple[str, ...] = setting(JOINTS, "driver joints: names of the pan, the tilt and, if it has one, the zoom")
    command: str = setting(
        "rates", "driver joints: what a command holds: rates, or positions (and rates) for a period ahead",
        choices=("rates", "positions"),
    )  # fmt: skip
    pan_sign: int = setting(1, "driver joints: -1 if the pan joint turns to the right", choices=(-1, 1))
    tilt_sign: int = setting(1, "driver joints: -1 if the tilt joint lowers the view", choices=(-1, 1))

    def __post_init__(self) -> None:
        check_settings(self)
        if len(set(self.joints)) not in (2, 3) or len(set(self.joints)) != len(self.joints):
            raise SettingsError(f"joints: expected two or three different names (pan, tilt, zoom), got {self.joints}")


class JointDriver:
    """Sends ``trajectory_msgs/JointTrajectory`` and hears ``sensor_msgs/JointState``.

    Args:
        period_s: of the commands.
        on_state: gets each state.
    """

    def __init__(
        self, node: StageNode, settings: JointDriverSettings, period_s: float, on_state: StateCallback
    ) -> None:
        self._node, self._settings, self._period_s, self._on_state = node, settings, period_s, on_state
        self._publisher = node.advertise(topics.PTZ_COMMAND, settings.command_topic)
        node.listen(topics.PTZ_STATE, self._hear, settings.state_topic)

    def send(self, command: PtzCommand) -> None:
        pan, tilt = self._settings.pan_sign, self._settings.tilt_sign
        goal = replace(command.goal, pan=pan * command.goal.pan, tilt=tilt * command.goal.tilt)
        turned = replace(command, pan_rate=pan * command.pan_rate, tilt_rate=tilt * command.tilt_rate, goal=goal)
        positions = self._settings.command == "positions"
        self._node.send(
            self._publisher, command_to_trajectory(turned, self._settings.joints, positions, self._period_s)
        )

    def stop(self) -> None:
        point = JointTrajectoryPoint(velocities=[0.0] * len(self._settings.joints))
        # a node that was just deactivated still has to say it
        self._publisher.publish(JointTrajectory(joint_names=list(self._settings.joints), points=[point]))

    def close(self) -> None:
        """Topics end with the node's configuration."""

    def _hear(self, msg: JointState) -> None:
        state = joints_to_state(msg, self._settings.joints)
        if state is not None:
            settings = self._settings
            self._on_state(replace(state, pan=settings.pan_sign * state.pan, tilt=settings.tilt_sign * state.tilt))
