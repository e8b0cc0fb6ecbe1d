"""Pan, tilt and zoom as joints: ``sensor_msgs/JointState`` and ``trajectory_msgs/JointTrajectory``, and back.

The zoom is a joint too: its position is the focal length in multiples of the shortest one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from builtin_interfaces.msg import Duration
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from mobinet.errors import InputError
from mobinet.targets.ptz_base import PtzCommand, PtzState
from mobinet.targets.ptz_mount import PtzMount
from mobinet_ros.conversions import NANOSECONDS, stamp_to_ns

JOINTS = ("pan", "tilt", "zoom")


def state_to_joints(state: PtzState, header: Header, names: Sequence[str] = JOINTS) -> JointState:
    """Names may lack the zoom."""
    return JointState(header=header, name=list(names), position=[state.pan, state.tilt, state.zoom][: len(names)])


def joints_to_state(msg: JointState, names: Sequence[str] = JOINTS) -> PtzState | None:
    """Where the camera looks; ``None`` for a message of other joints. Without the zoom's name it is 1.

    Raises:
        InputError: fewer positions than names, or one that is not finite, or a zoom that is not above 0.
    """
    if not set(names) <= set(msg.name):
        return None
    if len(msg.position) != len(msg.name):
        raise InputError(f"joint state: expected a position for each of {list(msg.name)}, got {len(msg.position)}")
    positions = dict(zip(msg.name, msg.position, strict=True))
    values = [float(positions[name]) for name in names]
    if not all(map(math.isfinite, values)) or (len(values) > 2 and values[2] <= 0):
        raise InputError(f"joint state: expected finite angles and a zoom above 0, got {values} for {list(names)}")
    return PtzState(stamp_to_ns(msg.header.stamp), values[0], values[1], values[2] if len(values) > 2 else 1.0)


def command_to_trajectory(
    command: PtzCommand, names: Sequence[str] = JOINTS, positions: bool = False, period_s: float = 0.1
) -> JointTrajectory:
    """One point: rates from now on, or (``positions``) where to be after a period of commands.

    The stamp is zero, which trajectory controllers take for "now".
    """
    goal = command.goal
    rates = [command.pan_rate, command.tilt_rate, command.zoom_rate * goal.zoom][: len(names)]
    point = JointTrajectoryPoint(velocities=rates)
    if positions:
        point.positions = [goal.pan, goal.tilt, goal.zoom][: len(names)]
        period_ns = round(period_s * NANOSECONDS)
        point.time_from_start = Duration(sec=period_ns // NANOSECONDS, nanosec=period_ns % NANOSECONDS)
    return JointTrajectory(joint_names=list(names), points=[point])


def order_mount(mount: PtzMount, msg: JointTrajectory, now_ns: int) -> None:
    """Makes a camera that is software obey: rates if the last point has no positions, else the positions.

    Joints that are not named keep still, or stay where they are.

    Raises:
        InputError: no point, other joints, lengths that disagree, or numbers that are not finite.
    """
    unknown = set(msg.joint_names) - set(JOINTS)
    if not msg.points or unknown:
        raise InputError(
            f"joint trajectory: expected a point for some of {', '.join(JOINTS)}, got {len(msg.points)} points for "
            f"{list(msg.joint_names)}"
        )
    point = msg.points[-1]
    values = list(point.positions or point.velocities)
    if len(values) != len(msg.joint_names) or not all(map(math.isfinite, values)):
        raise InputError(
            f"joint trajectory: expected a finite position or velocity for each of {list(msg.joint_names)}, "
            f"got {values}"
        )
    state = mount.newest(now_ns)
    if point.positions:
        default = dict(zip(JOINTS, (state.pan, state.tilt, state.zoom), strict=True))
        given = {**default, **dict(zip(msg.joint_names, values, strict=True))}
        mount.go_to(now_ns, *(given[name] for name in JOINTS))
    else:
        given = {**dict.fromkeys(JOINTS, 0.0), **dict(zip(msg.joint_names, values, strict=True))}
        mount.turn(now_ns, given["pan"], given["tilt"], given["zoom"] / state.zoom)
