"""The detector node over the real middleware: one network for two cameras, labels, a filter that changes live."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from mobinet_ros import topics
from mobinet_ros.conversions import detection_msg_to_box, make_header
from mobinet_ros.image_conversions import ImageMessageFactory

NODE = "/r1/detector_node"
# height and width of each camera's images
SIZES = {"front": (64, 64), "rear": (100, 200)}
PERSON, CAR, CLASSES = 0, 2, 80


@pytest.fixture
def network(tmp_path):
    """A YOLOv8 that sees in every image a person in the middle and a car left of it."""
    output = np.zeros((1, 4 + CLASSES, sum((128 // stride) ** 2 for stride in (8, 16, 32))), np.float32)
    output[0, :4, 3], output[0, 4 + PERSON, 3] = [64, 64, 64, 64], 0.9
    output[0, :4, 9], output[0, 4 + CAR, 9] = [16, 64, 16, 16], 0.8
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 128, 128])
    found = helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output.shape))
    node = helper.make_node("Identity", ["known"], ["output0"])
    graph = helper.make_graph([node], "sees", [image], [found], [numpy_helper.from_array(output, "known")])
    path = tmp_path / "sees.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


class Cameras:
    """Publishes black images of both cameras, each pair under a new stamp, and keeps what comes back."""

    def __init__(self, graph):
        self._publishers = {
            name: graph.node.create_publisher(topics.IMAGE.type, f"/r1/{name}/image_raw", topics.IMAGE.qos)
            for name in SIZES
        }
        self.found = {
            name: graph.collect(topics.DETECTIONS.type, f"/r1/{name}/detections", topics.DETECTIONS.qos)
            for name in SIZES
        }
        self._second = 0

    def publish(self):
        self._second += 1
        for name, publisher in self._publishers.items():
            header = make_header(self._second * 10**9, f"r1/{name}_optical")
            publisher.publish(ImageMessageFactory().fill(np.zeros((*SIZES[name], 3), np.uint8), header))

    def classes(self, name):
        """Of the newest message, and what stamp it has."""
        if not self.found[name]:
            return 0, set()
        newest = self.found[name][-1]
        return newest.header.stamp.sec, {d.results[0].hypothesis.class_id for d in newest.detections}

    def publish_until(self, graph, condition):
        """Publishes again and again until the condition holds."""
        return graph.spin_until(lambda: self.publish() or graph.spin_until(condition, 0.1))


@pytest.fixture
def cameras(graph, network):
    graph.start_node("detector_node", "/r1", cameras="[front, rear]", model=network, score_threshold=0.4)
    made = Cameras(graph)
    assert made.publish_until(graph, lambda: all(made.found.values())), graph.logs()
    return made


def set_classes(graph, *names):
    value = ParameterValue(type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=list(names))
    request = SetParameters.Request(parameters=[Parameter(name="classes", value=value)])
    return graph.call(SetParameters, f"{NODE}/set_parameters", request).results[0]


def test_one_network_serves_two_cameras_each_in_its_own_pixels(graph, cameras):
    # the box in the middle has half the size of the square into which the image is fitted
    expected = {"front": [16, 16, 48, 48], "rear": [50, 0, 150, 100]}
    for name, box in expected.items():
        message = cameras.found[name][0]
        assert message.header.frame_id == f"r1/{name}_optical"
        assert message.header.stamp.nanosec == 0
        (person,) = [d for d in message.detections if d.results[0].hypothesis.class_id == "person"]
        np.testing.assert_allclose(detection_msg_to_box(person), box, atol=1e-3)
        assert person.header == message.header
        assert person.results[0].hypothesis.score == pytest.approx(0.9)


def test_labels_reach_those_who_come_late(graph, cameras):
    for name in SIZES:
        labels = graph.collect(topics.LABEL_INFO.type, f"/r1/{name}/label_info", topics.LABEL_INFO.qos)
        assert graph.spin_until(lambda labels=labels: bool(labels)), graph.logs()
        table = {entry.class_id: entry.class_name for entry in labels[0].class_map}
        assert len(table) == CLASSES
        assert (table[PERSON], table[CAR]) == ("person", "car")
        assert labels[0].threshold == pytest.approx(0.4)


def test_the_class_filter_changes_while_the_node_runs(graph, cameras):
    assert cameras.publish_until(graph, lambda: cameras.classes("front")[1] == {"person", "car"}), graph.logs()
    assert set_classes(graph, "car").successful
    for name in SIZES:
        assert cameras.publish_until(graph, lambda name=name: cameras.classes(name)[1] == {"car"}), graph.logs()
    # no names: all classes again
    assert set_classes(graph).successful
    assert cameras.publish_until(graph, lambda: cameras.classes("rear")[1] == {"person", "car"}), graph.logs()


def test_a_class_that_the_network_does_not_know_is_refused(graph, cameras):
    refused = set_classes(graph, "unicorn")
    assert not refused.successful
    assert "unicorn" in refused.reason
    # what was before still holds
    seen = cameras.classes("front")[0]
    assert cameras.publish_until(graph, lambda: cameras.classes("front")[0] > seen)
    assert cameras.classes("front")[1] == {"person", "car"}
