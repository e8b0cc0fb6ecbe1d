"""The camera node over the real middleware: stamps, windows, calibration, and sources that end or are missing."""

from __future__ import annotations

import time
from itertools import pairwise

import cv2
import numpy as np
import pytest
import rclpy
from lifecycle_msgs.msg import Transition

from mobinet_ros import camera_node, health, topics
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.image_conversions import compressed_msg_to_image, msg_to_image

RATE = 10
COUNT = 5
WIDTH, HEIGHT = 200, 60


def write_images(folder, images):
    folder.mkdir(exist_ok=True)
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index}.png"), image)
    return folder


@pytest.fixture
def numbered(tmp_path):
    """A folder of images whose grey is 40 times their number."""
    return write_images(tmp_path / "numbered", [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(COUNT)])


@pytest.fixture
def ramps(tmp_path):
    """A folder of images whose grey is the column."""
    ramp = np.tile(np.arange(WIDTH, dtype=np.uint8)[None, :, None], (HEIGHT, 1, 3))
    return write_images(tmp_path / "ramps", [ramp] * (3 * RATE))


def number_of(message):
    return int(msg_to_image(message)[0, 0, 0]) // 40


def by_stamp(messages):
    return {stamp_to_ns(message.header.stamp): message for message in messages}


def test_stamps_are_start_and_index_over_rate(graph, numbered):
    start = int(time.time()) - 3
    graph.start_node("camera_node", "/r1/front", source=numbered, rate=RATE, loop=True, start_time=float(start))
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    assert graph.spin_until(lambda: len(images) > 2 * COUNT), graph.logs()
    for message in images:
        index, rest_ns = divmod(stamp_to_ns(message.header.stamp) - start * 10**9, 10**9 // RATE)
        assert rest_ns == 0
        # the recording has run since its start, seen or not, and begins again at its end
        assert number_of(message) == index % COUNT
        assert message.header.frame_id == "r1/front_optical"
    assert sorted(by_stamp(images)) == [stamp_to_ns(message.header.stamp) for message in images]


def test_without_a_start_the_recording_begins_at_activation_and_loops(graph, numbered):
    graph.start_node("camera_node", "/r1/front", source=numbered, rate=RATE, loop=True, autostart=False)
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_CONFIGURE)
    assert graph.spin_until(lambda: graph.node.count_publishers("/r1/front/image_raw") == 1)
    before_ns = time.time_ns()
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: any(number_of(b) < number_of(a) for a, b in pairwise(images))), graph.logs()
    first = images[0]
    begun_ns = stamp_to_ns(first.header.stamp) - number_of(first) * 10**9 // RATE
    assert before_ns <= begun_ns <= time.time_ns()


def test_cameras_that_share_a_start_show_one_instant(graph, numbered):
    start = float(int(time.time()))
    seen = {}
    for name in ("front", "rear"):
        graph.start_node("camera_node", f"/r1/{name}", source=numbered, rate=RATE, loop=True, start_time=start)
        seen[name] = graph.collect(topics.IMAGE.type, f"/r1/{name}/image_raw")

    def shared():
        return by_stamp(seen["front"]).keys() & by_stamp(seen["rear"]).keys()

    assert graph.spin_until(lambda: len(shared()) > COUNT), graph.logs()
    front, rear = by_stamp(seen["front"]), by_stamp(seen["rear"])
    assert all(number_of(front[stamp]) == number_of(rear[stamp]) for stamp in shared())


# a window as it is, and one that is shown at twice its size, where greys are rounded
@pytest.mark.parametrize(("zoom", "error_px"), [(1, 1e-6), (2, 1.0)])
def test_the_principal_point_follows_the_window(graph, ramps, zoom, error_px):
    path = f"[0.0, 40.0, 30.0, {zoom}.0, 2.0, 160.0, 30.0, {zoom}.0]"
    options = {"window_width": 60, "window_height": 40, "window_path": path, "horizontal_fov_deg": 90.0}
    graph.start_node("camera_node", "/r1/front", source=ramps, rate=RATE, loop=True, **options)
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    infos = graph.collect(topics.CAMERA_INFO.type, "/r1/front/camera_info")

    def pairs():
        known = by_stamp(infos)
        return [(image, known[stamp]) for stamp, image in by_stamp(images).items() if stamp in known]

    assert graph.spin_until(lambda: len(pairs()) > RATE), graph.logs()
    for image, info in pairs():
        assert (info.width, info.height) == (image.width, image.height) == (60, 40)
        # 90 degrees over the whole width of the recording: its focal length is half of that
        assert info.k[0] == pytest.approx(WIDTH / 2 * zoom)
        # column 30 shows the recording's column that its grey tells; the axis goes through the middle one
        shown = float(msg_to_image(image)[0, 30, 0])
        assert info.k[2] == pytest.approx(30 + ((WIDTH - 1) / 2 - shown) * zoom, abs=error_px)
    assert len({info.k[2] for _, info in pairs()}) > 3


def test_images_are_compressed_only_for_those_who_ask(graph, numbered, monkeypatch):
    made = []
    compress = camera_node.image_to_compressed_msg
    monkeypatch.setattr(camera_node, "image_to_compressed_msg", lambda *given: made.append(1) or compress(*given))
    rclpy.init(args=[], domain_id=graph.domain)
    arguments = [
        "--ros-args",
        "-r",
        "__ns:=/r1/front",
        "-p",
        f"source:={numbered}",
        "-p",
        "rate:=20.0",
        "-p",
        "loop:=true",
    ]
    node = camera_node.CameraNode(cli_args=arguments)
    try:
        node.start()
        images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
        assert graph.spin_until(lambda: len(images) > 3)
        assert not made
        jpegs = graph.collect(topics.COMPRESSED.type, "/r1/front/image_raw/compressed")
        assert graph.spin_until(lambda: bool(jpegs))
        assert compressed_msg_to_image(jpegs[0]).shape == (48, 64, 3)
        assert jpegs[0].header.frame_id == "r1/front_optical"
    finally:
        node.close()
        rclpy.shutdown()


def test_the_end_is_reported_and_the_node_lives_on(graph, numbered):
    process = graph.start_node("camera_node", "/r1/front", source=numbered, rate=RATE, autostart=False)
    said = graph.said_by("/r1/front/camera_node")
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    assert graph.spin_until(lambda: bool(said())), graph.logs()
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_CONFIGURE)
    assert graph.spin_until(lambda: graph.node.count_publishers("/r1/front/image_raw") == 1)
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: any("has ended; set loop to repeat it" in text for text in said())), graph.logs()
    assert process.poll() is None
    assert len(images) <= COUNT

    # activated again it starts again
    images.clear()
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_DEACTIVATE)
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: bool(images)), graph.logs()


def test_the_end_stays_on_diagnostics(domain, numbered, monkeypatch):
    # what was said once is long forgotten when somebody looks
    monkeypatch.setattr(health, "PROBLEM_SHOWN_S", 0.2)
    monkeypatch.setattr(camera_node, "SILENT_RETRY_S", 0.05)
    rclpy.init(args=[], domain_id=domain)
    arguments = ["--ros-args", "-r", "__ns:=/r1/front", "-p", f"source:={numbered}", "-p", "rate:=100.0"]
    node = camera_node.CameraNode(cli_args=arguments)
    try:
        node.start()

        def told():
            end = time.monotonic() + 30
            while time.monotonic() < end:
                if "has ended" in node.health.status("active", "").status[0].message:
                    return True
                time.sleep(0.02)
            return False

        assert told()
        time.sleep(0.5)
        assert told()
    finally:
        node.close()
        rclpy.shutdown()


def test_a_missing_source_keeps_the_node_unconfigured_until_it_is_there(graph, tmp_path):
    folder = tmp_path / "later"
    process = graph.start_node("camera_node", "/r1/front", source=folder, rate=RATE, loop=True)
    said = graph.said_by("/r1/front/camera_node")
    assert graph.spin_until(lambda: any(f"'{folder}' does not exist" in text for text in said())), graph.logs()
    assert process.poll() is None
    assert not graph.change_state("/r1/front/camera_node", Transition.TRANSITION_CONFIGURE)

    write_images(folder, [np.zeros((48, 64, 3), np.uint8)])
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_CONFIGURE)
    assert graph.change_state("/r1/front/camera_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: bool(images)), graph.logs()


def test_a_folder_needs_a_rate(graph, numbered):
    graph.start_node("camera_node", "/r1/front", source=numbered)
    said = graph.said_by("/r1/front/camera_node")
    assert graph.spin_until(lambda: any("has none of its own; set the images per second" in text for text in said()))


def test_a_damaged_image_costs_only_itself(graph, numbered):
    (numbered / "2.png").write_bytes(b"no image")
    graph.start_node("camera_node", "/r1/front", source=numbered, rate=RATE, loop=True)
    said = graph.said_by("/r1/front/camera_node")
    images = graph.collect(topics.IMAGE.type, "/r1/front/image_raw")
    assert graph.spin_until(lambda: {number_of(message) for message in images} == {0, 1, 3, 4}), graph.logs()
    assert graph.spin_until(lambda: any("2.png' cannot be decoded" in text for text in said())), said()
