"""World files: what they mean, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml

from mobinet.errors import MobinetError, SettingsError
from mobinet.sim.looks import COLOURS, choose_look
from mobinet.sim.world_file import find_world, load_world, scenario_names

BASE = """
world_version: 1
seed: 4
duration: 10
walls:
  w: {from: [5, -2], to: [5, 2]}
pillars:
  p: {at: [0, 6], radius: 0.4}
people:
  anna: {path: [[0, 0], [3, 0, 1.5]], speed: 1.1, shirt: red, height: 1.6}
robots:
  r1:
    at: [-3, 0, 90]
    cameras:
      front: {mount: [0.1, 0, 1.2, 0, 0.1, 0], width: 64, height: 48, horizontal_fov_deg: 60, rate: 5}
"""


def write(tmp_path, text):
    path = tmp_path / "world.yaml"
    path.write_text(text)
    return path


def test_a_world_is_read(tmp_path):
    world = load_world(write(tmp_path, BASE))
    assert (world.name, world.seed, world.duration_s, world.light) == ("world", 4, 10.0, "day")
    anna = world.people[0]
    assert anna.route.waypoints[1] == (3.0, 0.0, 1.5)
    assert anna.look.shirt == COLOURS["red"]
    assert anna.look.height == 1.6
    # what the file leaves open comes from seed and name
    assert anna.look.trousers == choose_look(4, "anna").trousers
    robot = world.robots[0]
    assert robot.route.heading == pytest.approx(math.pi / 2)
    assert not robot.moves
    camera = robot.cameras[0]
    assert camera.model.matrix[0, 0] == pytest.approx(32 / math.tan(math.radians(30)))
    assert camera.mount.translation == pytest.approx((0.1, 0, 1.2))
    assert camera.rate == 5.0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed: 4", "sed: 4", r"world.yaml:3: sed: unknown key"),
        ("speed: 1.1", "sped: 1.1", r"world.yaml:10: people.anna.sped: unknown key"),
        ("world_version: 1", "world_version: 2", "expected 1, got 2"),
        ("duration: 10", "duration: 0", r"duration: expected a number from 0.1"),
        ("duration: 10\n", "", "duration: is missing"),
        ("duration: 10", "duration: .nan", "duration: expected a number"),
        ("shirt: red", "shirt: reddish", r"people.anna.shirt: expected red, green, blue"),
        ("shirt: red", "shirt: [0.1, 2, 0]", r"people.anna.shirt: expected red, green, blue"),
        ("[3, 0, 1.5]", "[3, 0, -1]", "a wait from 0"),
        ("[3, 0, 1.5]", "[130, 0]", r"people.anna.path: point 1, \[130.0, 0.0\], is outside the world: .* -120 to 120"),
        ("at: [-3, 0, 90]", "at: [-3, 500, 90]", r"robots.r1.at: \[-3, 500\] is outside the world"),
        ("speed: 1.1", "speed: 30", "people.anna.speed: nothing of this kind is faster than 8 m/s, got 30; lower it"),
        ("speed: 1.1", "speed: 0", "people.anna.speed: expected a number from 0.05 to 8"),
        ("[[0, 0], [3, 0, 1.5]]", "[[0, 0]]", "at least two points"),
        ("[[0, 0], [3, 0, 1.5]]", "[[0, 0], [0, 0]]", "all points are the same"),
        ("[[0, 0], [3, 0, 1.5]]", "[[0, 0], [.inf, 0]]", "finite numbers"),
        ("path: [[0, 0], [3, 0, 1.5]]", "path: [[0, 0], [3, 0]], at: [0, 0]", "either 'path'"),
        ("path: [[0, 0], [3, 0, 1.5]], speed", "at: [0, 0], speed", "anna.speed: something that stands has none"),
        ("shirt: red", "looks_like: nobody_here", "expected somebody named before"),
        ("r1:", "anna:", "'anna' is also in people"),
        ("  w:", "  ground:", "'ground' is also in every world; rename one"),
        ("pillars:", "areas:\n  w: {centre: [0, 0], size: [1, 1]}\npillars:", "'w' is also in areas"),
        (
            "mount: [0.1, 0, 1.2, 0, 0.1, 0]",
            "mount: [0.1, 0, 1.2, 0, 0, 90]",
            "in radians, got 0, 0, 90; convert",
        ),
        ("mount: [0.1, 0, 1.2, 0, 0.1, 0]", "mount: [0.1, 0, 1.2]", "robots.r1.cameras.front.mount: .* list of 6"),
        ("horizontal_fov_deg: 60", "horizontal_fov_deg: 170", "horizontal_fov_deg: expected a number from 1 to 150"),
        ("rate: 5", "calibration: x.yaml", "leave out the other keys"),
        ("to: [5, 2]", "to: [5, -2]", "a wall of at least"),
        ("  anna: {", "  'a b': {", "cannot be a name"),
        ("  p: {at: [0, 6], radius: 0.4}", "  p: 3", "pillars.p: expected a mapping"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, named):
    text = BASE.replace(old, new)
    assert text != BASE
    with pytest.raises(SettingsError, match=named):
        load_world(write(tmp_path, text))


@pytest.mark.parametrize(
    ("cars", "message"),
    [
        ("c: {at: [5, 3, 90]}", "cars.c.at: impossible: it stands in 'w'"),  # its front end in the wall
        ("c: {at: [1.9, 6.2, 10]}", "cars.c.at: impossible: it stands in 'p'"),  # a corner around the pillar
        ("c: {at: [-6, 6]}\n  d: {at: [-5, 7, 45]}", "cars.d.at: impossible: it stands in 'c'"),
    ],
)
def test_a_car_parked_in_something_is_impossible(tmp_path, cars, message):
    with pytest.raises(SettingsError, match=message):
        load_world(write(tmp_path, BASE + f"cars:\n  {cars}\n"))


def test_cars_may_park_close(tmp_path):
    load_world(write(tmp_path, BASE + "cars:\n  c: {at: [-6, 6]}\n  d: {at: [-6, 8]}\n  e: {at: [3.8, -3, 90]}\n"))


@pytest.mark.parametrize(
    ("path", "obstacle"),
    [
        ("[[0, 0], [10, 0]]", "'w' after point 0"),  # through the wall
        ("[[0, 0], [4.8, 4], [4.8, 1]]", "'w' after point 1"),  # along it, too near
        ("[[0, 0], [0, 6]]", "'p' after point 0"),  # into the pillar
    ],
)
def test_a_path_through_something_is_impossible(tmp_path, path, obstacle):
    text = BASE.replace("[[0, 0], [3, 0, 1.5]]", path)
    with pytest.raises(SettingsError, match=f"world.yaml:10: people.anna.path: impossible: .*{obstacle}"):
        load_world(write(tmp_path, text))


def test_a_loop_closes_around_obstacles_too(tmp_path):
    # there and back is free, but the way from the last point to the first leads through the wall
    path = "[[4, 0], [4, 4], [6, 4], [6, 0]]"
    load_world(write(tmp_path, BASE.replace("[[0, 0], [3, 0, 1.5]]", path)))
    with pytest.raises(SettingsError, match="'w' after point 3"):
        load_world(write(tmp_path, BASE.replace("[[0, 0], [3, 0, 1.5]]", path + ", mode: loop")))


def test_who_looks_like_somebody_has_the_same_look(tmp_path):
    text = BASE.replace(
        "people:\n", "people:\n  zoe: {at: [1, 3]}\n  yan: {looks_like: zoe, at: [2, 3], shirt: blue}\n"
    )
    zoe, yan, _ = load_world(write(tmp_path, text)).people
    assert yan.look.shirt == COLOURS["blue"]
    assert (yan.look.height, yan.look.trousers, yan.look.skin) == (zoe.look.height, zoe.look.trousers, zoe.look.skin)


def test_another_person_changes_nobody(tmp_path):
    more = BASE.replace("people:\n", "people:\n  aaron: {at: [1, 3]}\n")
    assert load_world(write(tmp_path, more)).people[1] == load_world(write(tmp_path, BASE)).people[0]


@pytest.mark.parametrize("name", scenario_names())
def test_shipped_worlds_are_valid_and_say_what_is_difficult(name):
    path = find_world(name)
    world = load_world(path)
    assert world.robots
    assert all(robot.cameras for robot in world.robots)
    assert "# Difficulty:" in path.read_text()
    # file order and names survive
    assert [person.name for person in world.people] == list(yaml.safe_load(path.read_text())["people"])


def test_the_five_worlds_are_there():
    assert {"street", "crossing", "occlusion", "look_alikes", "night"} <= set(scenario_names())


def test_an_unknown_world_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match="crossing"):
        find_world("atlantis")


def test_a_folder_does_not_hide_a_shipped_world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street").mkdir()  # as rendering the world leaves it
    assert load_world(find_world("street")).name == "street"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MobinetError, match=r"nothing\.yaml"):
        load_world(tmp_path / "nothing.yaml")


def test_a_camera_may_come_from_a_calibration(tmp_path):
    calibration = {
        "image_width": 80, "image_height": 60, "distortion_model": "plumb_bob",
        "camera_matrix": {"data": [70, 0, 39.5, 0, 70, 29.5, 0, 0, 1]},
        "distortion_coefficients": {"data": [-0.2, 0.05, 0, 0, 0]},
    }  # fmt: skip
    (tmp_path / "lens.yaml").write_text(yaml.safe_dump(calibration))
    text = BASE.replace("width: 64, height: 48, horizontal_fov_deg: 60, rate: 5", "calibration: lens.yaml")
    model = load_world(write(tmp_path, text)).robots[0].cameras[0].model
    assert (model.width, model.height) == (80, 60)
    np.testing.assert_allclose(model.distortion, [-0.2, 0.05, 0, 0, 0])
