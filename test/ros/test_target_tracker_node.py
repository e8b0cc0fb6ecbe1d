"""One object followed over the real middleware: chosen in every way, cancelled, replaced, refused, stopped."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PointStamped
from lifecycle_msgs.msg import Transition
from mobinet_ros.action import TrackTarget
from onnx import TensorProto, helper, numpy_helper
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient

from mobinet.boxes import iou_matrix
from mobinet.types import Identity, TargetState, Track, TrackKey, TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import (
    box_to_msg,
    identities_to_msg,
    make_header,
    msg_to_target,
    ns_to_duration,
    ns_to_stamp,
    stamp_to_ns,
    tracks_to_msg,
)
from mobinet_ros.image_conversions import ImageMessageFactory

Goal, Result = TrackTarget.Goal, TrackTarget.Result
SIDE = 40
PATCH = np.random.default_rng(1).integers(0, 256, (SIDE // 8, SIDE // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
EMPTY = np.random.default_rng(2).integers(120, 136, (240, 320, 3), np.uint8)
TRACK_IDS = {"front": 7, "rear": 3}
NODE = "/r1/target_tracker_node"


def onnx_file(path: Path, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], **numbers: float) -> None:
    tables = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in table.items()]
        for table in (inputs, outputs)
    ]
    constants = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in numbers.items()]
    graph = helper.make_graph(nodes, path.stem, *tables, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8), path)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A siamese network without training: it correlates how the colours of 8 x 8 pixels differ from those around."""
    node, folder = helper.make_node, tmp_path_factory.mktemp("network")
    backbone = [
        node("AveragePool", ["image"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        node("AveragePool", ["cells"], ["around"], kernel_shape=[7, 7], pads=[3, 3, 3, 3]),
        node("Sub", ["cells", "around"], ["contrast"]),
        node("Concat", ["contrast", "contrast"], ["features"], axis=1),  # three channels would pass for an image
    ]
    onnx_file(folder / "match.onnx", backbone, {"image": (1, 3, "h", "w")}, {"features": (1, 6, "hf", "wf")})
    head = [
        node("Mul", ["z", "z"], ["squares"]),
        node("ReduceSum", ["squares"], ["power"], keepdims=1),
        node("Conv", ["x", "z"], ["correlation"]),
        node("Div", ["correlation", "power"], ["match"]),
        node("Mul", ["match", "ten"], ["steep"]),
        node("Sub", ["steep", "five"], ["score"]),
        # a square target is half as wide as its crop of 127 pixels
        node("Mul", ["score", "zero"], ["nothing"]),
        node("Add", ["nothing", "quarter"], ["side"]),
        node("Concat", ["side", "side", "side", "side"], ["sides"], axis=1),
    ]
    inputs, outputs = {"z": (1, 6, 15, 15), "x": (1, 6, 31, 31)}, {"score": (1, 1, 17, 17), "sides": (1, 4, 17, 17)}
    onnx_file(folder / "head.onnx", head, inputs, outputs, ten=10.0, five=5.0, zero=0.0, quarter=127 / 4)
    (folder / "match.yaml").write_text("{head: head.onnx, stride: 8}\n")
    return folder / "match.onnx"


class Scene:
    """A patch that moves back and forth before a camera of r1, as identity r2-9: track 7 in front, 3 in the rear."""

    def __init__(self, graph: Any) -> None:
        node = graph.node

        def publisher(topic: topics.Topic, namespace: str) -> Any:
            return node.create_publisher(topic.type, f"{namespace}/{topic.name}", topic.qos)

        self._images = {camera: publisher(topics.IMAGE, f"/r1/{camera}") for camera in TRACK_IDS}
        self._tracks = {camera: publisher(topics.TRACKS, f"/r1/{camera}") for camera in TRACK_IDS}
        self._identities = publisher(topics.IDENTITIES, "/r1")
        self._factory = ImageMessageFactory()
        self._number = 0
        self.boxes: dict[int, np.ndarray] = {}
        self.where = "front"
        # instead of the scene; an empty list for no image at all
        self.shown: np.ndarray | list[Any] | None = None
        node.create_timer(0.05, self._publish)

    def _publish(self) -> None:
        self._number += 1
        x, y = 60 + round(50 * np.sin(self._number / 15)), 90
        stamp_ns = time.time_ns()
        self.boxes[stamp_ns] = np.array([x, y, x + SIDE, y + SIDE], np.float64)
        for camera in TRACK_IDS:
            self._publish_camera(camera, stamp_ns, x, y)
        keys = (TrackKey("r1", self.where, TRACK_IDS[self.where]),) if self.where else ()
        eye = np.eye(3)
        identity = Identity("r2-9", ("r1-3",), "thing", 0.9, np.zeros(3), eye, np.zeros(3), eye, keys, 0, stamp_ns)
        self._identities.publish(identities_to_msg([identity], make_header(stamp_ns, "map")))

    def _publish_camera(self, camera: str, stamp_ns: int, x: int, y: int) -> None:
        image, tracks = EMPTY.copy(), []
        if self.shown is not None:
            if len(self.shown):
                header = make_header(stamp_ns, f"r1/{camera}_optical")
                self._images[camera].publish(self._factory.fill(self.shown, header))
            return
        if camera == self.where:
            image[y : y + SIDE, x : x + SIDE] = PATCH
            box, still = self.boxes[stamp_ns].astype(np.float32), np.zeros(2, np.float32)
            one = Track(TRACK_IDS[camera], box, 0.9, "thing", TrackState.CONFIRMED, still, stamp_ns, stamp_ns, 0)
            tracks.append(one)
        header = make_header(stamp_ns, f"r1/{camera}_optical")
        self._images[camera].publish(self._factory.fill(image, header))
        self._tracks[camera].publish(tracks_to_msg(tracks, header))


class Follow:
    """Sends goals to the node and keeps what comes back."""

    def __init__(self, graph: Any, network: Path, **parameters: Any) -> None:
        parameters = {"cameras": "[front]", "network": network, **parameters}
        graph.start_node("target_tracker_node", "/r1", **parameters)
        self.graph = graph
        self.scene = Scene(graph)
        self.targets = graph.collect(topics.TARGET.type, "/r1/front/target")
        self.client = ActionClient(graph.node, TrackTarget, "/r1/track_target")
        assert graph.spin_until(self.client.server_is_ready), graph.logs()
        assert graph.spin_until(lambda: bool(self.targets)), graph.logs()

    @property
    def answered(self) -> tuple[int, np.ndarray]:
        """Stamp of the newest image that the node surely has, and the patch in it."""
        stamp_ns = stamp_to_ns(self.targets[-1].header.stamp)
        return stamp_ns, self.scene.boxes[stamp_ns]

    def send(self, **fields: Any) -> tuple[Any, list[Any]]:
        """The handle of a goal, and a list that grows with its feedback."""
        feedback: list[Any] = []
        future = self.client.send_goal_async(Goal(**fields), lambda message: feedback.append(message.feedback))
        assert self.graph.spin_until(future.done), self.graph.logs()
        return future.result(), feedback

    def send_box(self, **fields: Any) -> tuple[Any, list[Any]]:
        stamp_ns, box = self.answered
        return self.send(by=Goal.BOX, camera="front", stamp=ns_to_stamp(stamp_ns), box=box_to_msg(box), **fields)

    def result(self, handle: Any) -> Any:
        """Status and result of a goal, once it has ended."""
        return self.wait_for(handle.get_result_async())

    def wait_for(self, future: Any) -> Any:
        assert self.graph.spin_until(future.done), self.graph.logs()
        return future.result()

    def is_on_patch(self, message: Any) -> bool:
        """Whether a target of a message lies on the patch of its image, with IoU above 0.6."""
        target, box = msg_to_target(message), self.scene.boxes.get(stamp_to_ns(message.header.stamp))
        if target.box is None or box is None:
            return False
        return target.state == TargetState.TRACKING and float(iou_matrix(target.box[None], box[None])[0, 0]) > 0.6

    def misses(self, target_id: str, images: int = 20) -> list[str]:
        """Of the next targets those that do not lie on the patch, or do not name what was asked for."""

        def has_begun() -> bool:
            return (
                bool(self.targets) and self.targets[-1].state != TargetState.NONE and self.targets[-1].id == target_id
            )

        assert self.graph.spin_until(has_begun), self.graph.logs()
        began = len(self.targets)
        assert self.graph.spin_until(lambda: len(self.targets) >= began + images), self.graph.logs()
        wrong = [one for one in self.targets[began:] if not self.is_on_patch(one) or one.id != target_id]
        return [f"{one.id} {msg_to_target(one)}: {self.scene.boxes[stamp_to_ns(one.header.stamp)]}" for one in wrong]


def test_a_box_is_followed_until_it_is_cancelled(graph, network):
    follow = Follow(graph, network)
    assert follow.targets[-1].state == TargetState.NONE
    graph.spin_for(1.0)
    older_ns = sorted(follow.scene.boxes)[-12]  # chosen half a second ago: followed through the images since
    box = box_to_msg(follow.scene.boxes[older_ns])
    handle, feedback = follow.send(by=Goal.BOX, camera="front", stamp=ns_to_stamp(older_ns), box=box)
    assert handle.accepted
    assert follow.misses("") == []
    assert all(follow.is_on_patch(one.target) for one in feedback)
    assert feedback[-1].camera == "front"
    cancelling = handle.cancel_goal_async()
    ended = follow.result(handle)
    assert cancelling.result().goals_canceling
    assert (ended.status, ended.result.reason) == (GoalStatus.STATUS_CANCELED, Result.CANCELLED)
    assert ended.result.images_seen == ended.result.images > 20
    assert graph.spin_until(lambda: follow.targets[-1].state == TargetState.NONE), graph.logs()


def test_the_command_follows_and_tells(graph, network):
    follow = Follow(graph, network)
    command = graph.start("mobinet.cli", "follow", "r1/front", "--track", "7")
    assert follow.misses("7") == []
    command.send_signal(signal.SIGINT)
    assert graph.spin_until(lambda: command.poll() is not None), graph.logs()
    assert command.returncode == 0
    assert " s front TRACKING " in graph.logs()
    assert "cancelled; followed for" in graph.logs()


def test_a_new_goal_replaces_the_old_one_and_a_bad_one_does_not(graph, network):
    follow = Follow(graph, network)
    first, _ = follow.send_box()
    outside = box_to_msg(np.array([400.0, 0, 440, 40]))
    for fields, reason in (
        ({"by": Goal.BOX, "box": outside}, "320 x 240"),
        ({"by": Goal.BOX, "camera": "rear"}, "theta 0"),
        ({"by": Goal.TRACK, "camera": "rear", "id": "7"}, "expected one of front"),
        ({"by": Goal.TRACK, "id": "8"}, "no track 8"),
        ({"by": Goal.IDENTITY, "id": "x"}, "known: r2-9"),
        ({"by": Goal.BOX, "box": outside, "stamp": ns_to_stamp(10**9)}, "raise frames_kept"),
        ({"by": 9}, "expected BOX"),
    ):
        handle, _ = follow.send(**fields)
        refused = follow.result(handle)
        assert (refused.status, refused.result.reason) == (GoalStatus.STATUS_ABORTED, Result.REFUSED)
        assert reason in refused.result.message
    assert follow.misses("") == []
    second, _ = follow.send(by=Goal.TRACK, id="7")
    ended = follow.result(first)
    assert (ended.status, ended.result.reason) == (GoalStatus.STATUS_ABORTED, Result.PREEMPTED)
    assert follow.misses("7") == []
    third, _ = follow.send(by=Goal.IDENTITY, id="r1-3", time_limit=ns_to_duration(1_500_000_000))
    assert follow.result(second).result.reason == Result.PREEMPTED
    assert follow.misses("r1-3") == []
    ended = follow.result(third)
    assert (ended.status, ended.result.reason) == (GoalStatus.STATUS_SUCCEEDED, Result.TIME_LIMIT)


def test_what_a_camera_does_wrong_ends_neither_target_nor_node(graph, network):
    """Black, repeated, of another size, of one pixel, none for a second: a target is told for each that comes."""
    follow = Follow(graph, network)
    follow.send_box()
    assert follow.misses("", images=5) == []
    for shape in ((240, 320, 3), (120, 160, 3), (1, 1, 3), (480, 640, 3)):
        follow.scene.shown = np.zeros(shape, np.uint8)
        began = len(follow.targets)
        assert graph.spin_until(lambda since=began: len(follow.targets) >= since + 10), graph.logs()
        assert all(one.state != TargetState.NONE for one in follow.targets[began:])
    follow.scene.shown = []
    graph.spin_for(1.0)
    follow.scene.shown = None
    began = len(follow.targets)
    assert graph.spin_until(lambda: len(follow.targets) > began + 5), graph.logs()
    follow.send(by=Goal.TRACK, id="7")
    assert follow.misses("7") == []
    assert "Traceback" not in graph.logs()


def test_a_click_chooses_what_is_under_it(graph, network):
    follow = Follow(graph, network, give_up_s=0.5)
    clicks = graph.node.create_publisher(PointStamped, "/clicked_point", 10)

    def click() -> bool:
        stamp_ns, box = follow.answered
        msg = PointStamped(header=make_header(stamp_ns, "r1/front_optical"))
        msg.point.x, msg.point.y = float(box[0]) + 5, float(box[1]) + 30
        clicks.publish(msg)
        # without tracks, which may come later than images, a click means a box around it
        return graph.spin_until(lambda: follow.targets[-1].id == "7", timeout_s=1.0)

    assert graph.spin_until(click), graph.logs()
    assert follow.misses("7") == []
    follow.scene.where = ""
    assert graph.spin_until(lambda: follow.targets[-1].state == TargetState.NONE), graph.logs()


def test_an_identity_is_handed_over_to_the_camera_that_sees_it(graph, network):
    follow = Follow(graph, network, cameras="[front, rear]", lost_after_s=0.3)
    sent: list[Any] = []

    def is_followed() -> bool:  # as soon as the node has heard of the identity
        sent[:] = follow.send(by=Goal.IDENTITY, id="r2-9")
        return graph.spin_until(lambda: bool(sent[1]), timeout_s=1.0)

    assert graph.spin_until(is_followed), graph.logs()
    handle, feedback = sent
    follow.scene.where = "rear"
    follow.targets = graph.collect(topics.TARGET.type, "/r1/rear/target")
    assert graph.spin_until(lambda: feedback[-1].camera == "rear"), graph.logs()
    assert follow.misses("r2-9") == []
    handle.cancel_goal_async()
    assert follow.result(handle).result.reason == Result.CANCELLED


def test_goals_end_with_the_life_cycle(graph, network):
    follow = Follow(graph, network)
    handle, _ = follow.send_box()
    assert follow.misses("") == []
    assert graph.change_state(NODE, Transition.TRANSITION_DEACTIVATE)
    assert follow.result(handle).result.reason == Result.STOPPED
    assert not follow.send_box()[0].accepted
    assert graph.change_state(NODE, Transition.TRANSITION_CLEANUP)
    assert graph.spin_until(lambda: not follow.client.server_is_ready())
    assert graph.change_state(NODE, Transition.TRANSITION_CONFIGURE)
    assert graph.change_state(NODE, Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(follow.client.server_is_ready)
    graph.spin_for(0.5)
    handle, _ = follow.send_box()
    assert follow.misses("") == []
    assert graph.change_state(NODE, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert graph.spin_until(lambda: not follow.client.server_is_ready())


def test_a_network_that_is_absent_is_named_with_its_cure(graph):
    said = graph.said_by(NODE)
    graph.start_node("target_tracker_node", "/r1", cameras="[front]", network="nowhere.onnx")
    assert graph.spin_until(lambda: any("nowhere.onnx" in one for one in said())), graph.logs()


def test_a_live_setting_counts_for_the_target_that_is_followed(graph, network):
    """Without corrections the state is that of the network: sure, until more is asked of it than it ever gives."""
    follow = Follow(graph, network, corrections="[]")
    follow.send_box()
    assert follow.misses("", images=5) == []
    client = graph.node.create_client(SetParameters, f"{NODE}/set_parameters")
    assert graph.spin_until(client.service_is_ready), graph.logs()
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=1.0)
    request = SetParameters.Request(parameters=[Parameter(name="uncertain_score", value=value)])
    assert follow.wait_for(client.call_async(request)).results[0].successful
    assert graph.spin_until(lambda: follow.targets[-1].state == TargetState.UNCERTAIN), graph.logs()
