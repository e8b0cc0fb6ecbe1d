"""Managed nodes as a user meets them: states, parameters, wrong input, two of one name."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from vision_msgs.msg import Detection2DArray

from mobinet_ros import topics
from mobinet_ros.conversions import box_to_detection_msg, make_header


def detections(second, *boxes, score=0.9):
    header = make_header(int(second * 1e9), "r1/front_optical")
    found = [box_to_detection_msg(np.array(box, np.float32), score, "person", header, "") for box in boxes]
    return Detection2DArray(header=header, detections=found)


@pytest.fixture
def tracker(graph):
    """A tracker node, a publisher to it and what it answers."""
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    publisher = graph.node.create_publisher(topics.DETECTIONS.type, "/r1/front/detections", topics.DETECTIONS.qos)
    tracks = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
    # both ways are matched when an empty message comes back
    stamps = (0.01 * i for i in range(1, 5000))
    assert graph.spin_until(lambda: publisher.publish(detections(next(stamps))) or bool(tracks)), graph.logs()
    graph.spin_for(0.3)
    tracks.clear()
    return publisher, tracks


def test_empty_images_age_tracks(graph, tracker):
    publisher, tracks = tracker
    for i in range(5):
        publisher.publish(detections(100 + i * 0.1, (10, 10, 50, 90)))
    assert graph.spin_until(lambda: len(tracks) == 5), graph.logs()
    for i in range(30):
        publisher.publish(detections(100.5 + i * 0.2))
        # one by one: a burst longer than the queue loses messages
        assert graph.spin_until(lambda expected=6 + i: len(tracks) == expected)
    assert len(tracks[4].tracks) == 1
    assert tracks[-1].tracks == []


def test_unsound_boxes_cost_only_themselves(graph, tracker):
    publisher, tracks = tracker
    said = graph.said_by("/r1/tracker_node")
    publisher.publish(detections(100, (10, 10, 50, 90), (20, 20, 20, 40), (float("nan"), 0, 5, 5)))
    assert graph.spin_until(lambda: len(tracks) == 1), graph.logs()
    assert len(tracks[0].tracks) == 1
    assert graph.spin_until(lambda: any("is dropped" in text for text in said())), said()


def test_stamps_that_jump_back_begin_new_tracks(graph, tracker):
    publisher, tracks = tracker
    for second in (100.0, 100.1, 100.2, 50.0, 50.1):
        publisher.publish(detections(second, (10, 10, 50, 90)))
    assert graph.spin_until(lambda: len(tracks) == 5), graph.logs()
    before, after = ({t.detection.id for m in part for t in m.tracks} for part in (tracks[:3], tracks[3:]))
    assert before
    assert after
    assert not before & after
    assert graph.spin_until(lambda: "jumped back" in graph.logs())


def test_inactive_node_drops_input_and_says_so(graph, tracker):
    publisher, tracks = tracker
    said = graph.said_by("/r1/tracker_node")
    assert graph.change_state("/r1/tracker_node", Transition.TRANSITION_DEACTIVATE)
    publisher.publish(detections(100, (10, 10, 50, 90)))
    assert graph.spin_until(lambda: any("not active" in text for text in said())), said()
    assert tracks == []

    # a second life: cleaned up, configured and activated again
    for transition in (
        Transition.TRANSITION_CLEANUP,
        Transition.TRANSITION_CONFIGURE,
        Transition.TRANSITION_ACTIVATE,
    ):
        assert graph.change_state("/r1/tracker_node", transition)
    assert graph.spin_until(lambda: publisher.get_subscription_count() == 1)
    stamps = iter(range(100, 200))
    assert graph.spin_until(lambda: publisher.publish(detections(next(stamps), (10, 10, 50, 90))) or bool(tracks), 5)


def test_autostart_false_waits_for_a_manager(graph):
    graph.start_node("tracker_node", "/r1", cameras="[front]", autostart=False)
    said = graph.said_by("/r1/tracker_node")
    assert graph.spin_until(lambda: any("unconfigured: not active" in text for text in said())), graph.logs()


def test_silence_is_explained(graph):
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    said = graph.said_by("/r1/tracker_node")
    assert graph.spin_until(lambda: any("/r1/front/detections: no publisher" in text for text in said())), said()


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"score_threshold": 1.5}, "score_threshold: 1.5 is out of range, allowed 0.0 to 1.0"),
        ({"score_threshold": "[high]"}, "score_threshold"),
        ({"cameras": "[front, front]"}, "'front' is named twice"),
        ({"provider": "abacus"}, "provider: 'abacus' is not one of cpu"),
    ],
)
def test_wrong_parameter_stops_the_node_with_one_line(graph, parameters, named):
    process = graph.start_node("detector_node", "/r1", **parameters)
    assert process.wait(30) == 2
    errors = [line for line in graph.logs().splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert named in errors[0]
    assert "Traceback" not in graph.logs()


def test_missing_model_leaves_the_node_unconfigured_and_says_why(graph):
    process = graph.start_node("detector_node", "/r1", model="/nowhere/net.onnx")
    said = graph.said_by("/r1/detector_node")
    assert graph.spin_until(lambda: any("/nowhere/net.onnx" in text for text in said())), graph.logs()
    assert process.poll() is None


def test_misspelt_parameter_is_reported(graph):
    graph.start_node("tracker_node", "/r1", camera="[front]")
    assert graph.spin_until(lambda: "unknown parameter 'camera'" in graph.logs()), graph.logs()


def test_two_nodes_of_one_name_are_reported(graph):
    graph.start_node("tracker_node", "/r1")
    graph.start_node("tracker_node", "/r1")
    said = graph.said_by("/r1/tracker_node")
    assert graph.spin_until(lambda: any("another node is called /r1/tracker_node" in text for text in said()))


def set_threshold(graph, value):
    value_msg = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    request = SetParameters.Request(parameters=[Parameter(name="score_threshold", value=value_msg)])
    return graph.call(SetParameters, "/r1/detector_node/set_parameters", request).results[0]


def test_live_parameter_changes_and_a_wrong_value_is_refused_with_the_range(graph):
    graph.start_node("detector_node", "/r1", cameras="[front]", model="null")
    assert set_threshold(graph, 0.25).successful
    refused = set_threshold(graph, 7.0)
    assert not refused.successful
    assert "1.0" in refused.reason


def test_parameters_are_described(graph):
    graph.start_node("detector_node", "/r1", model="null")
    request = DescribeParameters.Request(names=["score_threshold"])
    described = graph.call(DescribeParameters, "/r1/detector_node/describe_parameters", request).descriptors[0]
    assert "score" in described.description
    assert described.floating_point_range[0].to_value == 1.0


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"step": 5}, "step is 5 bytes"), ({"encoding": "yuv9000"}, "unknown encoding 'yuv9000'")],
)
def test_wrong_image_costs_only_itself(graph, changes, named):
    graph.start_node("detector_node", "/r1", cameras="[front]", model="null")
    publisher = graph.node.create_publisher(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
    found = graph.collect(topics.DETECTIONS.type, "/r1/front/detections")
    good = topics.IMAGE.type(height=8, width=8, step=24, encoding="bgr8", data=array("B", bytes(192)))
    bad = topics.IMAGE.type(height=8, width=8, step=24, encoding="bgr8", data=array("B", bytes(192)))
    for name, value in changes.items():
        setattr(bad, name, value)
    stamps = iter(range(1, 10_000))

    def publish_both():
        for msg in (bad, good):
            msg.header = make_header(next(stamps) * 10**9, "r1/front_optical")
            publisher.publish(msg)
        return bool(found) and named in graph.logs()

    assert graph.spin_until(publish_both), graph.logs()
    # every other image was bad: only stamps of good ones come back
    assert {m.header.stamp.sec % 2 for m in found} == {0}


def test_compressed_images_are_taken(graph):
    graph.start_node("detector_node", "/r1", cameras="[front]", model="null", image_transport="compressed")
    from mobinet_ros.image_conversions import image_to_compressed_msg

    publisher = graph.node.create_publisher(
        topics.COMPRESSED.type, "/r1/front/image_raw/compressed", topics.COMPRESSED.qos
    )
    found = graph.collect(topics.DETECTIONS.type, "/r1/front/detections")
    picture = image_to_compressed_msg(np.zeros((32, 32, 3), np.uint8), make_header(5, "r1/front_optical"))
    assert graph.spin_until(lambda: publisher.publish(picture) or bool(found)), graph.logs()


def test_simulated_time_that_never_comes_is_named(graph):
    graph.start_node("tracker_node", "/r1", use_sim_time=True)
    said = graph.said_by("/r1/tracker_node")
    assert graph.spin_until(lambda: any("/clock never came" in text for text in said())), graph.logs()


def test_overtaken_message_costs_only_itself(graph, tracker):
    publisher, tracks = tracker
    for second in (100.0, 100.1, 100.05, 100.2):
        publisher.publish(detections(second, (10, 10, 50, 90)))
    assert graph.spin_until(lambda: len(tracks) == 3), graph.logs()
    assert {track.detection.id for m in tracks for track in m.tracks} == {tracks[0].tracks[0].detection.id}
