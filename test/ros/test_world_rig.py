"""A rig that lives in a simulated world: what the world gives, what the rig may say, what is started."""

from __future__ import annotations

from pathlib import Path

import pytest
import rclpy

from mobinet.errors import SettingsError
from mobinet.sim.world_file import scenario_names
from mobinet_ros.container import node_class
from mobinet_ros.parameters import BUILT_IN
from mobinet_ros.rig import (
    LaunchSettings,
    NodeSpec,
    Rig,
    find_rig,
    load_rig,
    process_specs,
    rig_node_specs,
    settings_for,
)
from mobinet_ros.rig.parameters import known_parameters

CAMERA = "{mount: [0, 0, 1, 0, 0, 0]}"
WORLD = f"""
world_version: 1
duration: 5
robots:
  r1: {{at: [0, 0, 0], cameras: {{front: {CAMERA}, rear: {CAMERA}}}}}
  r2: {{at: [3, 0, 0], clock: {{offset_s: 0.02}}, cameras: {{front: {CAMERA}}}}}
  r3: {{at: [6, 0, 0], cameras: {{deep: {{type: depth, mount: [0, 0, 1, 0, 0, 0]}}}}}}
  r4: {{at: [9, 0, 0]}}
"""
OUTAGE = "outages: [{robots: [r1], from: 1, until: 2}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "yard.yaml").write_text(WORLD)
    return tmp_path


def read(folder: Path, text: str = "world: yard.yaml") -> Rig:
    path = folder / "rig.yaml"
    path.write_text(f"rig_version: 1\n{text}\n")
    return load_rig(path)


def spec_of(rig: Rig, name: str, settings: LaunchSettings | None = None) -> NodeSpec:
    return {spec.full_name: spec for spec in rig_node_specs(rig, settings)}[name]


def test_robots_and_colour_cameras_are_those_of_the_world(folder: Path) -> None:
    rig = read(folder)
    cameras = {robot.name: [camera.name for camera in robot.cameras] for robot in rig.robots}
    assert cameras == {"r1": ["front", "rear"], "r2": ["front"]}  # nothing detects in depth, and r4 is blind
    assert rig.world == str(folder / "yard.yaml")


def test_event_cameras_of_the_world_are_looked_at(folder: Path) -> None:
    text = (folder / "yard.yaml").read_text().replace("deep: {type: depth,", "dvs: {type: events,")
    (folder / "yard.yaml").write_text(text)
    rig = read(folder)
    assert [(camera.name, camera.type) for camera in rig.robot("r3").cameras] == [("dvs", "events")]
    assert spec_of(rig, "/r3/event_detector_node").parameters["cameras"] == ["dvs"]


def test_one_node_of_the_world_replaces_cameras_and_fixed_transforms(folder: Path) -> None:
    rig = read(folder, "world: yard.yaml\nsim: {autostart: true}")
    executables = [spec.executable for spec in rig_node_specs(rig)]
    assert executables.count("sim_node") == 1
    assert not {"camera_node", "static_tf_node"} & set(executables)
    sim = spec_of(rig, "/fleet/sim_node", LaunchSettings(namespace="fleet", use_sim_time=True))
    assert sim.parameters["world"] == str(folder / "yard.yaml")
    assert "use_sim_time" not in sim.parameters  # it makes that time


def test_everything_else_follows_the_world_s_clock(folder: Path) -> None:
    rig = read(folder)
    specs = rig_node_specs(rig, LaunchSettings(view="rerun"))
    assert all(spec.parameters["use_sim_time"] for spec in specs if spec.executable != "sim_node")
    assert settings_for(rig, LaunchSettings(start_time_ns=5)) == LaunchSettings(use_sim_time=True)


def test_a_robot_whose_clock_errs_follows_its_own(folder: Path) -> None:
    rig = read(folder)
    settings = LaunchSettings(namespace="fleet")
    assert ("/clock", "/fleet/r2/clock") in spec_of(rig, "/fleet/r2/tracker_node", settings).remappings
    assert spec_of(rig, "/fleet/r1/tracker_node", settings).remappings == ()


def test_robots_that_can_be_out_of_contact_talk_through_the_world(folder: Path) -> None:
    assert "peers_topic" not in spec_of(read(folder), "/r1/cooperation_node").parameters
    (folder / "yard.yaml").write_text(WORLD + OUTAGE)
    rig = read(folder)
    assert [robot.own_radio for robot in rig.robots] == [True, True]
    assert spec_of(rig, "/r2/cooperation_node").parameters["peers_topic"] == "/r2/radio"


def test_the_rig_sets_the_stages(folder: Path) -> None:
    text = (
        "world: yard.yaml\ndefaults: {overlay: false}\nrobots: {r2: {detector: {score_threshold: 0.7}, marker: false}}"
    )
    rig = read(folder, text)
    assert rig.robot("r2").stages["detector"]["score_threshold"] == 0.7
    assert "score_threshold" not in rig.robot("r1").stages["detector"]
    assert (set(rig.robot("r1").stages) - set(rig.robot("r2").stages)) == {"marker"}
    assert "overlay" not in rig.robot("r1").stages


def test_composed_is_a_process_a_robot_and_one_for_the_world(folder: Path) -> None:
    processes = process_specs(read(folder), LaunchSettings())
    assert [spec.name for spec in processes] == ["r1", "r2", "sim_node"]
    separate = process_specs(read(folder), LaunchSettings(), composed=False)
    assert [spec.name for spec in separate][-1] == "sim_node"


def test_a_world_file_is_a_rig_by_itself(folder: Path) -> None:
    rig = load_rig(folder / "yard.yaml")
    assert (rig.path, rig.world) == (folder / "yard.yaml", str(folder / "yard.yaml"))
    assert [robot.name for robot in rig.robots] == ["r1", "r2"]
    assert rig.sim == {"wait": 20.0}  # for the robots
    assert rig.robot("r1").stages["detector"] == {"model": "street-detector", "score_threshold": 0.4}
    assert rig.robot("r1").stages["tracker"] == {
        "high_score": 0.5,
        "new_track_score": 0.55,
        "camera_motion": "tf",
    }
    assert rig.robot("r1").stages["reid"] == {"model": "street-embedder"}


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_world_is_a_rig_by_its_name(name: str) -> None:
    rig = load_rig(name)
    assert Path(rig.world).stem == name
    assert rig.robots
    assert find_rig(name) == rig.path  # which the containers are given


BAD = [
    ("world: nowhere", r"rig\.yaml:2: world 'nowhere': expected a YAML file or one of .*street"),
    ("world: nowhere.yaml", r"rig\.yaml:2: '.*nowhere\.yaml' does not exist; paths are relative to the rig file"),
    ("world: [a]", r":2: world: expected a text"),
    ("sim: {autostart: true}\nrobots: {r1: {cameras: {c: {}}}}", r":2: sim: expected a 'world' beside it"),
    ("world: yard.yaml\nsim: {world: street}", r":3: sim: 'world' stands beside 'sim', not in it"),
    ("world: yard.yaml\nsim: {sped: 2}", r":3: sim: unknown key 'sped'; known: .*speed"),
    (
        "world: yard.yaml\nrobots: {r9: {}}",
        r":3: robots: the world has no 'r9' with a colour or event camera; it has r1, r2",
    ),
    ("world: yard.yaml\nrobots: {r3: {}}", r"no 'r3' with a colour or event camera"),
    ("world: yard.yaml\nrobots: {r1: {pose: [0, 0, 0, 0, 0, 0]}}", r"robot 'r1': 'pose' is said by the world file"),
    ("world: yard.yaml\nrobots: {r1: {detectr: {}}}", r"robot 'r1': unknown key 'detectr'"),
    ("world: yard.yaml\ndefaults: {camera: {rate: 5}}", r":3: defaults: 'camera' is for cameras that are opened here"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_wrong_rig_is_refused_with_file_line_and_cure(folder: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read(folder, text)


def test_a_world_where_nobody_sees_is_no_rig(folder: Path) -> None:
    (folder / "yard.yaml").write_text("world_version: 1\nduration: 5\nrobots: {r4: {at: [0, 0, 0]}}\n")
    with pytest.raises(SettingsError, match="expected a robot with a colour or event camera"):
        read(folder)


def test_an_unknown_name_lists_what_is_shipped() -> None:
    with pytest.raises(
        SettingsError, match=r"rig 'nowhere': expected a YAML file or a name .*crossing, .*pets, .*street"
    ):
        find_rig("nowhere")


def test_rig_and_sim_node_know_the_same_parameters(folder: Path, domain: int) -> None:
    spec = spec_of(read(folder), "/sim_node")
    rclpy.init(args=[], domain_id=domain)
    try:
        node = node_class(spec.executable)(cli_args=spec.ros_arguments())
        assert node.parameters.misspelt() == []
        declared = {name for name in node.list_parameters([], 0).names if not name.startswith(BUILT_IN)}
        assert declared == known_parameters("sim")
        node.close()
    finally:
        rclpy.shutdown()
