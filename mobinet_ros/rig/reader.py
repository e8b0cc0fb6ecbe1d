"""Reads a rig file into its records. docs/rig.md describes the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mobinet.errors import SettingsError
from mobinet.lined_yaml import LinedDict, load_lined_yaml
from mobinet_ros.environment import share_path
from mobinet_ros.rig.parameters import check_parameters
from mobinet_ros.rig.schema import (
    CAMERA_TYPES,
    COLOUR,
    EVENTS,
    OPTIONAL_STAGES,
    RIG_VERSION,
    STAGES,
    CameraRig,
    Rig,
    RobotRig,
)
from mobinet_ros.rig.values import (
    check_keys,
    check_name,
    existing_file,
    expand,
    is_number,
    pose_of,
    resolved_path,
    section_of,
    string_of,
)
from mobinet_ros.rig.world_rig import RigWorld, check_robots, read_world

_RIG_KEYS = ("rig_version", "world", "sim", "models", "defaults", "robots", "viewer", "remappings")
LONGEST_START_S = 20.0
# what a world alone is seen with: networks that were trained in such worlds, and thresholds on their scale of scores
STAGES_OF_WORLD: Mapping[str, Mapping[str, Any]] = {
    "detector": {"model": "street-detector", "score_threshold": 0.4},
    "event_detector": {"model": "movers", "camera_motion": "tf"},
    # tf of a simulated robot is published for every image, before it
    "tracker": {"high_score": 0.5, "new_track_score": 0.55, "camera_motion": "tf"},
    "reid": {"model": "street-embedder"},
}
"""A world that is run alone begins after so long at the latest, whoever is missing."""
_ROBOT_KEYS = ("pose", "cameras", "remappings", *STAGES)
_EVENT_CAMERA_KEYS = ("type", "source", "topic", "info_topic", "calibration", "mount")
_CAMERA_KEYS = (*_EVENT_CAMERA_KEYS, "window", "sister")
# of each type of camera: where the defaults are, and what the parameters are checked against
CAMERA_SECTIONS: Mapping[str, str] = {COLOUR: "camera", EVENTS: "event_camera"}
_NETWORK_KEYS = ("model", "network", "head")
_WINDOW_KEYS = ("width", "height", "path")


def load_rig(path: str | Path) -> Rig:
    """The rig that a YAML file describes.

    Raises:
        SettingsError: the file is missing or not YAML, a key is unknown or there twice, a value has the wrong type, an
            environment variable is not set, a file that it names is missing. The message names file, line and key.
    """
    file = find_rig(path)
    content = load_lined_yaml(file)
    if "world_version" in content:
        content = _rig_of_world(content)
    _expand_all(content)
    check_keys(content, _RIG_KEYS, "rig")
    if content.get("rig_version") != RIG_VERSION:
        raise SettingsError(
            f"{content.where('rig_version')}: rig_version: expected {RIG_VERSION}, got {content.get('rig_version')!r}"
        )
    viewer = section_of(content, "viewer")
    check_parameters("viewer", viewer)
    reader = _RigReader(file.parent, content)
    if "world" in content:
        world = read_world(content, file.parent)
        return Rig(file, reader.robots_of_world(world), dict(viewer), str(world.path), _sim_parameters(content))
    if "sim" in content:
        raise SettingsError(f"{content.where('sim')}: sim: expected a 'world' beside it; name one, or remove 'sim'")
    return Rig(file, reader.robots(), dict(viewer))


def find_rig(path: str | Path) -> Path:
    """The absolute path of a rig: of the file ``path``, or by its name one that is shipped, or a shipped world."""
    file = Path(path).expanduser()
    if file.suffix or len(file.parts) > 1 or file.exists():
        return file.resolve()
    from mobinet.sim.world_file import find_world, scenario_names

    shipped = share_path(f"config/rigs/{file}.yaml")
    if shipped.is_file():
        return shipped.resolve()
    rigs = sorted(rig.stem for rig in shipped.parent.glob("*.yaml"))
    names = sorted({*rigs, *scenario_names()})
    if str(file) not in names:
        raise SettingsError(f"rig '{file}': expected a YAML file or a name that is shipped: {', '.join(names)}")
    return find_world(str(file)).resolve()


def _rig_of_world(world: LinedDict) -> LinedDict:
    """With the networks that were trained in such worlds; it begins when the robots look at it."""
    rig, sim, defaults = (LinedDict(world.file, 1) for _ in range(3))
    sim["wait"] = LONGEST_START_S
    for stage, values in STAGES_OF_WORLD.items():
        defaults[stage] = LinedDict(world.file, 1)
        defaults[stage].update(values)
    rig.update(rig_version=RIG_VERSION, world=world.file, sim=sim, defaults=defaults)
    return rig


def _sim_parameters(content: LinedDict) -> dict[str, Any]:
    section = section_of(content, "sim")
    if "world" in section:
        raise SettingsError(f"{section.where('world')}: sim: 'world' stands beside 'sim', not in it; move it")
    if section:
        check_parameters("sim", section)
    return dict(section)


class _RigReader:
    """What the sections of one file share: its folder, its models, its defaults."""

    def __init__(self, folder: Path, content: LinedDict) -> None:
        self._folder = folder
        self._content = content
        models = section_of(content, "models")
        self._models = {name: self._model_path(models, name) for name in models}
        self._defaults = section_of(content, "defaults")
        check_keys(self._defaults, (*CAMERA_SECTIONS.values(), *STAGES), "defaults")
        self._remappings = _remappings(content)

    def robots(self) -> tuple[RobotRig, ...]:
        section = section_of(self._content, "robots")
        if not section:
            raise SettingsError(f"{self._content.where('robots')}: robots: expected at least one robot")
        return tuple(self._robot(section, name) for name in section)

    def robots_of_world(self, world: RigWorld) -> tuple[RobotRig, ...]:
        """The world's robots with its cameras; the file only sets their stages."""
        for key in CAMERA_SECTIONS.values():
            if key in self._defaults:
                raise SettingsError(
                    f"{self._defaults.where(key)}: defaults: '{key}' is for cameras that are opened here, those of a "
                    "world are in the world file; remove it"
                )
        section = section_of(self._content, "robots")
        check_robots(section, world.cameras)
        robots = []
        for name, cameras in world.cameras.items():
            own = section_of(section, name)
            check_keys(own, _ROBOT_KEYS, f"robot '{name}'")
            remappings = self._remappings + _remappings(own)
            own_clock = name in world.own_clocks
            robots.append(RobotRig(name, None, cameras, self._stages(own), remappings, own_clock, world.radio))
        return tuple(robots)

    def _robot(self, robots: LinedDict, name: str) -> RobotRig:
        check_name(robots, name, "robot")
        section = section_of(robots, name)
        check_keys(section, _ROBOT_KEYS, f"robot '{name}'")
        cameras_section = section_of(section, "cameras")
        if not cameras_section:
            raise SettingsError(f"{section.where('cameras')}: robot '{name}': cameras: expected at least one camera")
        cameras = tuple(self._camera(cameras_section, camera) for camera in cameras_section)
        _check_sisters(cameras_section, cameras)
        remappings = self._remappings + _remappings(section)
        return RobotRig(name, pose_of(section, "pose"), cameras, self._stages(section), remappings)

    def _camera(self, cameras: LinedDict, name: str) -> CameraRig:
        check_name(cameras, name, "camera")
        section = section_of(cameras, name)
        kind = _type_of(section)
        stage = CAMERA_SECTIONS[kind]
        defaults = section_of(self._defaults, stage)
        own_keys = _CAMERA_KEYS if kind == COLOUR else _EVENT_CAMERA_KEYS
        values: dict[str, Any] = {}
        for part in (defaults, section):
            plain = {key: value for key, value in part.items() if key not in own_keys}
            check_parameters(stage, part, ignore=own_keys)
            values |= plain | _window_parameters(part)
        source = string_of(section, "source") or string_of(defaults, "source")
        topic = string_of(section, "topic")
        if source and topic:
            raise SettingsError(
                f"{section.where('topic')}: camera '{name}': give 'source' (opened here) or 'topic' (a driver "
                "publishes it), not both"
            )
        calibrated = section if "calibration" in section else defaults
        calibration = string_of(calibrated, "calibration")
        return CameraRig(
            name=name,
            source=resolved_path(source, self._folder),
            topic=topic,
            info_topic=string_of(section, "info_topic"),
            calibration=existing_file(calibration, self._folder, calibrated.where("calibration"))
            if calibration
            else "",
            mount=pose_of(section if "mount" in section else defaults, "mount"),
            parameters=values,
            type=kind,
            sister=string_of(section, "sister") if kind == COLOUR else "",
        )

    def _stages(self, robot: LinedDict) -> dict[str, Mapping[str, Any]]:
        return {stage: values for stage in STAGES if (values := self._stage(robot, stage)) is not None}

    def _stage(self, robot: LinedDict, stage: str) -> Mapping[str, Any] | None:
        """Parameters of a stage, the robot's over the defaults; ``None`` when it is off.

        ``false`` switches it off; an optional one is off unless it is named, ``true`` switches it on.
        """
        values: dict[str, Any] = {}
        is_named = stage in robot or stage in self._defaults
        if robot.get(stage, self._defaults.get(stage)) is False or (stage in OPTIONAL_STAGES and not is_named):
            return None
        for part in (self._defaults, robot):
            if part.get(stage) is False or (stage in OPTIONAL_STAGES and part.get(stage) is True):
                continue
            section = section_of(part, stage)
            check_parameters(stage, section)
            values |= section
            for key in section.keys() & set(_NETWORK_KEYS):
                values[key] = self._model(section, key)
        return values

    def _model(self, section: LinedDict, key: str) -> str:
        """A name of the rig's ``models``, a file, or a word that the node knows (a zoo name, 'hog')."""
        text = string_of(section, key)
        if text in self._models:
            return self._models[text]
        return self._model_path(section, key)

    def _model_path(self, section: LinedDict, key: str) -> str:
        text = string_of(section, key)
        looks_like_file = "/" in text or text.endswith(".onnx")
        return existing_file(text, self._folder, section.where(key)) if looks_like_file else text


def _check_sisters(section: LinedDict, cameras: tuple[CameraRig, ...]) -> None:
    """Raises SettingsError where a sister is no event camera of the robot, or that of two cameras."""
    free = [camera.name for camera in cameras if camera.type == EVENTS]
    for camera in cameras:
        if not camera.sister:
            continue
        if camera.sister not in free:
            own = section_of(section, camera.name)
            raise SettingsError(
                f"{own.where('sister')}: camera '{camera.name}': sister: expected an event camera of this robot "
                f"that is no other's, got '{camera.sister}'; there is {', '.join(free) or 'none (type: events)'}"
            )
        free.remove(camera.sister)


def _type_of(camera: LinedDict) -> str:
    kind = string_of(camera, "type") or COLOUR
    if kind not in CAMERA_TYPES:
        raise SettingsError(f"{camera.where('type')}: type: expected one of {', '.join(CAMERA_TYPES)}, got '{kind}'")
    return kind


def _window_parameters(camera: LinedDict) -> dict[str, Any]:
    """The flat parameters of ``camera_node`` for ``window: {width, height, path: [[time, x, y, zoom], ...]}``."""
    if "window" not in camera:
        return {}
    window = section_of(camera, "window")
    check_keys(window, _WINDOW_KEYS, "window")
    parameters: dict[str, Any] = {f"window_{key}": window[key] for key in ("width", "height") if key in window}
    if "path" in window:
        path = window["path"]
        if not isinstance(path, list) or not all(_is_keyframe(frame) for frame in path):
            raise SettingsError(
                f"{window.where('path')}: path: expected a list of [time, x, y, zoom], got {path!r}; seconds and pixels"
            )
        parameters["window_path"] = [float(value) for frame in path for value in frame]
    return parameters


def _is_keyframe(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(is_number(item) for item in value)


def _remappings(section: LinedDict) -> tuple[tuple[str, str], ...]:
    rules = section_of(section, "remappings")
    return tuple((name, string_of(rules, name)) for name in rules)


def _expand_all(value: Any) -> None:
    """Replaces environment variables in every text of the file, in place."""
    if isinstance(value, LinedDict):
        for key, item in value.items():
            value[key] = expand(item, value.where(key)) if isinstance(item, str) else item
            _expand_all(item)
    elif isinstance(value, list):
        for item in value:
            _expand_all(item)
