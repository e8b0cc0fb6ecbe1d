from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.boxes import xyxy_to_cxcywh
from mobinet.camera import CameraModel
from mobinet.errors import InputError, SettingsError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.sister_camera import SisterCamera, SisterSettings

RGB = CameraModel.pinhole(640, 480, np.radians(80))
EVENTS = CameraModel.pinhole(320, 240, np.radians(80))
SAME_PLACE = Transform.identity()
BESIDE = Transform(np.eye(3), np.array([0.06, 0.0, 0.0]))
# nothing but parallax
EXACT = SisterSettings(sister_centre_noise=0.001, sister_size_noise=0.001, sister_calibration_px=0.0)


def turned(roll: float, pitch: float, yaw: float) -> Transform:
    return Transform.from_euler(roll, pitch, yaw, np.zeros(3))


def test_boxes_of_a_camera_of_half_the_size_are_twice_as_large():
    boxes = np.array([[10, 20, 50, 120], [100.5, 3, 140, 99]], np.float32)
    mapped = SisterCamera(RGB, EVENTS, SAME_PLACE).map(boxes)
    np.testing.assert_allclose(mapped.boxes, 2 * boxes, atol=1e-3)
    assert mapped.rows.tolist() == [0, 1]


@settings(max_examples=50)
@given(
    angles=st.tuples(*[st.floats(-0.2, 0.2)] * 3), depth=st.floats(0.5, 100), x=st.floats(40, 280), y=st.floats(40, 200)
)
def test_without_a_baseline_points_go_where_the_rotation_takes_them_at_any_depth(angles, depth, x, y):
    sister2camera = turned(*angles)
    pixel = np.array([[x, y]])
    ray = np.linalg.inv(EVENTS.matrix) @ (x - 0.5, y - 0.5, 1)
    seen = RGB.matrix @ sister2camera.rotation @ ray
    expected = seen[:2] / seen[2] + 0.5
    mapped = SisterCamera(RGB, EVENTS, sister2camera).map_points(pixel, np.array([depth]))
    np.testing.assert_allclose(mapped[0], expected, atol=1e-6)


def test_a_box_that_is_turned_by_a_right_angle_changes_its_sides():
    sister = CameraModel.pinhole(480, 640, 2 * np.arctan(240 / RGB.matrix[0, 0]))
    mapped = SisterCamera(RGB, sister, turned(0, 0, np.pi / 2), EXACT).map(np.array([[200, 300, 240, 400]], np.float32))
    np.testing.assert_allclose(xyxy_to_cxcywh(mapped.boxes)[0, 2:], [100, 40], rtol=0.02)


def test_a_lens_that_bends_is_taken_into_account():
    bent = CameraModel(320, 240, EVENTS.matrix, np.array([-0.3, 0.1, 0, 0]))
    box = np.array([[58, 58, 62, 64]], np.float32)
    straight = RGB.project(bent.pixels_to_rays(np.array([[59.5, 60.5]])))[0] + 0.5
    mapped = xyxy_to_cxcywh(SisterCamera(RGB, bent, SAME_PLACE, EXACT).map(box).boxes)[0]
    np.testing.assert_allclose(mapped[:2], straight, atol=0.2)
    assert np.abs(mapped[:2] - (120, 122)).min() > 5


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_error_by_parallax_is_that_of_many_drawn_depths(seed):
    random = np.random.default_rng(seed)
    prior = SisterSettings(sister_nearest_m=3.0, sister_depth_m=8.0, **NO_NOISE)
    sister2camera = Transform.from_euler(0.01, -0.02, 0.03, random.uniform(-0.1, 0.1, 3))
    sister = SisterCamera(RGB, EVENTS, sister2camera, prior)
    corner = random.uniform(40, 180, 2)
    box = np.array([[*corner, *(corner + random.uniform(10, 50, 2))]], np.float32)
    drawn = 8.0 * np.exp(prior.log_depth_sigma * random.standard_normal(4000))
    middle = np.repeat(xyxy_to_cxcywh(box)[:, :2], len(drawn), axis=0)
    places = sister.map_points(middle, drawn)
    mapped = sister.map(box)
    np.testing.assert_allclose(xyxy_to_cxcywh(mapped.boxes)[0, :2], places.mean(axis=0), atol=0.3)
    parallax = np.sqrt(np.maximum(mapped.sigmas[0, :2] ** 2 - own_variance(box, prior), 0))
    np.testing.assert_allclose(parallax, places.std(axis=0), rtol=0.1, atol=0.15)


NO_NOISE = {"sister_centre_noise": 0.001, "sister_size_noise": 0.001, "sister_calibration_px": 0.0}


def own_variance(box: np.ndarray, noise: SisterSettings) -> np.ndarray:
    return (noise.sister_centre_noise * 2 * xyxy_to_cxcywh(box)[0, 2:]) ** 2


def test_the_ground_tells_how_far_a_box_is():
    # both cameras look ahead, 1.2 m above the ground, 20 cm apart
    sister2camera = Transform(np.eye(3), np.array([0.2, 0.0, 0.0]))
    camera2map = Transform(np.eye(3), np.array([0, 0, 1.2])) @ OPTICAL2BODY
    sister = SisterCamera(RGB, EVENTS, sister2camera, EXACT)
    # somebody who stands 3 m ahead
    foot, head = (EVENTS.project(np.array([[0.4, y, 3.0]]))[0] + 0.5 for y in (1.2, -0.5))
    box = np.array([[foot[0] - 12, head[1], foot[0] + 12, foot[1]]], np.float32)
    truth = RGB.project(np.array([[0.6, 1.2, 3.0]]))[0, 0] + 0.5
    unknown, known = sister.map(box), sister.map(box, camera2map)
    assert abs(xyxy_to_cxcywh(known.boxes)[0, 0] - truth) < 1.0
    assert abs(xyxy_to_cxcywh(unknown.boxes)[0, 0] - truth) > 5.0
    assert known.sigmas[0, 0] < 0.3 * unknown.sigmas[0, 0]
    # what does not stand on it is known as badly as without it
    above = np.array([[150, 20, 170, 80]], np.float32)
    np.testing.assert_allclose(sister.map(above, camera2map).sigmas, sister.map(above).sigmas)


def test_noise_grows_with_the_box_and_the_focal_length():
    box = np.array([[100, 100, 140, 180]], np.float32)
    noise = SisterSettings(sister_centre_noise=0.1, sister_size_noise=0.3, sister_calibration_px=0.0)
    sigmas = SisterCamera(RGB, EVENTS, SAME_PLACE, noise).map(box).sigmas
    np.testing.assert_allclose(sigmas, [[8, 16, 24, 48]], rtol=1e-3)


def test_what_is_not_in_the_image_is_left_out_and_what_reaches_out_is_cut():
    narrow = CameraModel.pinhole(640, 480, np.radians(40))
    left, right = narrow.width / 2 - 40, narrow.width / 2 + 40
    boxes = np.array([[5, 100, 25, 140], [80, 100, 120, 140], [150, 110, 170, 130]], np.float32)
    mapped = SisterCamera(narrow, EVENTS, SAME_PLACE, EXACT).map(boxes)
    assert mapped.rows.tolist() == [1, 2]
    assert mapped.boxes[0, 0] == 0
    assert left < xyxy_to_cxcywh(mapped.boxes)[1, 0] < right


def test_a_box_cut_by_the_narrower_image_of_the_sister_is_known_badly_to_that_side():
    narrow = CameraModel.pinhole(320, 240, np.radians(40))
    whole, cut = (
        SisterCamera(RGB, narrow, SAME_PLACE, EXACT)
        .map(np.array([[100, 60, 160, 180], [260, 60, 320, 180]], np.float32))
        .sigmas
    )
    assert cut[2] > 10 * whole[2]
    assert cut[3] == pytest.approx(whole[3])


def test_no_boxes_are_no_boxes():
    mapped = SisterCamera(RGB, EVENTS, BESIDE).map(np.zeros((0, 4), np.float32))
    assert mapped.boxes.shape == (0, 4)
    assert mapped.sigmas.shape == (0, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        # the transform of body frames, or the other way round in a rear camera
        Transform.from_euler(0, np.pi, 0, np.zeros(3)),
        Transform(np.eye(3), np.array([np.nan, 0, 0])),
    ],
)
def test_a_transform_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError, match="sister2camera"):
        SisterCamera(RGB, EVENTS, wrong)


def test_the_nearest_is_nearer_than_the_usual():
    with pytest.raises(SettingsError, match="sister_nearest_m below sister_depth_m"):
        SisterSettings(sister_nearest_m=6.0)
