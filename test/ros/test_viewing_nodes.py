"""The nodes that show: overlay, marker and viewer, each as a process over the real middleware."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
import pytest

from mobinet.types import Identity, Target, TargetState, Track, TrackKey, TrackState
from mobinet.viewing import identity_colour, target_colour, track_colour
from mobinet_ros import topics
from mobinet_ros.conversions import identities_to_msg, make_header, target_to_msg, tracks_to_msg
from mobinet_ros.image_conversions import (
    ImageMessageFactory,
    compressed_msg_to_image,
    image_to_compressed_msg,
    msg_to_image,
)
from mobinet_ros.running.live_table_monitor import LiveTableMonitor

BOX = np.array([40, 40, 120, 200], np.float32)


def make_track() -> Track:
    return Track(3, BOX, 0.9, "person", TrackState.CONFIRMED, np.zeros(2, np.float32), 0, 0)


def make_identity(stamp_ns: int) -> Identity:
    return Identity(
        "r2-9",
        (),
        "person",
        0.9,
        np.array([1.0, 2.0, 0.0]),
        np.eye(3) * 0.1,
        np.zeros(3),
        np.eye(3),
        (TrackKey("r1", "front", 3),),
        0,
        stamp_ns,
    )


class Robot:
    """Publishes what the stages of robot r1 would: images, then tracks of the same stamp, and identities."""

    def __init__(self, graph: Any, with_identities: bool) -> None:
        self._node = graph.node
        self._images = graph.node.create_publisher(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
        name = "/r1/front/image_raw/compressed"
        self._compressed = graph.node.create_publisher(topics.COMPRESSED.type, name, topics.COMPRESSED.qos)
        self._tracks = graph.node.create_publisher(topics.TRACKS.type, "/r1/front/tracks", topics.TRACKS.qos)
        self._identities = graph.node.create_publisher(topics.IDENTITIES.type, "/r1/identities", topics.IDENTITIES.qos)
        self._with_identities = with_identities
        self._factory = ImageMessageFactory()
        graph.node.create_timer(0.1, self._publish)

    def _publish(self) -> None:
        now = self._node.get_clock().now().nanoseconds
        header = make_header(now, "r1/front_optical")
        image = np.zeros((240, 320, 3), np.uint8)
        self._images.publish(self._factory.fill(image, header))
        self._compressed.publish(image_to_compressed_msg(image, header))
        if self._with_identities:
            self._identities.publish(identities_to_msg([make_identity(now)], make_header(now, "map")))
        self._tracks.publish(tracks_to_msg([make_track()], header))


def edge_colour(image: np.ndarray) -> tuple[int, ...]:
    """RGB on the lower edge of the box, left of the foot point."""
    return tuple(int(v) for v in image[200, 60][::-1])


@pytest.mark.parametrize(("with_identities", "expected"), [(False, track_colour(3)), (True, identity_colour("r2-9"))])
def test_overlay_has_the_colour_of_the_identity(graph: Any, with_identities: bool, expected: Any) -> None:
    graph.start_node("overlay_node", "/r1", cameras="[front]")
    Robot(graph, with_identities)
    raw = graph.collect(topics.OVERLAY.type, "/r1/front/overlay", topics.OVERLAY.qos)
    seen = graph.spin_until(lambda: any(edge_colour(msg_to_image(m)) == expected for m in raw))
    assert seen, graph.logs()
    assert raw[-1].header.frame_id == "r1/front_optical"


def test_overlay_shows_the_target_also_without_tracks(graph: Any) -> None:
    graph.start_node("overlay_node", "/r1", cameras="[front]")
    images = graph.node.create_publisher(topics.IMAGE.type, "/r1/front/image_raw", topics.IMAGE.qos)
    targets = graph.node.create_publisher(topics.TARGET.type, "/r1/front/target", topics.TARGET.qos)
    raw = graph.collect(topics.OVERLAY.type, "/r1/front/overlay", topics.OVERLAY.qos)

    def publish() -> None:
        now = graph.node.get_clock().now().nanoseconds
        header = make_header(now, "r1/front_optical")
        images.publish(ImageMessageFactory().fill(np.zeros((240, 320, 3), np.uint8), header))
        target = Target(now - 10**8, TargetState.TRACKING, BOX.astype(np.float64), 0.9)  # of an image before
        targets.publish(target_to_msg(target, "7", header))

    graph.node.create_timer(0.1, publish)
    colour = target_colour(TargetState.TRACKING)
    corner = lambda message: tuple(int(v) for v in msg_to_image(message)[200, 45][::-1])  # noqa: E731
    assert graph.spin_until(lambda: any(corner(m) == colour for m in raw)), graph.logs()


def test_overlay_is_also_compressed_and_only_for_those_who_ask(graph: Any) -> None:
    graph.start_node("overlay_node", "/r1", cameras="[front]")
    Robot(graph, with_identities=False)
    statuses = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")
    assert graph.spin_until(lambda: len(statuses) >= 2), graph.logs()
    # nobody looks: no image is kept, so no tracks miss theirs
    assert not any("tracks_without_image" in {v.key for v in m.status[0].values} for m in statuses)
    jpegs = graph.collect(topics.OVERLAY_COMPRESSED.type, "/r1/front/overlay/compressed", topics.OVERLAY_COMPRESSED.qos)
    assert graph.spin_until(lambda: bool(jpegs)), graph.logs()
    assert compressed_msg_to_image(jpegs[-1]).shape == (240, 320, 3)


def test_markers_come_and_go_with_identities(graph: Any) -> None:
    graph.start_node("marker_node", "/r1")
    publisher = graph.node.create_publisher(topics.IDENTITIES.type, "/r1/identities", topics.IDENTITIES.qos)
    markers = graph.collect(topics.MARKERS.type, "/r1/markers", topics.MARKERS.qos)
    now = graph.node.get_clock().now().nanoseconds
    header = make_header(now, "map")

    def sent(identities: list[Identity]) -> Any:
        publisher.publish(identities_to_msg(identities, header))
        return markers

    assert graph.spin_until(lambda: any(m.markers for m in sent([make_identity(now)]))), graph.logs()
    assert {m.ns for m in markers[-1].markers} >= {"r1/body", "r1/name", "r1/uncertainty"}
    markers.clear()
    gone = graph.spin_until(lambda: any(k.action == k.DELETE for m in sent([]) for k in m.markers))
    assert gone, graph.logs()


@pytest.mark.parametrize(("transport", "images"), [("raw", "image_raw"), ("compressed", "image_raw/compressed")])
def test_viewer_serves_what_it_hears(graph: Any, transport: str, images: str) -> None:
    pytest.importorskip("rerun", reason="needs rerun-sdk: pip install rerun-sdk")
    port, web_port = free_port(), free_port()
    ports = {"port": port, "web_port": web_port}
    graph.start_node("viewer_node", "/", cameras="[r1/front]", robots="[r1]", image_transport=transport, **ports)
    Robot(graph, with_identities=True)
    assert graph.spin_until(lambda: "the view is at" in graph.logs()), graph.logs()
    assert f"http://localhost:{web_port}/?url=" in graph.logs()
    with socket.create_connection(("localhost", web_port), timeout=5) as page:
        page.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"200" in page.recv(100)
    statuses = graph.collect(topics.DIAGNOSTICS.type, "/diagnostics")
    assert graph.spin_until(lambda: len(statuses) >= 3), graph.logs()
    # it hears all three, and says that it does not know where the robot is
    rates = {v.key: v.value for v in statuses[-1].status[0].values}
    for name in (f"/r1/front/{images}", "/r1/front/tracks", "/r1/identities"):
        assert float(rates[f"{name} rate_hz"]) > 3
    assert "frame 'map' is unknown" in statuses[-1].status[0].message


def test_viewer_refuses_a_camera_without_a_robot(graph: Any) -> None:
    viewer = graph.start_node("viewer_node", "/", cameras="[front]")
    assert viewer.wait(20) == 2
    assert "expected ROBOT/CAMERA, got 'front'" in graph.logs()


def test_live_table_monitor_feeds_the_table(graph: Any) -> None:
    monitor = LiveTableMonitor([("r1", "front")], context=graph.context)
    graph.executor.add_node(monitor)
    graph.start_node("overlay_node", "/r1", cameras="[front, rear]")
    Robot(graph, with_identities=True)

    def shown() -> bool:
        line = monitor.table.plain()
        return "1 tracks | identities: r1 1" in line and "/r1/rear/image_raw: no publisher" in line

    assert graph.spin_until(shown), f"{monitor.table.plain()}\n{graph.logs()}"
    assert "1/1 nodes active" in monitor.table.plain()
    monitor.destroy_node()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
