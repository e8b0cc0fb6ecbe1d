"""Pictures and truth of whole worlds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.geometry import Transform
from mobinet.sim.simulation import Simulation
from mobinet.sim.world import ObjectClass
from mobinet.sim.world_file import find_world

SECOND = 1_000_000_000
LENS = "width: 320, height: 240, horizontal_fov_deg: 75"


def objects(simulation: Simulation, stamp_ns: int = 0, view: int = 0):
    return {thing.name: thing for thing in simulation.truth(simulation.views[view], stamp_ns)}


def test_who_is_there_and_who_hides_whom(simulate, small_text):
    found = objects(simulate(small_text))
    assert set(found) == {"near", "behind", "car", "r2"} or set(found) == {"near", "behind", "car"}
    near, behind, car = found["near"], found["behind"], found["car"]
    assert near.visibility == pytest.approx(1.0, abs=0.01)
    assert not near.hidden_by
    assert behind.visibility == 0.0
    assert behind.hidden_by == {"screen": 1.0}
    assert behind.box[2] > behind.box[0]  # it has a box although nobody sees it
    np.testing.assert_array_equal(behind.visible_box, np.zeros(4))
    assert 0.3 < car.visibility < 0.95
    assert list(car.hidden_by) == ["post"]
    assert car.visibility + car.hidden_by["post"] == pytest.approx(1.0, abs=0.02)
    assert (near.object_class, car.object_class) == (ObjectClass.PERSON, ObjectClass.CAR)


def test_boxes_are_where_the_camera_model_projects(simulate, small_text):
    """The foot and the top of the head of the standing person, through the camera's own intrinsics."""
    simulation = simulate(small_text)
    view = simulation.views[0]
    map2optical = simulation.optical_pose(view, 0).inverse()
    ends = map2optical.apply(np.array([[6.5, -3.2, 0.0], [6.5, -3.2, 1.7]]))
    foot, head = view.camera.model.project(ends)
    box = objects(simulation)["behind"].box
    assert box[3] == pytest.approx(foot[1], abs=2.5)
    assert box[1] == pytest.approx(head[1], abs=2.5)
    assert (box[0] + box[2]) / 2 == pytest.approx(foot[0], abs=3.0)


def test_depth_is_the_distance_along_the_axis(simulate, small_text):
    """The ground at a pixel is where its ray meets z = 0."""
    simulation = simulate(small_text)
    view = simulation.views[0]
    depth = simulation.depth(view, 0)
    pose = simulation.optical_pose(view, 0)
    pixel = np.array([[60.0, 200.0]])
    ray = view.camera.model.pixels_to_rays(pixel)[0]
    down = (pose.rotation @ ray)[2]
    distance = -pose.translation[2] / down
    assert depth[200, 60] == pytest.approx(distance * ray[2], rel=0.005)
    assert np.isinf(depth[0, 160])


@pytest.mark.parametrize("fov", [40, 75])
def test_a_point_is_drawn_at_its_pixel(simulate, small_text, fov):
    """A thin pillar far off, and the intrinsics of an off-centre window, meet within a pixel."""
    text = small_text.replace("post: {at: [3, 1.0], radius: 0.25}", "post: {at: [9, 0.8], radius: 0.05, height: 9}")
    simulation = simulate(text.replace("fov_deg: 75", f"fov_deg: {fov}"))
    view = simulation.views[0]
    renderer, camera, pose = simulation._renderer, view.lens.pinhole, simulation.optical_pose(view, 0)
    label = simulation._names.index("post")
    expected = camera.project(pose.inverse().apply(np.array([[9, 0.8, 1.0]])))[0]
    mask = renderer.labels(camera, pose, shown=[label]) == label
    row = round(expected[1])
    assert np.flatnonzero(mask[row]).mean() == pytest.approx(expected[0], abs=0.6)


def test_distortion_moves_the_truth_with_the_image(simulate, small_text):
    simulation = simulate(small_text.replace(LENS, "calibration: lens.yaml"))
    view = simulation.views[0]
    assert simulation.image(view, 0).shape == (240, 320, 3)
    ends = simulation.optical_pose(view, 0).inverse().apply(np.array([[6.5, -3.2, 0.0], [6.5, -3.2, 1.7]]))
    foot, head = view.camera.model.project(ends)
    box = objects(simulation)["behind"].box
    assert box[3] == pytest.approx(foot[1], abs=2.5)
    assert box[1] == pytest.approx(head[1], abs=2.5)


def test_a_moving_robot_carries_its_camera(simulate, small_text):
    simulation = simulate(small_text)
    view = simulation.views[1]
    first, later = (simulation.optical_pose(view, stamp) for stamp in (0, SECOND))
    # it drives along +y; in the second that the averaging window takes to start, a bit less than half a metre
    assert 0.3 < later.translation[1] - first.translation[1] <= 0.5
    # its camera looks to the left of its way: along -x
    np.testing.assert_allclose(first.rotation[:, 2], [-1, 0, 0], atol=0.01)


def test_a_robot_does_not_see_itself_but_others_do(simulate, small_text):
    text = small_text.replace("path: [[9, -6], [9, -5]]\n    speed: 0.5", "at: [4, 1.5, 180]")
    simulation = simulate(text)
    assert "r2" in objects(simulation, view=0)
    assert "r1" not in objects(simulation, view=0)


def test_velocity_and_position_are_those_of_the_path(simulate, small_text):
    near = objects(simulate(small_text), SECOND)["near"]
    assert near.position == pytest.approx((4.0, 0.0, 0.0), abs=1e-6)
    assert near.velocity == pytest.approx((0.0, 0.5, 0.0), abs=1e-6)


def test_the_same_seed_gives_the_same_bytes(simulate, small_text):
    first, second = simulate(small_text), simulate(small_text, fresh=True)
    for stamp in (0, SECOND // 2):
        # another order of questions must not matter either
        second.truth(second.views[0], stamp + 1)
        images = [simulation.image(simulation.views[0], stamp) for simulation in (first, second)]
        np.testing.assert_array_equal(*images)
    assert len(np.unique(images[0])) > 50  # something was drawn


def test_another_seed_gives_another_picture(simulate, small_text):
    first, second = simulate(small_text), simulate(small_text.replace("seed: 2", "seed: 3"))
    a, b = (simulation.image(simulation.views[0], 0) for simulation in (first, second))
    assert (a != b).any()


def test_night_is_darker_than_dusk_is_darker_than_day(simulate, small_text):
    brightness = []
    for light in ("night", "dusk", "day"):
        simulation = simulate(small_text.replace("seed: 2", f"seed: 2\nlight: {light}"))
        brightness.append(cv2.mean(simulation.image(simulation.views[0], 0))[1])
    assert 2 < brightness[0] < 0.8 * brightness[1] < 0.8 * 0.8 * brightness[2]


def test_the_red_shirt_is_red(simulate, small_text):
    """Images are BGR, and the box is where the person is drawn."""
    simulation = simulate(small_text)
    x1, y1, x2, y2 = objects(simulation)["near"].box
    image = simulation.image(simulation.views[0], 0)
    x, y = int((x1 + x2) / 2), int(y1 + 0.3 * (y2 - y1))
    blue, green, red = (int(value) for value in image[y, x])
    assert red > 2 * max(blue, green)


def test_stamps_follow_the_rate(simulate, small_text):
    view = simulate(small_text).views[1]
    assert list(view.stamps_ns(1.0)) == [0, 200_000_000, 400_000_000, 600_000_000, 800_000_000]


def test_poses_are_proper_transforms(simulate, small_text):
    simulation = simulate(small_text)
    pose = simulation.optical_pose(simulation.views[0], 0)
    assert isinstance(pose, Transform)
    np.testing.assert_allclose(pose.translation, [0.2, 0, 1.3], atol=1e-9)


ERRORS = """
    odometry: {distance_scale: 0.02, heading_noise_deg_per_m: 2, distance_noise_m_per_m: 0.05}
    pose_noise: {position_m: 0.1, heading_deg: 1}
"""


def test_a_robot_without_errors_believes_the_truth(simulate, small_text):
    simulation = simulate(small_text)
    for robot in simulation.world.robots:
        believed = simulation.odom2map(robot, SECOND) @ simulation.base2odom(robot, SECOND)
        exact = simulation.base_pose(robot, SECOND)
        np.testing.assert_allclose(believed.translation, exact.translation, atol=1e-9)
        np.testing.assert_allclose(believed.rotation, exact.rotation, atol=1e-9)
        np.testing.assert_array_equal(simulation.pose_covariance(robot, SECOND), 0)
        np.testing.assert_array_equal(simulation.odometry(robot, SECOND).pose_covariance, 0)
    assert simulation.in_contact("r1", "r2", SECOND)


def test_errors_of_a_robot_hang_on_its_name_and_not_on_the_others(simulate, small_text):
    text = small_text.replace("    speed: 0.5\n    cameras", "    speed: 0.5" + ERRORS + "    cameras")
    more = text + "  r3:\n    path: [[9, -8], [9, -7]]\n    speed: 0.5" + ERRORS
    alone, among = simulate(text), simulate(more)
    beliefs = [
        simulation.odom2map(robot, SECOND) @ simulation.base2odom(robot, SECOND)
        for simulation, robot in ((alone, alone.world.robots[1]), (among, among.world.robots[1]))
    ]
    np.testing.assert_array_equal(beliefs[0].translation, beliefs[1].translation)
    assert np.linalg.norm(beliefs[0].translation - alone.base_pose(alone.world.robots[1], SECOND).translation) > 0.001
    moved = [among.base2odom(robot, SECOND).translation for robot in among.world.robots[1:]]
    assert np.linalg.norm(moved[0] - moved[1]) > 1e-4


def test_the_occlusion_world_hides_people_for_20_to_60_frames(simulate):
    simulation = simulate(find_world("occlusion").read_text())
    view, step = simulation.views[0], 5
    hidden: dict[str, str] = {}
    for stamp_ns in list(view.stamps_ns(simulation.world.duration_s))[::step]:
        for thing in simulation.truth(view, stamp_ns):
            hidden[thing.name] = hidden.get(thing.name, "") + ("x" if thing.visibility == 0 else " ")
    lengths = [step * len(run) for marks in hidden.values() for run in marks.split()]
    assert sum(length >= 20 for length in lengths) >= 5
    assert max(lengths) <= 60
    assert " " in hidden["waiter"].strip()  # seen in between


def test_the_robots_of_the_street_see_the_same_people(simulate):
    simulation = simulate(find_world("street").read_text())
    people = [
        {thing.name for thing in simulation.truth(view, 10 * SECOND) if thing.visibility > 0.5 and thing.identity <= 7}
        for view in simulation.views
    ]
    assert len(people[0] & people[1]) >= 3
