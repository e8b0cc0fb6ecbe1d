"""Pan, tilt and zoom as joints: what is said and understood, and what is refused."""

from __future__ import annotations

import math

import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from mobinet.errors import InputError
from mobinet.targets.ptz_base import PtzCommand, PtzState
from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings
from mobinet_ros.joints import command_to_trajectory, joints_to_state, order_mount, state_to_joints

SECOND_NS = 1_000_000_000
COMMAND = PtzCommand(0, 0.3, -0.1, 0.5, PtzState(0, 0.2, 0.1, 2.0))


def test_states_come_back() -> None:
    """Other joints of the robot may be in the message too, in any order."""
    msg = state_to_joints(PtzState(0, 0.3, -0.2, 4.0), Header())
    msg.name, msg.position = ["wheel", *reversed(msg.name)], [9.0, *reversed(msg.position)]
    assert joints_to_state(msg) == PtzState(0, 0.3, -0.2, 4.0)
    assert joints_to_state(JointState(name=["wheel"], position=[1.0])) is None


@pytest.mark.parametrize("position", [[0.1, 0.2], [0.1, math.nan, 1.0], [0.1, 0.2, 0.0]])
def test_states_that_make_no_sense_are_refused(position: list[float]) -> None:
    with pytest.raises(InputError, match="joint state"):
        joints_to_state(JointState(name=["pan", "tilt", "zoom"], position=position))


def test_rates_of_the_zoom_joint_are_those_of_the_focal_length() -> None:
    """ln(zoom) grows by 0.5 a second: at zoom 2 that is 1 a second."""
    point = command_to_trajectory(COMMAND).points[0]
    assert list(point.velocities) == pytest.approx([0.3, -0.1, 1.0])
    assert len(point.positions) == 0


def test_positions_say_when_to_be_there() -> None:
    msg = command_to_trajectory(COMMAND, ("neck", "nod"), positions=True, period_s=0.05)
    assert list(msg.points[0].positions) == [0.2, 0.1]
    assert msg.points[0].time_from_start.nanosec == 50_000_000


def test_mount_obeys_rates_and_positions() -> None:
    """Joints that are not named keep what they have."""
    mount = PtzMount(PtzMountSettings(zoom_limits=(1.0, 4.0)))
    mount.at(0)
    order_mount(mount, command_to_trajectory(COMMAND), 0)
    moved = mount.at(SECOND_NS // 2)
    assert moved.pan > 0.05
    assert moved.tilt < -0.02
    point = JointTrajectoryPoint(positions=[0.4])
    order_mount(mount, JointTrajectory(joint_names=["pan"], points=[point]), SECOND_NS // 2)
    after = mount.at(4 * SECOND_NS)
    assert after.pan == pytest.approx(0.4, abs=1e-3)
    assert after.tilt == pytest.approx(moved.tilt, abs=0.02)


@pytest.mark.parametrize(
    "msg",
    [
        JointTrajectory(joint_names=["pan"]),
        JointTrajectory(joint_names=["elbow"], points=[JointTrajectoryPoint(velocities=[0.1])]),
        JointTrajectory(joint_names=["pan", "tilt"], points=[JointTrajectoryPoint(velocities=[0.1])]),
        JointTrajectory(joint_names=["pan"], points=[JointTrajectoryPoint(velocities=[math.inf])]),
    ],
)
def test_commands_that_cannot_be_obeyed_are_refused(msg: JointTrajectory) -> None:
    with pytest.raises(InputError, match="joint trajectory"):
        order_mount(PtzMount(), msg, 0)
