"""The tracker as a process that two cameras feed: one with images, and an event camera beside it."""

from __future__ import annotations

import numpy as np
import pytest
from tf2_msgs.msg import TFMessage

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.geometry import Transform
from mobinet.types import Detections
from mobinet_ros import topics
from mobinet_ros.conversions import (
    detections_to_msg,
    make_header,
    model_to_camera_info,
    stamp_to_ns,
    transform_to_msg,
)
from mobinet_ros.sister import SistersSettings

CAMERA, SISTER = "front", "dvs"
MODELS = {CAMERA: CameraModel.pinhole(640, 480, np.radians(80)), SISTER: CameraModel.pinhole(320, 240, np.radians(80))}


class TwoCameras:
    """What two cameras and their detectors publish, and the tracks that come back."""

    def __init__(self, graph) -> None:
        graph.start_node("tracker_node", "/r1", cameras=f"[{CAMERA}]", sisters=f"[{CAMERA}={SISTER}]")
        make = graph.node.create_publisher
        self.graph = graph
        self.found = {
            name: make(topics.DETECTIONS.type, f"/r1/{name}/detections", topics.DETECTIONS.qos) for name in MODELS
        }
        self.infos = {
            name: make(topics.CAMERA_INFO.type, f"/r1/{name}/camera_info", topics.CAMERA_INFO.qos) for name in MODELS
        }
        self._latched = make(TFMessage, "/tf_static", topics.TF_STATIC.qos)
        self._told = graph.collect(topics.TRACKS.type, f"/r1/{CAMERA}/tracks")
        self.start_ns = graph.node.get_clock().now().nanoseconds
        self._latched.publish(
            TFMessage(
                transforms=[
                    transform_to_msg(Transform(np.eye(3), np.array([x, 0, 0])), "r1/base", f"r1/{name}_optical", 1)
                    for name, x in ((CAMERA, 0.0), (SISTER, 0.001))
                ]
            )
        )
        heard = [*self.found.values(), *self.infos.values()]
        assert graph.spin_until(lambda: all(each.get_subscription_count() for each in heard)), graph.logs()
        # what comes before the calibration is known is dropped: empty ones, until the sister's are answered
        steps = iter(range(-200, -100))
        assert any(self._is_answered(step) for step in steps), graph.logs()

    def _is_answered(self, step: int) -> bool:
        for name, model in MODELS.items():
            self.infos[name].publish(model_to_camera_info(model, self.header(name, step)))
        self.graph.spin_for(0.1)
        self.detect(SISTER, step)
        return self.graph.spin_until(lambda: bool(self._told), 0.6)

    def header(self, name: str, step: int):
        return make_header(self.start_ns + step * 50_000_000, f"r1/{name}_optical")

    def detect(self, name: str, step: int, *lefts: float, class_name: str = "") -> None:
        """Boxes of 40 x 100 pixels of the camera with images; its sister has half as many pixels."""
        boxes = np.array([[left, 100, left + 40, 200] for left in lefts], np.float32).reshape(-1, 4)
        boxes *= MODELS[name].width / MODELS[CAMERA].width
        found = Detections(boxes, np.full(len(boxes), 0.9, np.float32), (class_name,) * len(boxes))
        self.found[name].publish(detections_to_msg(found, self.header(name, step)))

    @property
    def tracks(self) -> dict[tuple[int, str], list]:
        """The messages for what was detected since the start, by number of the step and frame."""
        since = [(round((stamp_to_ns(msg.header.stamp) - self.start_ns) / 5e7), msg) for msg in self._told]
        return {(step, msg.header.frame_id): list(msg.tracks) for step, msg in since if step >= 0}

    def wait(self, count: int) -> None:
        assert self.graph.spin_until(lambda: len(self.tracks) >= count), self.graph.logs()


def test_events_keep_a_track_alive_when_the_images_show_nothing(graph):
    cameras = TwoCameras(graph)
    # ten images a second until the light goes out after half a second, events go on; both of one time, too
    for step in range(40):
        if step % 2 == 0:
            cameras.detect(CAMERA, step, *([100 + 2 * step] if step < 10 else []), class_name="person")
            cameras.graph.spin_for(0.02)
        cameras.detect(SISTER, step, 100 + 2 * step)
        cameras.wait(step + 1)
    frames = {frame for _, frame in cameras.tracks}
    assert frames == {f"r1/{CAMERA}_optical"}
    (last,) = cameras.tracks[39, f"r1/{CAMERA}_optical"]
    assert (last.detection.id, last.detection.results[0].hypothesis.class_id) == ("1", "person")
    assert last.state == last.CONFIRMED
    assert abs(last.detection.bbox.center.position.x - (120 + 2 * 39)) < 3


def test_images_that_come_behind_newer_events_are_told_as_of_their_own_time(graph):
    cameras = TwoCameras(graph)
    for step in range(0, 6):
        cameras.detect(SISTER, step, 100)
        cameras.wait(step + 1)
    cameras.detect(CAMERA, 4, 100, class_name="person")
    cameras.graph.spin_for(0.3)
    cameras.detect(SISTER, 6, 100)
    cameras.wait(7)
    frame = f"r1/{CAMERA}_optical"
    classes = {step: cameras.tracks[step, frame][0].detection.results[0].hypothesis.class_id for step in (3, 4, 6)}
    assert classes == {3: "", 4: "person", 6: "person"}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (("front",), "expected CAMERA=SISTER"),
        (("front=",), "expected CAMERA=SISTER"),
        (("front=dvs", "rear=dvs"), "'dvs' is in two pairs"),
    ],
)
def test_pairs_that_cannot_be_are_refused(pairs, message):
    with pytest.raises(SettingsError, match=message):
        SistersSettings(pairs)


def test_pairs_are_of_cameras_that_the_node_serves_and_of_sisters_that_it_does_not():
    pairs = SistersSettings(("front=dvs",))
    assert pairs.by_camera(("front", "rear")) == {"front": "dvs"}
    with pytest.raises(SettingsError, match="'front' is none of the cameras rear"):
        pairs.by_camera(("rear",))
    with pytest.raises(SettingsError, match="'dvs' is in 'cameras' too"):
        pairs.by_camera(("front", "dvs"))
