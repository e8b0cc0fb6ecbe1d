from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.tracking import ImageMotion, Tracker, TrackerSettings, ground_homography, motion, rotation_homography
from mobinet.tracking.camera_motion import checked_motion, move
from mobinet.tracking.table import TrackTable
from mobinet.types import Detections, Float64, Frame, Image

MATRIX = np.array([[500.0, 0.0, 320.0], [0.0, 500.0, 240.0], [0.0, 0.0, 1.0]])
SETTINGS = TrackerSettings(confirm_hits=1)
NO_BOXES = np.zeros((0, 4), np.float32)


def turn(axis: int, radians: float) -> Float64:
    vector = np.zeros(3)
    vector[axis] = radians
    return cv2.Rodrigues(vector)[0].astype(np.float64)


def table_of(box: tuple[float, ...], velocity: tuple[float, float] = (0.0, 0.0)) -> TrackTable:
    table = TrackTable.of_size(1)
    motion.initiate(table, np.array([box], np.float64), SETTINGS)
    table.velocities[:, :2] = velocity
    return table


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_turn_moves_pixels_as_its_rays(axis):
    camera2before = turn(axis, 0.1)
    ray = np.array([0.3, -0.2, 1.0])
    before, now = MATRIX @ ray, MATRIX @ (camera2before.T @ ray)
    mapped = rotation_homography(MATRIX, camera2before) @ (before / before[2])
    np.testing.assert_allclose(mapped[:2] / mapped[2], now[:2] / now[2])


def test_ground_moves_as_a_camera_that_drives_sees_it():
    before = Transform.from_euler(0, 0.1, 0.2, np.array([1.0, 2.0, 1.2])) @ OPTICAL2BODY
    now = Transform.from_euler(0, 0.05, 0.5, np.array([1.6, 2.3, 1.3])) @ OPTICAL2BODY
    for place in (np.array([6.0, 3.0, 0.0]), np.array([9.0, 5.0, 0.0])):
        seen = [MATRIX @ (pose.inverse().rotation @ place + pose.inverse().translation) for pose in (before, now)]
        mapped = ground_homography(MATRIX, before, now) @ seen[0]
        np.testing.assert_allclose(mapped[:2] / mapped[2], seen[1][:2] / seen[1][2])


def test_a_camera_below_the_ground_gets_its_turn():
    before = Transform.from_euler(0, 0, 0.2, np.array([1.0, 2.0, -1.2])) @ OPTICAL2BODY
    now = Transform.from_euler(0, 0, 0.5, np.array([1.6, 2.3, -1.2])) @ OPTICAL2BODY
    expected = rotation_homography(MATRIX, before.rotation.T @ now.rotation)
    np.testing.assert_allclose(ground_homography(MATRIX, before, now), expected)


def test_boxes_stay_on_their_feet():
    # what stands lower, nearer, moves more: the lower side of the box says how much
    table = table_of((100, 100, 40, 80))
    shear = np.array([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]])
    move(table, shear)
    np.testing.assert_allclose(table.boxes, [[170, 100, 40, 80]])
    np.testing.assert_allclose(table.observed, [[170, 100, 40, 80]])


def test_a_shift_moves_boxes_and_what_was_seen():
    table = table_of((100, 100, 40, 80), (5, 3))
    move(table, np.array([[1.0, 0, 20], [0, 1, -10], [0, 0, 1]]))
    np.testing.assert_allclose(table.boxes, [[120, 90, 40, 80]])
    np.testing.assert_allclose(table.observed, [[120, 90, 40, 80]])
    np.testing.assert_allclose(table.velocities[0], [5, 3, 0, 0])


def test_a_zoom_scales_sizes_velocities_and_spreads():
    table, plain = table_of((100, 100, 40, 80), (5, 3)), table_of((100, 100, 40, 80))
    move(table, np.diag([2.0, 2.0, 1.0]))
    np.testing.assert_allclose(table.boxes, [[200, 200, 80, 160]])
    np.testing.assert_allclose(table.velocities[0], [10, 6, 0, 0])
    np.testing.assert_allclose(table.variances, 4 * plain.variances)
    np.testing.assert_allclose(table.velocity_variances, 4 * plain.velocity_variances)


def test_a_quarter_turn_swaps_the_spreads_of_the_centre():
    table, plain = table_of((100, 100, 40, 80)), table_of((100, 100, 40, 80))
    move(table, np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))
    np.testing.assert_allclose(table.variances[0, :2], plain.variances[0, 1::-1])


def test_the_sign_of_a_homography_does_not_matter():
    one, other = table_of((100, 100, 40, 80)), table_of((100, 100, 40, 80))
    homography = rotation_homography(MATRIX, turn(1, 0.05))
    move(one, homography)
    move(other, -homography)
    np.testing.assert_allclose(one.numbers, other.numbers)


@pytest.mark.parametrize(
    "homography",
    [
        # the point comes to lie behind the camera
        rotation_homography(MATRIX, turn(1, 2.0)),
        # ten times as large at once
        np.diag([10.0, 10.0, 1.0]),
    ],
)
def test_motions_beyond_reason_leave_tracks_alone(homography):
    table, plain = table_of((320, 240, 40, 80)), table_of((320, 240, 40, 80))
    move(table, homography)
    np.testing.assert_array_equal(table.numbers, plain.numbers)


@pytest.mark.parametrize("bad", [np.eye(2), np.full((3, 3), np.nan), np.zeros((3, 3)), None, "left"])
def test_motions_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError, match=r"image_motion: expected a finite, invertible matrix of shape \(3, 3\)"):
        checked_motion("image_motion", bad)


def ids_after_a_pan(compensated: bool) -> list[int]:
    """Two people stand; the camera turns by 160 pixels between two images, four widths of a person."""
    tracker = Tracker(SETTINGS)
    homography = rotation_homography(MATRIX, turn(1, 0.3))
    for step in range(4):
        boxes = np.array([[x, 200, x + 40, 280] for x in (100.0, 300.0)], np.float32)
        if step == 3:
            for box in boxes:
                centre = homography @ np.array([box[0] + 20, 240, 1])
                box[::2] += centre[0] / centre[2] - box[0] - 20
        found = Detections(boxes, np.full(2, 0.9, np.float32), ("person",) * 2)
        moved = homography if step == 3 and compensated else None
        tracks = tracker.update(Frame(step * 10**8, "front", None), found, image_motion=moved)
    return [track.track_id for track in tracks if track.detection_index >= 0]


def test_tracks_survive_a_pan_that_is_known():
    assert ids_after_a_pan(compensated=True) == [1, 2]
    assert ids_after_a_pan(compensated=False) != [1, 2]


def texture(shift: tuple[int, int] = (0, 0), height: int = 240, width: int = 320) -> Image:
    random = np.random.default_rng(4)
    canvas = cv2.GaussianBlur(random.integers(0, 255, (600, 800), np.uint8), (0, 0), 3)
    canvas = cv2.normalize(canvas, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    x, y = 100 - shift[0], 100 - shift[1]
    return np.ascontiguousarray(canvas[y : y + height, x : x + width])


@pytest.mark.parametrize("colours", [False, True])
def test_a_shift_is_seen_in_the_images(colours):
    seen = ImageMotion()
    images = [texture(), texture((7, -4))]
    if colours:
        images = [cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) for image in images]
    assert seen.observe(images[0], NO_BOXES) is None
    np.testing.assert_allclose(seen.observe(images[1], NO_BOXES), [[1, 0, 7], [0, 1, -4], [0, 0, 1]], atol=0.3)


def test_the_images_may_be_written_into_afterwards():
    seen, image = ImageMotion(), texture()
    seen.observe(image, NO_BOXES)
    image[:] = texture((7, -4))
    np.testing.assert_allclose(seen.observe(image, NO_BOXES)[:2, 2], [7, -4], atol=0.3)


def test_large_images_are_made_smaller_but_the_motion_is_not():
    seen = ImageMotion()
    large = [cv2.resize(texture(shift), None, fx=3, fy=3) for shift in ((0, 0), (5, 0))]
    seen.observe(large[0], NO_BOXES)
    np.testing.assert_allclose(seen.observe(large[1], NO_BOXES)[:2, 2], [15, 0], atol=1.5)


def test_a_turn_of_a_wide_lens_is_no_shift():
    """The outer pixels of 80 degrees move by half as much again as the middle ones."""
    homography = rotation_homography(MATRIX, turn(1, 0.1))
    before = texture(height=480, width=640)
    seen = ImageMotion()
    seen.observe(before, NO_BOXES)
    found = seen.observe(cv2.warpPerspective(before, homography, (640, 480)), NO_BOXES)
    for corner in np.array([[60.0, 60, 1], [320, 240, 1], [600, 440, 1]]):
        expected, mapped = homography @ corner, found @ corner
        np.testing.assert_allclose(mapped[:2] / mapped[2], expected[:2] / expected[2], atol=2)


def test_one_part_of_the_picture_does_not_tell_of_the_rest():
    canvas, seen = np.full((240, 320), 128, np.uint8), ImageMotion()
    for shift in (0, 6):
        canvas[:] = 128
        canvas[80:140, 100 + shift : 160 + shift] = texture()[80:140, 100:160]
        motion_seen = seen.observe(canvas, NO_BOXES)
    assert motion_seen is None


def test_objects_that_move_are_left_out():
    before, after = texture(), texture()
    # most of the picture moves, and is a box
    after[:, 40:280] = texture((9, 0))[:, 40:280]
    seen = ImageMotion()
    seen.observe(before, np.array([[40, 0, 280, 240]], np.float32))
    np.testing.assert_allclose(seen.observe(after, NO_BOXES), np.eye(3), atol=0.3)


@pytest.mark.parametrize(
    "after",
    [
        # another picture, no corners, another size
        cv2.flip(texture(), -1),
        np.zeros((240, 320), np.uint8),
        texture(height=200),
    ],
)
def test_no_motion_is_better_than_a_wrong_one(after):
    seen = ImageMotion()
    seen.observe(texture(), NO_BOXES)
    assert seen.observe(after, NO_BOXES) is None
