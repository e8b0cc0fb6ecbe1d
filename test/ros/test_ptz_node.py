"""The node that turns a camera, as a process: after a target of a simulated world, and what it says when it cannot."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from lifecycle_msgs.msg import Transition
from mobinet_ros.msg import GroundTruthArray, Target
from sensor_msgs.msg import CameraInfo
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from mobinet.camera import CameraModel
from mobinet.types import Target as TargetRecord
from mobinet.types import TargetState
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, model_to_camera_info, target_to_msg

WORLD = """
world_version: 1
seed: 3
duration: 60
antialias: false
people:
  anna: {at: [6, 1.6, 180]}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      eye:
        {mount: [0, 0, 1.2, 0, 0, 0], width: 160, height: 120, horizontal_fov_deg: 50, rate: 10,
         ptz: {pan_limits_deg: [-90, 90], zoom_limits: [1, 3]}}
"""
ANNA_RAD = math.atan2(1.6, 6)


class Eye:
    """Publishes a target and camera_info as the camera's tracker would."""

    def __init__(self, graph: Any, namespace: str) -> None:
        self._graph = graph
        node = graph.node
        self._targets = node.create_publisher(Target, f"{namespace}/target", topics.TARGET.qos)
        self._infos = node.create_publisher(CameraInfo, f"{namespace}/camera_info", topics.CAMERA_INFO.qos)

    def show(self, state: TargetState, box: Any = None) -> None:
        header = make_header(self._graph.node.get_clock().now().nanoseconds, "eye_optical")
        self._infos.publish(model_to_camera_info(CameraModel.pinhole(640, 480, 1.0), header))
        record = TargetRecord(0, state, None if box is None else np.array(box, np.float64), 1.0)
        self._targets.publish(target_to_msg(record, "", header))


def test_a_simulated_camera_is_turned_to_its_target(graph: Any, drawing: None, tmp_path: Any) -> None:
    """Anna stands 15 degrees to the left; joints, camera_info and tf all tell that she is looked at, enlarged."""
    world = tmp_path / "room.yaml"
    world.write_text(WORLD)
    graph.start_node("sim_node", world=str(world), autostart=True, wait=20.0)
    targets = graph.node.create_publisher(Target, "/r1/eye/target", topics.TARGET.qos)

    def tell(msg: GroundTruthArray) -> None:
        for item in msg.objects:
            found = Target(header=msg.header, state=Target.TRACKING, bbox=item.bbox, confidence=1.0)
            targets.publish(found)

    graph.node.create_subscription(GroundTruthArray, "/r1/eye/truth", tell, topics.TRUTH.qos)
    states = graph.collect(topics.PTZ_STATE.type, "/r1/eye/ptz/joint_states", topics.PTZ_STATE.qos)
    infos = graph.collect(CameraInfo, "/r1/eye/camera_info", topics.CAMERA_INFO.qos)
    images = graph.collect(topics.IMAGE.type, "/r1/eye/image_raw", topics.IMAGE_IN.qos)
    transforms = graph.collect(topics.TF.type, "/tf", topics.TF.qos)
    graph.start_node("ptz_node", namespace="/r1/eye", use_sim_time=True, target_height=0.75)

    def looks() -> bool:
        pan, _, zoom = states[-1].position if states else (0.0, 0.0, 1.0)
        return abs(pan - ANNA_RAD) < math.radians(2) and zoom > 1.15

    assert graph.spin_until(looks, 90.0), graph.logs()
    assert images
    first = infos[0].k[0]
    assert graph.spin_until(lambda: infos[-1].k[0] > 1.15 * first), graph.logs()
    assert graph.spin_until(lambda: abs(yaw_of(newest(transforms, "r1/eye")) - ANNA_RAD) < math.radians(3)), (
        graph.logs()
    )


def newest(messages: list[Any], child: str) -> TransformStamped:
    return next(row for msg in reversed(messages) for row in msg.transforms if row.child_frame_id == child)


def yaw_of(transform: TransformStamped) -> float:
    rotation = transform.transform.rotation
    return 2 * math.atan2(rotation.z, rotation.w)


def test_rates_follow_the_target_and_end_with_the_node(graph: Any) -> None:
    """To the right of the middle: it turns to the right; deactivated, the last it says is to stand still."""
    heard = graph.collect(JointTrajectory, "/cam/ptz/joint_trajectory", topics.PTZ_COMMAND.qos)
    eye = Eye(graph, "/cam")
    graph.start_node("ptz_node", namespace="/cam")

    def turns() -> bool:
        eye.show(TargetState.TRACKING, (500, 200, 540, 300))
        return bool(heard) and heard[-1].points[0].velocities[0] < -0.05

    assert graph.spin_until(turns), graph.logs()
    assert heard[-1].joint_names == ["pan", "tilt", "zoom"]
    assert graph.change_state("/cam/ptz_node", Transition.TRANSITION_DEACTIVATE), graph.logs()
    assert graph.spin_until(lambda: list(heard[-1].points[0].velocities) == [0.0, 0.0, 0.0]), graph.logs()


def test_stale_target_stops_the_camera(graph: Any) -> None:
    """The tracker died: after lost_after the rates fall to zero, and diagnostics say that it is lost."""
    heard = graph.collect(JointTrajectory, "/cam/ptz/joint_trajectory", topics.PTZ_COMMAND.qos)
    eye = Eye(graph, "/cam")
    graph.start_node("ptz_node", namespace="/cam", lost="hold", lost_after=0.3)

    def turns() -> bool:
        eye.show(TargetState.TRACKING, (500, 200, 540, 300))
        return bool(heard) and heard[-1].points[0].velocities[0] < -0.05

    assert graph.spin_until(turns), graph.logs()
    assert graph.spin_until(lambda: list(heard[-1].points[0].velocities) == [0.0, 0.0, 0.0]), graph.logs()


def test_positions_and_signs_of_other_joints(graph: Any) -> None:
    """A controller of positions whose pan turns to the right and that has no zoom."""
    heard = graph.collect(JointTrajectory, "/cam/arm/joint_trajectory", topics.PTZ_COMMAND.qos)
    eye = Eye(graph, "/cam")
    graph.start_node(
        "ptz_node", namespace="/cam", command="positions", joints="[neck, nod]", pan_sign=-1,
        command_topic="arm/joint_trajectory", state_topic="arm/joint_states",
    )  # fmt: skip

    def turns() -> bool:
        eye.show(TargetState.TRACKING, (500, 200, 540, 300))
        return bool(heard) and heard[-1].points[0].positions[0] > 0.02

    assert graph.spin_until(turns), graph.logs()
    assert heard[-1].joint_names == ["neck", "nod"]
    assert heard[-1].points[0].time_from_start.nanosec > 0


def test_a_window_of_a_recording_follows_commands(graph: Any, tmp_path: Any) -> None:
    """A virtual camera: turned to the left, its principal point moves to the right, and its joints say so."""
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((180, 320, 3), 80 * index, np.uint8))
    states = graph.collect(topics.PTZ_STATE.type, "/cam/ptz/joint_states", topics.PTZ_STATE.qos)
    infos = graph.collect(CameraInfo, "/cam/camera_info", topics.CAMERA_INFO.qos)
    commands = graph.node.create_publisher(JointTrajectory, "/cam/ptz/joint_trajectory", topics.PTZ_COMMAND.qos)
    graph.start_node(
        "camera_node", namespace="/cam", source=str(tmp_path), rate=20.0, loop=True, horizontal_fov_deg=90.0,
        ptz=True, window_width=120, window_height=90,
    )  # fmt: skip
    assert graph.spin_until(lambda: bool(states and infos)), graph.logs()
    first = infos[0].k[2]

    def turned() -> bool:
        point = JointTrajectoryPoint(positions=[0.3, 2.0])
        commands.publish(JointTrajectory(joint_names=["pan", "zoom"], points=[point]))
        return abs(states[-1].position[0] - 0.3) < 0.01 and infos[-1].k[2] > first + 40

    assert graph.spin_until(turned), graph.logs()
    assert (infos[-1].width, infos[-1].height) == (120, 90)


@pytest.mark.parametrize(
    ("driver", "said"),
    [("ptz_action_server", "ptz_action_server_msgs"), ("onvif", "onvif_host")],
)
def test_driver_that_cannot_work_says_the_cure(graph: Any, driver: str, said: str) -> None:
    if driver == "ptz_action_server":
        try:
            import ptz_action_server_msgs  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("ptz_action_server_msgs is installed here")
    messages = graph.said_by("/cam/ptz_node")
    graph.start_node("ptz_node", namespace="/cam", driver=driver)
    assert graph.spin_until(lambda: any(said in message for message in messages())), graph.logs()
