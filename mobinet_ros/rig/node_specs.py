"""From a rig to the nodes and processes that run it: plain records, made without ROS and without launch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mobinet.errors import SettingsError
from mobinet_ros.rig.schema import EVENTS, STAGES, CameraRig, Rig, RobotRig

# REP 103: the body frame has x forward and z up, the optical frame z forward and y down
BODY2OPTICAL_RPY = (-math.pi / 2, 0.0, -math.pi / 2)


@dataclass(frozen=True)
class LaunchSettings:
    """What a front end is told besides the rig; the same names as nav2's launch arguments.

    Args:
        namespace: outer namespace of everything, '' for none.
        use_sim_time: nodes follow ``/clock``.
        params_file: a ROS parameter file that overrides the rig, '' for none.
        autostart: nodes configure and activate themselves.
        log_level: debug, info, warn, error or fatal.
        start_time_ns: instant (nanoseconds since the epoch) at which every recording of the rig starts, so that
            cameras in different processes show the same instant; 0 lets each camera start when it is ready.
        view: 'rerun' adds the viewer, 'none' does not.
    """

    namespace: str = ""
    use_sim_time: bool = False
    params_file: str = ""
    autostart: bool = True
    log_level: str = "info"
    start_time_ns: int = 0
    view: str = "none"


@dataclass(frozen=True)
class NodeSpec:
    """One node: what ``ros2 run`` would be given.

    Args:
        executable: in ``lib/mobinet_ros``, and module of ``mobinet_ros``.
        name, namespace: of the node; the namespace is absolute.
        parameters: bool, int, float, str or a list of one of them.
        remappings: pairs of names, from and to.
        robot: whose it is, '' for a node of the whole rig.
        params_file: overrides the parameters, '' for none.
    """

    executable: str
    name: str
    namespace: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    robot: str = ""
    params_file: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.namespace.rstrip('/')}/{self.name}"

    def ros_arguments(self) -> list[str]:
        """Arguments for the process or, as ``cli_args``, for the node; the user's file comes last and so overrides."""
        arguments = ["--ros-args", "-r", f"__node:={self.name}", "-r", f"__ns:={self.namespace}"]
        for name, value in self.parameters.items():
            arguments += ["-p", f"{name}:={parameter_text(value)}"]
        for source, target in self.remappings:
            arguments += ["-r", f"{source}:={target}"]
        if self.params_file:
            arguments += ["--params-file", self.params_file]
        return arguments


@dataclass(frozen=True)
class ProcessSpec:
    """One operating system process.

    Args:
        name: for logs and the table: 'r1' (composed) or 'r1/front/camera_node'.
        executable: in ``lib/mobinet_ros``, and module of ``mobinet_ros``.
        arguments: its command line.
        robot: whose it is, '' for the whole rig's.
        environment: variables that it gets on top of the front end's.
    """

    name: str
    executable: str
    arguments: tuple[str, ...]
    robot: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def rig_node_specs(rig: Rig, settings: LaunchSettings | None = None) -> list[NodeSpec]:
    """Every node of a rig: robot by robot, cameras first; then the nodes of the whole rig (robot '')."""
    settings = settings_for(rig, settings or LaunchSettings())
    specs = [spec for robot in rig.robots for spec in _robot_specs(robot, settings)]
    if rig.world:
        specs.append(_sim_spec(rig, settings))
    if settings.view == "rerun":
        specs.append(_viewer_spec(rig, settings))
    _check_names(specs)
    return specs


def process_specs(rig: Rig, settings: LaunchSettings | None = None, composed: bool = True) -> list[ProcessSpec]:
    """The processes of a rig: one a robot (``composed``) or one a node; a node of the whole rig has its own."""
    settings = settings_for(rig, settings or LaunchSettings())
    specs = rig_node_specs(rig, settings)
    single = [spec for spec in specs if not (composed and spec.robot)]
    containers = [_container(rig, robot, settings) for robot in rig.robots] if composed else []
    return containers + [_process(spec, settings) for spec in single]


def settings_for(rig: Rig, settings: LaunchSettings) -> LaunchSettings:
    """The settings as they hold for this rig: on a simulated world every node follows the world's clock."""
    return replace(settings, use_sim_time=True, start_time_ns=0) if rig.world else settings


def parameter_text(value: Any) -> str:
    """YAML of a parameter's value that keeps its type: texts quoted, a list of numbers of one type, never empty."""
    if isinstance(value, (list, tuple)):
        items = list(value)
        if not items:
            return '[""]'  # ROS gives an empty list no type; our nodes drop empty texts
        if any(isinstance(item, float) for item in items):
            items = [float(item) for item in items]
        return "[" + ", ".join(parameter_text(item) for item in items) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    return json.dumps(value)


def join_namespace(*parts: str) -> str:
    """``('', 'r1', 'front')`` to ``/r1/front``."""
    return "/" + "/".join(part.strip("/") for part in parts if part.strip("/"))


def _robot_specs(robot: RobotRig, settings: LaunchSettings) -> list[NodeSpec]:
    specs = [_camera_spec(robot, camera, settings) for camera in robot.cameras if not camera.topic and camera.source]
    namespace = join_namespace(settings.namespace, robot.name)
    remappings = robot.remappings + tuple(pair for camera in robot.cameras for pair in _driver_remappings(camera))
    if robot.own_clock:
        remappings += (("/clock", f"{namespace}/clock"),)
    for stage, parameters in robot.stages.items():
        cameras = [camera.name for camera in robot.cameras_of(stage)]
        if not cameras:
            continue
        own: dict[str, Any] = {} if stage in _WITHOUT_CAMERAS else {"cameras": cameras}
        if stage == "ptz":
            own["camera"] = cameras[0]
        if stage == "tracker" and robot.sisters():
            own["sisters"] = list(robot.sisters())
        if stage == "cooperation":
            own["robot"] = robot.name
            if robot.own_radio:
                own["peers_topic"] = f"{namespace}/radio"
        name = STAGES[stage]
        specs.append(_spec(name, namespace, {**own, **parameters}, remappings, robot.name, settings))
    transforms = _static_transforms(robot)
    if transforms:
        parameters = {"transforms": transforms}
        specs.append(_spec("static_tf_node", namespace, parameters, robot.remappings, robot.name, settings))
    return specs


_WITHOUT_CAMERAS = ("marker", "ptz")


def _camera_spec(robot: RobotRig, camera: CameraRig, settings: LaunchSettings) -> NodeSpec:
    parameters: dict[str, Any] = {"source": camera.source, "frame_id": f"{robot.name}/{camera.name}_optical"}
    if camera.calibration:
        parameters["calibration"] = camera.calibration
    if settings.start_time_ns:
        parameters["start_time"] = settings.start_time_ns / 1e9
    namespace = join_namespace(settings.namespace, robot.name, camera.name)
    node = "event_file_node" if camera.type == EVENTS else "camera_node"
    return _spec(node, namespace, {**parameters, **camera.parameters}, robot.remappings, robot.name, settings)


def _sim_spec(rig: Rig, settings: LaunchSettings) -> NodeSpec:
    """It makes the time that the others follow, so it goes by the machine's own."""
    own = replace(settings, use_sim_time=False)
    return _spec("sim_node", join_namespace(settings.namespace), {"world": rig.world, **rig.sim}, (), "", own)


def _viewer_spec(rig: Rig, settings: LaunchSettings) -> NodeSpec:
    cameras = [f"{robot.name}/{camera.name}" for robot in rig.robots for camera in robot.cameras]
    parameters = {"robots": [robot.name for robot in rig.robots], "cameras": cameras, **rig.viewer}
    remappings = tuple(
        pair for robot in rig.robots for camera in robot.cameras for pair in _driver_remappings(camera, robot.name)
    )
    return _spec("viewer_node", join_namespace(settings.namespace), parameters, remappings, "", settings)


def _spec(
    executable: str,
    namespace: str,
    parameters: Mapping[str, Any],
    remappings: tuple[tuple[str, str], ...],
    robot: str,
    settings: LaunchSettings,
) -> NodeSpec:
    common: dict[str, Any] = {"autostart": settings.autostart}
    if settings.use_sim_time:
        common["use_sim_time"] = True
    return NodeSpec(
        executable, executable, namespace, {**common, **parameters}, remappings, robot, settings.params_file
    )


def _driver_remappings(camera: CameraRig, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Leads ``front/image_raw`` and its companions to where the camera's driver, or event_renderer_node, publishes."""
    own = f"{prefix}/{camera.name}" if prefix else camera.name
    pictures = ((f"{own}/image_raw", f"{own}/event_image"),) if camera.type == EVENTS else ()
    if not camera.topic:
        return pictures
    pairs = {f"{own}/image_raw": camera.topic, f"{own}/image_raw/compressed": f"{camera.topic}/compressed"}
    if camera.type == EVENTS:
        pairs = {f"{own}/events": camera.topic}
    pairs[f"{own}/camera_info"] = camera.info_topic or camera.topic.rpartition("/")[0] + "/camera_info"
    return (*pictures, *((name, _below(prefix, topic)) for name, topic in pairs.items()))


def _below(prefix: str, topic: str) -> str:
    return topic if topic.startswith("/") or not prefix else f"{prefix}/{topic}"


def _static_transforms(robot: RobotRig) -> list[str]:
    """Lines ``parent child x y z roll pitch yaw``."""
    base = f"{robot.name}/base_link"
    lines = [] if robot.pose is None else [_transform("map", base, robot.pose)]
    for camera in robot.cameras:
        if camera.mount is not None:
            body = f"{robot.name}/{camera.name}"
            lines += [_transform(base, body, camera.mount)]
            lines += [_transform(body, f"{body}_optical", (0.0, 0.0, 0.0, *BODY2OPTICAL_RPY))]
    return lines


def _transform(parent: str, child: str, pose: tuple[float, ...]) -> str:
    return " ".join([parent, child, *(repr(value) for value in pose)])


def _container(rig: Rig, robot: RobotRig, settings: LaunchSettings) -> ProcessSpec:
    arguments = ["--rig", str(rig.path), "--robot", robot.name, *settings_arguments(settings)]
    return ProcessSpec(robot.name, "container", tuple(arguments), robot.name)


def settings_arguments(settings: LaunchSettings) -> list[str]:
    """The container's command line for these settings; ``container.parse`` reads it."""
    arguments = ["--use-sim-time", _word(settings.use_sim_time), "--autostart", _word(settings.autostart)]
    arguments += ["--log-level", settings.log_level]
    if settings.params_file:
        arguments += ["--params-file", settings.params_file]
    if settings.namespace:
        arguments += ["--namespace", settings.namespace]
    if settings.start_time_ns:
        arguments += ["--start-time-ns", str(settings.start_time_ns)]
    return arguments


def _process(spec: NodeSpec, settings: LaunchSettings) -> ProcessSpec:
    arguments = (*spec.ros_arguments(), "--log-level", settings.log_level)
    return ProcessSpec(spec.full_name.strip("/"), spec.executable, arguments, spec.robot)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _check_names(specs: list[NodeSpec]) -> None:
    """ROS lets two nodes of one name run side by side, and both then answer the same services."""
    seen: set[str] = set()
    for spec in specs:
        if spec.full_name in seen:
            raise SettingsError(f"two nodes are called {spec.full_name}; rename the robot or the camera")
        seen.add(spec.full_name)
