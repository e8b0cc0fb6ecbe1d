"""The node of fixed transforms over the real middleware."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mobinet_ros import topics

TRANSFORMS = ["map r1/base_link 1 2 0.5 0 0 1.5707963267948966", "r1/base_link r1/front 0.1 0 1.2 0 0.3 0"]


def test_transforms_reach_those_who_come_late(graph):
    graph.start_node("static_tf_node", "/r1", transforms=TRANSFORMS)
    said = graph.said_by("/r1/static_tf_node")
    # active: everything was published before anybody listened
    assert graph.spin_until(lambda: "ok" in said()), graph.logs()
    received = graph.collect(topics.TF_STATIC.type, "/tf_static", topics.TF_STATIC.qos)
    assert graph.spin_until(lambda: bool(received)), graph.logs()
    pose, mount = received[0].transforms
    assert (pose.header.frame_id, pose.child_frame_id) == ("map", "r1/base_link")
    assert (mount.header.frame_id, mount.child_frame_id) == ("r1/base_link", "r1/front")
    moved, turned = pose.transform.translation, pose.transform.rotation
    assert (moved.x, moved.y, moved.z) == (1.0, 2.0, 0.5)
    # a quarter turn to the left
    half = math.sqrt(0.5)
    np.testing.assert_allclose([turned.x, turned.y, turned.z, turned.w], [0, 0, half, half], atol=1e-9)
    # a pitch of 0.3 looks down
    tilted = mount.transform.rotation
    expected = [0, math.sin(0.15), 0, math.cos(0.15)]
    np.testing.assert_allclose([tilted.x, tilted.y, tilted.z, tilted.w], expected, atol=1e-9)


@pytest.mark.parametrize(
    "malformed",
    [
        "map r1/base_link 1 2 0 0 0",  # a number is missing
        "map r1/base_link 1 2 0 0 0 0 1",  # one too many, as of a quaternion
        "map r1/base_link 1 2 zero 0 0 0",
        "map",
        "map r1/base_link 1 2 nan 0 0 0",
    ],
)
def test_a_malformed_transform_is_refused_with_one_line(graph, malformed):
    process = graph.start_node("static_tf_node", "/r1", transforms=[TRANSFORMS[0], malformed])
    assert process.wait(60) == 2, graph.logs()
    errors = [line for line in graph.logs().splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert f"expected 'PARENT CHILD x y z roll pitch yaw' (metres, radians), got '{malformed}'" in errors[0]
    assert "Traceback" not in graph.logs()
