"""Composed and separate are one graph to everybody else; only images take another way."""

from __future__ import annotations

import signal

import cv2
import numpy as np
import pytest

from mobinet_ros import topics
from mobinet_ros.rig import load_rig, process_specs, rig_node_specs

RIG = """
rig_version: 1
defaults:
  camera: {rate: 10, loop: true, horizontal_fov_deg: 60, source: images, mount: [0, 0, 2, 0, 0.2, 0]}
  detector: {model: "null"}
  cooperation: false
  marker: false
robots:
  r1: {pose: [0, 0, 0, 0, 0, 0], cameras: {front: {}, rear: {}}}
"""
CAMERAS = ("front", "rear")


@pytest.fixture
def rig(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(4):
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), np.full((48, 64, 3), 40 * index, np.uint8))
    path = tmp_path / "rig.yaml"
    path.write_text(RIG)
    return load_rig(path)


def start(graph, rig, composed):
    return [
        graph.start(f"mobinet_ros.{spec.executable}", *spec.arguments) for spec in process_specs(rig, None, composed)
    ]


def names_of(graph):
    found = graph.node.get_node_names_and_namespaces()
    return sorted(f"{namespace.rstrip('/')}/{name}" for name, namespace in found if name != "probe")


def interface_of(graph):
    """What others see of the nodes: of each its services and what it publishes, with the types."""
    seen = {}
    for full_name in names_of(graph):
        namespace, _, name = full_name.rpartition("/")
        try:
            services = graph.node.get_service_names_and_types_by_node(name, namespace or "/")
            published = graph.node.get_publisher_names_and_types_by_node(name, namespace or "/")
        except RuntimeError:  # gone meanwhile, or its endpoints are not discovered yet
            continue
        seen[full_name] = (sorted(map(repr, services)), sorted(map(repr, published)))
    return seen


def settled_interface(graph):
    """The interface once everything is discovered: it stays as it is."""
    shown = [{}]

    def unchanged():
        graph.spin_for(3.0)
        shown.append(interface_of(graph))
        return shown[-1] == shown[-2]

    assert graph.spin_until(unchanged)
    return shown[-1]


def wait_for_all_active(graph, rig):
    """Until every node of the rig has said that it is active, and nobody else is there."""
    states = {}
    received = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")
    expected = sorted(spec.full_name for spec in rig_node_specs(rig))

    def all_active():
        for status in (status for array in received for status in array.status):
            states[status.name] = {value.key: value.value for value in status.values}["state"]
        received.clear()
        return states == dict.fromkeys(expected, "active")

    assert graph.spin_until(all_active, 60), (states, graph.logs())
    assert graph.spin_until(lambda: names_of(graph) == expected), names_of(graph)


def test_both_modes_show_the_same_nodes_services_and_topics(graph, rig):
    (container,) = start(graph, rig, composed=True)
    wait_for_all_active(graph, rig)
    composed = settled_interface(graph)
    container.send_signal(signal.SIGINT)
    container.wait(30)
    assert graph.spin_until(lambda: not names_of(graph)), names_of(graph)

    assert len(start(graph, rig, composed=False)) == len(composed)
    wait_for_all_active(graph, rig)
    graph.spin_until(lambda: interface_of(graph) == composed)
    assert interface_of(graph) == composed
    # and it is not nothing that is equal
    services, published = composed["/r1/detector_node"]
    assert any("/r1/detector_node/change_state" in line for line in services)
    assert any("/r1/rear/detections" in line for line in published)


def test_images_are_handed_over_in_memory(graph, rig):
    start(graph, rig, composed=True)
    tracks = {name: graph.collect(topics.TRACKS.type, f"/r1/{name}/tracks") for name in CAMERAS}
    # images reach the detector, and what it finds the tracker
    assert graph.spin_until(lambda: all(len(received) > 3 for received in tracks.values()), 60), graph.logs()
    for name in CAMERAS:
        assert graph.node.count_publishers(f"/r1/{name}/image_raw") == 1
        assert graph.node.count_subscribers(f"/r1/{name}/image_raw") == 0
        assert graph.node.count_subscribers(f"/r1/{name}/image_raw/compressed") == 0

    # others get them as ever, under the header that the tracks have
    images = graph.collect(topics.IMAGE.type, "/r1/rear/image_raw")
    tracks["rear"].clear()

    def stamps(messages):
        return {(message.header.stamp.sec, message.header.stamp.nanosec) for message in messages}

    assert graph.spin_until(lambda: bool(stamps(images) & stamps(tracks["rear"]))), graph.logs()
    assert images[0].header.frame_id == tracks["rear"][0].header.frame_id == "r1/rear_optical"


def test_apart_the_images_are_subscribed(graph, rig):
    start(graph, rig, composed=False)
    wait_for_all_active(graph, rig)
    for name in CAMERAS:
        # the detector and the re-identification; the overlay only when somebody looks at it
        assert graph.spin_until(lambda name=name: graph.node.count_subscribers(f"/r1/{name}/image_raw") >= 2)
