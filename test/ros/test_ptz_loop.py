"""The whole loop as processes: a simulated camera, the tracker that follows one person in it, what turns it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mobinet_ros.action import TrackTarget
from mobinet_ros.msg import GroundTruthArray
from rclpy.action import ActionClient

from mobinet_ros import topics
from mobinet_ros.conversions import box_to_msg, msg_to_box, stamp_to_ns

# anna waits, then walks out of what the camera shows at first, which is 40 degrees wide
WORLD = """
world_version: 1
seed: 3
duration: 40
antialias: false
walls:
  back: {from: [10, -9], to: [10, 9], height: 4, finish: brick}
people:
  anna: {path: [[6, 0, 5], [6, 4.5, 30]], speed: 0.8, shirt: red}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      eye:
        {mount: [0, 0, 1.4, 0, 0.05, 0], width: 320, height: 240, horizontal_fov_deg: 40, rate: 10,
         ptz: {pan_limits_deg: [-90, 90], zoom_limits: [1, 3]}}
"""
WIDTH, HEIGHT = 320, 240


def test_a_camera_turns_after_whoever_its_tracker_follows(graph: Any, drawing: None, tmp_path: Any) -> None:
    """Chosen by a box in the middle; at the end she stands 37 degrees to the left, and in the middle of the picture."""
    (tmp_path / "room.yaml").write_text(WORLD)
    graph.start_node("target_tracker_node", namespace="/r1", cameras="[eye]", use_sim_time=True)
    graph.start_node(
        "ptz_node", namespace="/r1", camera="eye", use_sim_time=True, zoom_limits="[1.0, 1.0]", max_rate_deg=30.0
    )
    truths = graph.collect(GroundTruthArray, "/r1/eye/truth", topics.TRUTH.qos)
    states = graph.collect(topics.PTZ_STATE.type, "/r1/eye/ptz/joint_states", topics.PTZ_STATE.qos)
    targets = graph.collect(topics.TARGET.type, "/r1/eye/target", topics.TARGET.qos)
    client = ActionClient(graph.node, TrackTarget, "/r1/track_target")
    assert graph.spin_until(client.server_is_ready), graph.logs()
    graph.start_node("sim_node", world=str(tmp_path / "room.yaml"), wait=30.0)
    assert graph.spin_until(lambda: bool(targets and truths), 60.0), graph.logs()

    anna = next(one for one in truths if stamp_to_ns(one.header.stamp) == stamp_to_ns(targets[-1].header.stamp))
    goal = TrackTarget.Goal(by=TrackTarget.Goal.BOX, camera="eye", stamp=anna.header.stamp)
    goal.box = box_to_msg(msg_to_box(anna.objects[0].bbox))
    sent = client.send_goal_async(goal)
    assert graph.spin_until(sent.done), graph.logs()
    assert sent.result().accepted

    def shows_her_to_the_left() -> bool:
        turned = bool(states) and states[-1].position[0] > math.radians(30)
        return turned and all(is_central(one) for one in truths[-10:])

    assert graph.spin_until(shows_her_to_the_left, 90.0), graph.logs()
    assert targets[-1].state == topics.TARGET.type.TRACKING


def is_central(truth: GroundTruthArray) -> bool:
    """Whether the middle of the only person is in the middle third of the picture."""
    if len(truth.objects) != 1:
        return False
    box = msg_to_box(truth.objects[0].bbox)
    middle = (box[:2] + box[2:]) / 2 / (WIDTH, HEIGHT)
    return bool((np.abs(middle - 0.5) < 1 / 6).all())
