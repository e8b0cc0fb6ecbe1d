"""Nodes that each have one fault, for the tests of the doctor: ``python doctor_faults.py SCENE``."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PointStamped, TransformStamped
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SECOND = 1_000_000_000


class Scene:
    """Makes nodes and runs what they do ten times a second."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.strangers: list[Node] = []
        self.work: list[Callable[[], None]] = []

    def node(self, full_name: str, **options: Any) -> Node:
        if full_name not in self.nodes:
            self.nodes[full_name] = make_node(full_name, **options)
        return self.nodes[full_name]

    def stranger(self, full_name: str) -> Node:
        """A node in a participant of its own, which only exists."""
        context = rclpy.Context()
        rclpy.init(context=context)
        self.strangers.append(make_node(full_name, context=context))
        return self.strangers[-1]

    def listen(self, node: str, kind: type, topic: str, qos: Any = 10) -> None:
        self.node(node).create_subscription(kind, topic, lambda _: None, qos)

    def publish(self, node: str, topic: str, make: Callable[[], Any], qos: Any = 10) -> None:
        publisher = self.node(node).create_publisher(type(make()), topic, qos)
        self.work.append(lambda: publisher.publish(make()))

    def camera(self, robot: str, age_ns: int = 0, stamped: bool = True, info_width: int = 8, qos: Any = 10) -> None:
        """A camera of 8x6 pixels with its camera_info; width 0 leaves that away."""

        def stamp(msg: Any) -> Any:
            msg.header.frame_id = f"{robot}/optical"
            now = time.time_ns() - age_ns if stamped else 0
            msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(now, SECOND)
            return msg

        pixels = bytes(8 * 6)
        image = Image(width=8, height=6, step=8, encoding="mono8", data=pixels)
        self.publish(f"/{robot}/camera", f"/{robot}/image_raw", lambda: stamp(image), qos)
        if info_width:
            info = CameraInfo(width=info_width, height=6, k=[9.0, 0.0, 4.0, 0.0, 9.0, 3.0, 0.0, 0.0, 1.0])
            self.publish(f"/{robot}/camera", f"/{robot}/camera_info", lambda: stamp(info))

    def transform(self, node: str, parent: str, child: str) -> None:
        msg = TransformStamped(child_frame_id=child)
        msg.header.frame_id = parent
        self.publish(node, "/tf_static", lambda: TFMessage(transforms=[msg]), LATCHED)

    def run(self) -> None:
        executor = SingleThreadedExecutor()
        for node in self.nodes.values():
            executor.add_node(node)
        next(iter(self.nodes.values())).create_timer(0.1, lambda: [work() for work in self.work])
        print("ready", flush=True)
        executor.spin()


def make_node(full_name: str, kind: type = Node, sim_time: bool = False, **options: Any) -> Node:
    namespace, name = full_name.rsplit("/", 1)
    overrides = [Parameter("use_sim_time", value=sim_time)]
    return kind(name, namespace=namespace or "/", parameter_overrides=overrides, **options)


def healthy(scene: Scene) -> None:
    """A camera on the map with somebody who looks."""
    scene.camera("r1")
    scene.listen("/r1/viewer", Image, "/r1/image_raw", BEST_EFFORT)
    scene.listen("/r1/viewer", TFMessage, "/tf_static", LATCHED)
    scene.transform("/r1/mount", "map", "r1/optical")


def faults(scene: Scene) -> None:
    """Every fault that does not disturb the others, each in a namespace of its own."""
    scene.transform("/world/mount", "map", "world/base")
    for robot in ("near", "qos", "zero", "ahead", "old", "bare", "size"):
        scene.transform("/world/mount", "world/base", f"{robot}/optical")
    scene.camera("near")
    scene.listen("/near/tracker", Image, "/near/image", BEST_EFFORT)
    scene.listen("/alone/tracker", PointStamped, "/alone/target")
    endpoints(scene)
    scene.camera("zero", stamped=False)
    scene.camera("ahead", age_ns=-5 * SECOND)
    scene.camera("old", age_ns=3600 * 24 * 900 * SECOND)
    scene.camera("bare", info_width=0)
    scene.listen("/bare/cooperation", CameraInfo, "/bare/camera_info")
    scene.camera("size", info_width=16)
    scene.camera("lost")  # whose frame no transform mentions
    scene.transform("/lost/odometry", "lost/odom", "lost/base")
    scene.transform("/lost/odometry", "lost/base", "lost/optical")
    scene.listen("/lost/cooperation", TFMessage, "/tf_static", LATCHED)
    scene.node("/quiet/camera").create_publisher(Image, "/quiet/image_raw", 10)
    scene.listen("/quiet/viewer", Image, "/quiet/image_raw")
    scene.node("/managed/detector", kind=LifecycleNode)
    scene.node("/model/detector").declare_parameter("model", "/nowhere/net.onnx")
    for key in ("first", "second"):
        scene.nodes[key] = make_node("/double/camera")
    status = DiagnosticStatus(level=DiagnosticStatus.ERROR, name="/sick/camera", message="lens cap on")
    scene.publish("/sick/camera", "/diagnostics", lambda: DiagnosticArray(status=[status]))


def endpoints(scene: Scene) -> None:
    """Pairs of endpoints that do not match."""
    scene.camera("qos", qos=BEST_EFFORT)
    scene.listen("/qos/viewer", Image, "/qos/image_raw", 10)
    scene.publish("/qos/namer", "/qos/labels", String)
    scene.listen("/qos/reader", String, "/qos/labels", LATCHED)
    scene.publish("/qos/slow", "/qos/heartbeat", String)
    scene.listen("/qos/strict", String, "/qos/heartbeat", QoSProfile(depth=1, deadline=Duration(seconds=1)))
    scene.publish("/qos/lax", "/qos/alive", String)
    manual = QoSProfile(
        depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC, liveliness_lease_duration=Duration(seconds=2)
    )
    scene.listen("/qos/watcher", String, "/qos/alive", manual)
    scene.publish("/types/talker", "/types/topic", String)
    # one participant refuses a second type on a topic
    scene.stranger("/types/listener").create_subscription(PointStamped, "/types/topic", lambda _: None, 10)
    scene.listen("/hash/old_build", String, "/hash/topic")
    with_another_hash(String, lambda: scene.stranger("/hash/new_build").create_publisher(String, "/hash/topic", 10))


def with_another_hash(kind: Any, make: Callable[[], None]) -> None:
    """Makes endpoints that announce another type hash, as one of another version of the message does.

    The type support is a C struct {identifier, data, handle function, hash function, ...}; only the hash function is
    replaced while the endpoint is made, so that what is announced is real and what is sent does not matter.
    """
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    capsule = type(kind)._TYPE_SUPPORT
    address = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    functions = (ctypes.c_void_p * 4).from_address(address)
    other_hash = (ctypes.c_uint8 * 33)(1, *[7] * 32)
    replacement = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: ctypes.addressof(other_hash))
    original, functions[3] = functions[3], ctypes.cast(replacement, ctypes.c_void_p).value
    try:
        make()
    finally:
        functions[3] = original


def mixed_time(scene: Scene) -> None:
    """A clock that one node follows and another does not, with stamps on that clock."""

    def tick() -> Clock:
        msg = Clock()
        msg.clock.sec, msg.clock.nanosec = divmod(time.time_ns() - 10**9 * SECOND, SECOND)
        return msg

    scene.publish("/simulator", "/clock", tick)
    scene.camera("sim", age_ns=10**9 * SECOND)
    scene.node("/sim/tracker", sim_time=True)
    scene.listen("/sim/viewer", Image, "/sim/image_raw")


def main() -> None:
    rclpy.init()
    scene = Scene()
    globals()[sys.argv[1]](scene)
    try:
        scene.run()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
