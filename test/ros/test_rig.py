"""The rig file: what it is read into, and what it is refused for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from mobinet.errors import SettingsError
from mobinet_ros.rig import LaunchSettings, NodeSpec, Rig, common_start_ns, load_rig, process_specs, rig_node_specs
from mobinet_ros.rig.node_specs import join_namespace, parameter_text, settings_arguments

ROOT = Path(__file__).resolve().parents[2]

TWO_ROBOTS = """
rig_version: 1
models: {person: nets/person.onnx}
defaults:
  camera: {rate: 5, source: street.avi, mount: [0, 0, 2, 0, 0.1, 0]}
  detector: {model: person, score_threshold: 0.4}
robots:
  r1:
    pose: [1, 2, 0, 0, 0, 1.5]
    cameras:
      front: {window: {width: 64, height: 48, path: [[0, 100, 80, 1], [2.5, 120, 80, 1]]}}
      rear: {source: /dev/video0, rate: 0}
    detector: {score_threshold: 0.6}
  r2:
    cameras:
      front: {source: 1, calibration: lens.yaml}
    overlay: false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "person.onnx").touch()
    (tmp_path / "lens.yaml").touch()
    return tmp_path


def read(folder: Path, text: str) -> Rig:
    path = folder / "rig.yaml"
    path.write_text(text)
    return load_rig(path)


def spec_of(rig: Rig, name: str, settings: LaunchSettings | None = None) -> NodeSpec:
    return {spec.full_name: spec for spec in rig_node_specs(rig, settings)}[name]


def test_a_camera_is_turned_only_where_the_rig_asks_for_it(folder: Path) -> None:
    """The stage ptz is of one camera, the first unless another is named."""
    assert not any(spec.executable == "ptz_node" for spec in rig_node_specs(read(folder, TWO_ROBOTS)))
    for asked, camera in (("ptz: true", "front"), ("ptz: {camera: rear, driver: onvif}", "rear")):
        text = TWO_ROBOTS.replace("    detector: {score_threshold: 0.6}", f"    {asked}")
        spec = spec_of(read(folder, text), "/r1/ptz_node")
        assert spec.parameters["camera"] == camera


def test_defaults_are_overridden_by_the_robot_and_the_camera(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    front, rear = rig.robot("r1").cameras
    assert front.parameters["rate"] == 5
    assert rear.parameters["rate"] == 0
    assert rig.robot("r1").stages["detector"] == {"model": str(folder / "nets/person.onnx"), "score_threshold": 0.6}
    assert rig.robot("r2").stages["detector"]["score_threshold"] == 0.4


def test_paths_are_relative_to_the_rig_file_and_devices_are_left_alone(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    front, rear = rig.robot("r1").cameras
    assert (front.source, rear.source) == (str(folder / "street.avi"), "/dev/video0")
    assert rig.robot("r2").cameras[0].source == "1"
    assert rig.robot("r2").cameras[0].calibration == str(folder / "lens.yaml")


def test_a_window_becomes_the_parameters_of_the_camera_node(folder: Path) -> None:
    parameters = read(folder, TWO_ROBOTS).robot("r1").cameras[0].parameters
    assert (parameters["window_width"], parameters["window_height"]) == (64, 48)
    assert parameters["window_path"] == [0.0, 100.0, 80.0, 1.0, 2.5, 120.0, 80.0, 1.0]


def test_environment_variables_are_resolved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREET", "/videos")
    monkeypatch.delenv("NOWHERE", raising=False)
    text = "rig_version: 1\nrobots: {r1: {cameras: {c: {source: '${STREET}/${NOWHERE:-a}.avi'}}}}"
    assert read(folder, text).robot("r1").cameras[0].source == "/videos/a.avi"
    monkeypatch.delenv("STREET")
    with pytest.raises(SettingsError, match=r"rig\.yaml:2: .*STREET is not set; export STREET"):
        load_rig(folder / "rig.yaml")


def test_a_robot_has_its_cameras_and_one_node_a_stage(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    stages = ["detector", "tracker", "reid", "cooperation", "overlay", "marker", "static_tf"]
    first = [f"/r1/{stage}_node" for stage in stages]
    second = [f"/r2/{stage}_node" for stage in stages if stage != "overlay"]
    expected = ["/r1/front/camera_node", "/r1/rear/camera_node", *first, "/r2/front/camera_node", *second]
    assert [spec.full_name for spec in rig_node_specs(rig)] == expected


def test_every_node_is_told_its_cameras_and_frames_carry_the_robot(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    assert spec_of(rig, "/r1/tracker_node").parameters["cameras"] == ["front", "rear"]
    assert spec_of(rig, "/r1/cooperation_node").parameters["robot"] == "r1"
    assert spec_of(rig, "/r2/front/camera_node").parameters["frame_id"] == "r2/front_optical"
    transforms = spec_of(rig, "/r1/static_tf_node").parameters["transforms"]
    assert transforms[0] == "map r1/base_link 1.0 2.0 0.0 0.0 0.0 1.5"
    assert transforms[1] == "r1/base_link r1/front 0.0 0.0 2.0 0.0 0.1 0.0"
    assert transforms[2].startswith("r1/front r1/front_optical 0.0 0.0 0.0 -1.57")


def test_the_outer_namespace_holds_all_nodes_and_no_frame(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    specs = rig_node_specs(rig, LaunchSettings(namespace="/fleet/", view="rerun"))
    assert all(spec.namespace.startswith("/fleet") for spec in specs)
    assert specs[0].parameters["frame_id"] == "r1/front_optical"
    assert specs[-1].full_name == "/fleet/viewer_node"
    assert specs[-1].parameters["cameras"] == ["r1/front", "r1/rear", "r2/front"]


def test_a_driver_s_camera_has_no_node_and_its_topics_are_remapped(folder: Path) -> None:
    text = "rig_version: 1\nrobots: {r1: {cameras: {front: {topic: usb/image}, rear: {}}}}"
    rig = read(folder, text)
    assert all(spec.executable != "camera_node" for spec in rig_node_specs(rig))
    assert spec_of(rig, "/r1/detector_node").remappings == (
        ("front/image_raw", "usb/image"),
        ("front/image_raw/compressed", "usb/image/compressed"),
        ("front/camera_info", "usb/camera_info"),
    )
    # the viewer is in another namespace
    viewer = spec_of(rig, "/viewer_node", LaunchSettings(view="rerun"))
    assert ("r1/front/image_raw", "r1/usb/image") in viewer.remappings


BOTH_TYPES = """
rig_version: 1
defaults:
  camera: {rate: 5}
  event_camera: {period: 0.002}
  event_detector: {cluster_period_s: 0.02}
robots:
  r1:
    cameras:
      front: {source: a.avi}
      dvs: {type: events, source: street.raw, mount: [0, 0, 1, 0, 0, 0], loop: true}
      other: {type: events, topic: cam/events}
  r2:
    cameras: {front: {source: a.avi}}
"""


def test_event_cameras_have_stages_of_their_own(folder: Path) -> None:
    rig = read(folder, BOTH_TYPES)
    cameras = {spec.full_name: spec.parameters.get("cameras") for spec in rig_node_specs(rig)}
    assert cameras["/r1/event_detector_node"] == cameras["/r1/event_renderer_node"] == ["dvs", "other"]
    assert cameras["/r1/detector_node"] == cameras["/r1/reid_node"] == ["front"]
    assert cameras["/r1/tracker_node"] == cameras["/r1/cooperation_node"] == ["front", "dvs", "other"]
    assert cameras["/r1/overlay_node"] == ["front", "dvs", "other"]
    assert not {"/r2/event_detector_node", "/r2/event_renderer_node"} & cameras.keys()
    assert spec_of(rig, "/r1/event_detector_node").parameters["cluster_period_s"] == 0.02
    player = spec_of(rig, "/r1/dvs/event_file_node")
    assert player.parameters["source"] == str(folder / "street.raw")
    # the defaults of colour cameras are none of its own
    assert (player.parameters["period"], player.parameters["loop"]) == (0.002, True)
    assert "rate" not in player.parameters
    assert "/r1/other/event_file_node" not in cameras
    assert player.parameters["frame_id"] == "r1/dvs_optical"


def test_a_sister_feeds_the_tracks_of_her_camera_and_has_none_of_her_own(folder: Path) -> None:
    rig = read(
        folder,
        BOTH_TYPES.replace("front: {source: a.avi}\n      dvs", "front: {source: a.avi, sister: dvs}\n      dvs"),
    )
    tracker = spec_of(rig, "/r1/tracker_node").parameters
    assert (tracker["cameras"], tracker["sisters"]) == (["front", "other"], ["front=dvs"])
    assert spec_of(rig, "/r1/cooperation_node").parameters["cameras"] == ["front", "other"]
    assert spec_of(rig, "/r1/event_detector_node").parameters["cameras"] == ["dvs", "other"]
    assert "sisters" not in spec_of(rig, "/r2/tracker_node").parameters


def test_in_a_world_the_tracker_says_who_is_whose_sister(folder: Path) -> None:
    rig = read(folder, 'rig_version: 1\nworld: night\nrobots: {r1: {tracker: {sisters: ["front=dvs"]}}}')
    tracker = spec_of(rig, "/r1/tracker_node").parameters
    assert (tracker["cameras"], tracker["sisters"]) == (["front"], ["front=dvs"])


@pytest.mark.parametrize(
    "cameras",
    [
        # a camera that there is not, one of images, one that helps another already
        "front: {source: a.avi, sister: dvs}",
        "front: {source: a.avi, sister: rear}\n      rear: {source: a.avi}",
        "front: {source: a, sister: e}\n      rear: {source: a, sister: e}\n      e: {type: events, source: a.raw}",
    ],
)
def test_a_sister_is_an_event_camera_that_is_free(folder: Path, cameras: str) -> None:
    with pytest.raises(SettingsError, match="sister: expected an event camera of this robot"):
        read(folder, f"rig_version: 1\nrobots:\n  r1:\n    cameras:\n      {cameras}\n")


def test_images_of_event_cameras_are_those_that_are_drawn(folder: Path) -> None:
    rig = read(folder, BOTH_TYPES)
    assert spec_of(rig, "/r1/overlay_node").remappings == (
        ("dvs/image_raw", "dvs/event_image"),
        ("other/image_raw", "other/event_image"),
        ("other/events", "cam/events"),
        ("other/camera_info", "cam/camera_info"),
    )
    viewer = spec_of(rig, "/viewer_node", LaunchSettings(view="rerun"))
    assert ("r1/dvs/image_raw", "r1/dvs/event_image") in viewer.remappings
    # without the renderer there is nothing to draw on
    rig = read(folder, BOTH_TYPES.replace("  r2:", "    event_renderer: false\n  r2:"))
    assert spec_of(rig, "/r1/overlay_node").parameters["cameras"] == ["front"]


def test_a_robot_with_event_cameras_alone_has_no_stage_of_images(folder: Path) -> None:
    rig = read(folder, "rig_version: 1\nrobots: {r1: {cameras: {dvs: {type: events, source: street.raw}}}}")
    assert {spec.executable for spec in rig_node_specs(rig)} == {
        *("event_file_node", "event_detector_node", "event_renderer_node", "tracker_node", "cooperation_node"),
        *("overlay_node", "marker_node"),
    }


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        ("{type: thermal, source: a.raw}", "type: expected one of rgb, events, got 'thermal'"),
        # a window is cut out of images
        ("{type: events, source: a.raw, window: {width: 9, height: 9}}", "unknown key 'window'"),
        ("{type: events, source: a.raw, jpeg_quality: 9}", "unknown key 'jpeg_quality'"),
    ],
)
def test_what_no_event_camera_has_is_refused(folder: Path, camera: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(folder, f"rig_version: 1\nrobots: {{r1: {{cameras: {{dvs: {camera}}}}}}}")


def test_remappings_of_the_rig_and_the_robot_reach_every_node(folder: Path) -> None:
    text = """
rig_version: 1
remappings: {/tf: tf, /tf_static: tf_static}
robots:
  r1: {cameras: {front: {source: a.avi}}, pose: [0, 0, 0, 0, 0, 0], remappings: {/clock: clock}}
"""
    for spec in rig_node_specs(read(folder, text)):
        assert spec.remappings == (("/tf", "tf"), ("/tf_static", "tf_static"), ("/clock", "clock"))


def test_launch_settings_become_parameters_and_the_user_s_file_comes_last(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    settings = LaunchSettings(use_sim_time=True, autostart=False, params_file="/p.yaml", start_time_ns=1_500_000_000)
    spec = spec_of(rig, "/r1/front/camera_node", settings)
    assert (spec.parameters["use_sim_time"], spec.parameters["autostart"]) == (True, False)
    assert spec.parameters["start_time"] == 1.5
    arguments = spec.ros_arguments()
    assert arguments[:5] == ["--ros-args", "-r", "__node:=camera_node", "-r", "__ns:=/r1/front"]
    assert arguments[-2:] == ["--params-file", "/p.yaml"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        (3.0, "3.0"),
        (1e-7, "1e-07"),
        ("0", '"0"'),  # the number of a device stays a text
        ("true", '"true"'),
        ("a: b 'c' \"d\"", '"a: b \'c\' \\"d\\""'),
        ([1, 2.5], "[1.0, 2.5]"),  # one type a list
        ([], '[""]'),  # an empty list has no type
    ],
)
def test_parameter_text_keeps_the_type(value: object, text: str) -> None:
    assert parameter_text(value) == text


def test_composed_is_a_process_a_robot_and_separate_one_a_node(folder: Path) -> None:
    rig = read(folder, TWO_ROBOTS)
    settings = LaunchSettings(view="rerun")
    composed = process_specs(rig, settings, composed=True)
    assert [(spec.name, spec.executable) for spec in composed] == [
        ("r1", "container"),
        ("r2", "container"),
        ("viewer_node", "viewer_node"),
    ]
    separate = process_specs(rig, settings, composed=False)
    assert [spec.name for spec in separate] == [spec.full_name[1:] for spec in rig_node_specs(rig, settings)]
    assert separate[0].arguments[-2:] == ("--log-level", "info")


def test_the_container_reads_what_it_is_given(folder: Path) -> None:
    container = pytest.importorskip("mobinet_ros.container")
    rig = read(folder, TWO_ROBOTS)
    settings = LaunchSettings("fleet", True, "/p.yaml", False, "debug", 7)
    options = container.parse(["--rig", str(rig.path), "--robot", "r2", *settings_arguments(settings)])
    expected = [spec for spec in rig_node_specs(rig, settings) if spec.robot == "r2"]
    assert container.robot_specs(options) == expected
    assert options.log_level == "debug"


BAD = [
    # (text after the version line, what the message must say)
    ("robots: {r1: {cameras: {c: {source: a}}}}\nspeed: 1", r"rig\.yaml:3: rig: unknown key 'speed'; known: .*robots"),
    ("robots: {r1: {camera: {}}}", r":2: robot 'r1': unknown key 'camera'; known: cameras"),
    ("robots: {r1: {cameras: {c: {sauce: a}}}}", r":2: camera: unknown key 'sauce'; known: .*source"),
    ("robots:\n  r1: {cameras: {c: {source: a}}}\n  r1: {cameras: {d: {}}}", r":4: 'r1' is there twice .*line 3"),
    ("robots:\n  r1:\n    cameras:\n      c: {source: a}\n      c: {source: b}", r":6: 'c' is there twice .*line 5"),
    ("robots: {}", r"robots: expected at least one robot"),
    ("robots: {r1: {cameras: {}}}", r"cameras: expected at least one camera"),
    ("robots: [r1]", r":2: robots: expected a mapping"),
    ("robots: {r-1: {cameras: {c: {}}}}", r"robot 'r-1' cannot be a ROS name"),
    ("robots: {r1: {cameras: {1: {}}}}", r"expected a name as key, got 1; put it in quotes"),
    ("robots: {r1: {pose: [0, 0, 0], cameras: {c: {}}}}", r"pose: expected six finite numbers"),
    ("robots: {r1: {pose: [0, 0, 0, 0, 0, .nan], cameras: {c: {}}}}", r"pose: expected six finite numbers"),
    ("robots: {r1: {cameras: {c: {rate: fast}}}}", r"camera: rate: expected float, got 'fast'"),
    ("robots: {r1: {cameras: {c: {rate: -1}}}}", r"rate: -1 is out of range, allowed 0.0 to 1000.0"),
    ("robots: {r1: {cameras: {c: {source: [a]}}}}", r"source: expected a text"),
    ("robots: {r1: {cameras: {c: {source: a, topic: b}}}}", r"give 'source' .* or 'topic' .*, not both"),
    ("robots: {r1: {cameras: {c: {calibration: x.yaml}}}}", r"x.yaml' does not exist; paths are relative to the rig"),
    ("robots: {r1: {cameras: {c: {window: {path: [[0, 1]]}}}}}", r"path: expected a list of \[time, x, y, zoom\]"),
    ("robots: {r1: {detector: {treshold: 1}, cameras: {c: {}}}}", r"detector: unknown key 'treshold'; known: .*score_"),
    ("robots: {r1: {tracker: {high_score: 2}, cameras: {c: {}}}}", r"tracker: high_score: 2 is out of range"),
    ("robots: {r1: {tracker: true, cameras: {c: {}}}}", r"tracker: expected a mapping"),
    ("robots: {r1: {detector: {model: no.onnx}, cameras: {c: {}}}}", r"no.onnx' does not exist"),
    ("robots: {r1: {reid: {model: {a: 1}}, cameras: {c: {}}}}", r"model: expected a bool, a number, a text or a list"),
    ("robots: {r1: {cameras: {c: {}}}", r"not valid YAML"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_wrong_rig_is_refused_with_file_line_and_cure(folder: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read(folder, f"rig_version: 1\n{text}\n")


def test_another_version_a_missing_file_and_a_list_are_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="rig_version: expected 1, got 2"):
        read(folder, "rig_version: 2\nrobots: {r1: {cameras: {c: {}}}}")
    with pytest.raises(SettingsError, match=r"absent\.yaml: expected a readable YAML file: No such file") as caught:
        load_rig(folder / "absent.yaml")
    # one line that names the path once
    assert (str(caught.value).count("absent.yaml"), "Errno" in str(caught.value)) == (1, False)
    with pytest.raises(SettingsError, match=r"expected a mapping .*, got list"):
        read(folder, "- 1")


def test_recordings_start_when_all_cameras_are_ready() -> None:
    before_ns = time.time_ns()
    assert before_ns + 5e9 <= common_start_ns() <= time.time_ns() + 5e9


def test_merge_keys_are_no_duplicates(folder: Path) -> None:
    text = """
rig_version: 1
robots:
  r1: &robot {cameras: {front: {source: a.avi}}, pose: [0, 0, 0, 0, 0, 0]}
  r2: {<<: *robot, pose: [1, 0, 0, 0, 0, 0]}
"""
    rig = read(folder, text)
    assert rig.robot("r2").cameras == rig.robot("r1").cameras
    assert rig.robot("r2").pose == (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_stage_is_switched_off_by_default_and_on_again_by_a_robot(folder: Path) -> None:
    text = """
rig_version: 1
defaults: {reid: false}
robots:
  r1: {cameras: {c: {}}}
  r2: {cameras: {c: {}}, reid: {model: histogram}}
"""
    rig = read(folder, text)
    assert "reid" not in rig.robot("r1").stages
    assert rig.robot("r2").stages["reid"] == {"model": "histogram"}


def test_an_optional_stage_runs_where_it_is_named(folder: Path) -> None:
    text = """
rig_version: 1
defaults: {target: {give_up_s: 5.0}}
robots:
  r1: {cameras: {c: {}}, target: true}
  r2: {cameras: {c: {}}, target: false}
"""
    rig = read(folder, text)
    assert rig.robot("r1").stages["target"] == {"give_up_s": 5.0}
    assert "target" not in rig.robot("r2").stages
    assert spec_of(rig, "/r1/target_tracker_node").parameters["cameras"] == ["c"]


def test_a_gallery_runs_where_it_is_named(folder: Path) -> None:
    text = """
rig_version: 1
robots:
  r1: {cameras: {c: {}}, gallery: {enroll: confirmed, gallery: known.gallery}}
  r2: {cameras: {c: {}}}
"""
    rig = read(folder, text)
    found = [spec for spec in rig_node_specs(rig) if spec.executable == "gallery_node"]
    assert [spec.full_name for spec in found] == ["/r1/gallery_node"]
    assert found[0].parameters["cameras"] == ["c"]
    assert found[0].parameters["enroll"] == "confirmed"


@pytest.mark.parametrize(
    ("parts", "namespace"), [(("", "r1"), "/r1"), (("/a/", "b", "c"), "/a/b/c"), (("", ""), "/"), (("/",), "/")]
)
def test_join_namespace(parts: tuple[str, ...], namespace: str) -> None:
    assert join_namespace(*parts) == namespace


def test_the_rigs_that_are_shipped_are_read(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBINET_DATA", str(data_dir))
    monkeypatch.setenv("MOBINET_VIDEO", "/some/video.mp4")
    rigs, of_worlds = sorted((ROOT / "config" / "rigs").glob("*.yaml")), {"demo": 2, "ptz": 1}
    assert rigs
    for path in rigs:
        said = yaml.safe_load(path.read_text()).get("robots")
        assert len(load_rig(path).robots) == (len(said) if said else of_worlds[path.stem]), path
