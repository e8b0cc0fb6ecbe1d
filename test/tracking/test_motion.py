from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mobinet.tracking import TrackerSettings, motion
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64

SETTINGS = TrackerSettings()
BOX = np.array([[100.0, 50.0, 40.0, 80.0]])
ROW = np.zeros(1, np.int64)


def initiated(boxes: Float64, velocity: Sequence[float] = (0, 0, 0, 0)) -> TrackTable:
    table = TrackTable.of_size(len(boxes))
    motion.initiate(table, boxes, SETTINGS)
    table.velocities[:] = velocity
    return table


def covariances(table: TrackTable) -> Float64:
    """``(N, 8, 8)`` of the state (cx, cy, w, h, and their velocities)."""
    whole = np.zeros((len(table), 8, 8))
    box, speed = np.arange(4), np.arange(4, 8)
    whole[:, box, box] = table.variances
    whole[:, box, speed] = whole[:, speed, box] = table.covariances
    whole[:, speed, speed] = table.velocity_variances
    return whole


def states(table: TrackTable) -> Float64:
    return np.concatenate((table.boxes, table.velocities), axis=1)


def noise(box: Float64, *levels: float) -> Float64:
    """Standard deviations in proportion to the box's size: of its centre, and of its size."""
    return np.sqrt(box[2] * box[3]) * np.repeat(levels, 2)


def test_new_tracks_rest_at_their_detection():
    table = initiated(BOX)
    np.testing.assert_array_equal(states(table), [[100, 50, 40, 80, 0, 0, 0, 0]])
    np.testing.assert_array_equal(table.observed, BOX)
    size = np.sqrt(40 * 80)
    np.testing.assert_allclose(np.sqrt(table.variances[0]), SETTINGS.measurement_noise * size)
    np.testing.assert_allclose(np.sqrt(table.velocity_variances[0]), SETTINGS.initial_speed * size)


def test_prediction_follows_the_velocity():
    table = initiated(BOX, (10, -20, 2, 4))
    motion.predict(table, 0.5, SETTINGS)
    np.testing.assert_allclose(states(table), [[105, 40, 41, 82, 10, -20, 2, 4]])
    # what was seen does not move
    np.testing.assert_array_equal(table.observed, BOX)


def test_two_short_steps_equal_a_long_one():
    short, long = initiated(BOX, (30, 10, 0, 0)), initiated(BOX, (30, 10, 0, 0))
    motion.predict(long, 0.3, SETTINGS)
    motion.predict(short, 0.1, SETTINGS)
    motion.predict(short, 0.2, SETTINGS)
    np.testing.assert_allclose(short.numbers, long.numbers)


def test_prediction_matches_the_textbook_matrices():
    table = initiated(np.random.default_rng(1).uniform(50, 100, (3, 4)), (5, -3, 2, 1))
    motion.predict(table, 0.1, SETTINGS)
    before, spread, dt = states(table), covariances(table), 0.2
    motion.predict(table, dt, SETTINGS)
    transition = np.eye(8) + dt * np.eye(8, k=4)
    step = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    for row in range(3):
        level = noise(before[row], SETTINGS.acceleration_noise, SETTINGS.resize_noise)
        expected = transition @ spread[row] @ transition.T + np.kron(step, np.diag(level**2))
        np.testing.assert_allclose(covariances(table)[row], expected)
        np.testing.assert_allclose(states(table)[row], transition @ before[row])


def test_update_matches_the_textbook_matrices():
    table = initiated(np.concatenate((BOX + 300, BOX)), (10, 5, 1, -1))
    motion.predict(table, 0.1, SETTINGS)
    before, spread = states(table), covariances(table)
    measurement = BOX + np.array([3.0, -2.0, 1.0, 4.0])
    motion.update(table, np.array([1]), measurement, SETTINGS)
    observe, level = np.eye(4, 8), SETTINGS.measurement_noise
    gain = (
        spread[1]
        @ observe.T
        @ np.linalg.inv(observe @ spread[1] @ observe.T + np.diag(noise(before[1], level, level) ** 2))
    )
    np.testing.assert_allclose(states(table)[1], before[1] + gain @ (measurement[0] - observe @ before[1]))
    np.testing.assert_allclose(covariances(table)[1], (np.eye(8) - gain @ observe) @ spread[1], atol=1e-9)
    np.testing.assert_array_equal(table.observed[1:], measurement)
    # the other track got no detection
    np.testing.assert_array_equal(states(table)[0], before[0])
    np.testing.assert_array_equal(covariances(table)[0], spread[0])


def test_boxes_never_turn_inside_out():
    table = initiated(BOX, (0, 0, -100, -500))
    motion.predict(table, 1.0, SETTINGS)
    assert (table.boxes[:, 2:] == motion.MIN_SIZE_PX).all()
    assert (table.velocities[:, 2:] == 0).all()


@pytest.mark.parametrize("dt", [1e-6, 0.03, 5.0])
def test_covariances_stay_sound(dt):
    table = initiated(BOX)
    for _ in range(500):
        motion.predict(table, dt, SETTINGS)
        motion.update(table, ROW, BOX, SETTINGS)
    assert np.linalg.eigvalsh(covariances(table)).min() > 0


def test_noise_grows_with_the_box():
    small, large = initiated(BOX), initiated(10 * BOX)
    motion.predict(small, 0.1, SETTINGS)
    motion.predict(large, 0.1, SETTINGS)
    np.testing.assert_allclose(covariances(large), 100 * covariances(small))


def test_velocity_is_learnt_from_detections():
    table = initiated(BOX)
    for step in range(1, 40):
        motion.predict(table, 0.1, SETTINGS)
        motion.update(table, ROW, BOX + np.array([4.0 * step, 0.0, 0.0, 0.0]), SETTINGS)
    np.testing.assert_allclose(table.velocities[0, :2], [40, 0], atol=1.0)


@pytest.mark.parametrize(
    ("surprises", "dt_s", "expected"),
    [
        # surprises are as large as expected
        ([[1.0, 1.0], [1.0, 1.0]], 0.1, [1.0, 1.0]),
        # four times as large along x, for a whole time constant
        ([[4.0, 1.0], [4.0, 1.0]], 0.7, [4.0, 1.0]),
        # for half of one, along y
        ([[1.0, 4.0]], 0.35, [1.0, 2.0]),
        # a wrong match counts no more than four standard deviations
        ([[1000.0, 1.0]], 0.35, [4.0, 1.0]),
        # the least and the most
        ([[0.0, 16.0]], 0.7, [0.4, 8.0]),
        # nothing was seen
        (np.zeros((0, 2)), 0.1, [1.0, 1.0]),
    ],
)
def test_unrest_follows_surprises(surprises, dt_s, expected):
    settings = TrackerSettings(noise_adaptation_s=0.7)
    found = motion.follow_unrest(motion.CALM, np.array(surprises), dt_s, settings)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_unrest_is_left_alone_without_a_time_constant():
    settings = TrackerSettings(noise_adaptation_s=0.0)
    np.testing.assert_array_equal(motion.follow_unrest(motion.CALM, np.array([[9.0, 9.0]]), 0.1, settings), [1, 1])


def test_surprises_are_counted_in_standard_deviations():
    table = initiated(BOX)
    spread = np.sqrt(table.variances + motion.detection_noise(table.boxes, SETTINGS))[0]
    found = BOX + np.array([[2 * spread[0], spread[1], 0, 0]])
    np.testing.assert_allclose(motion.update(table, ROW, found, SETTINGS), [[4, 1]])


def test_a_turning_camera_gets_quicker_tracks_sideways():
    random, unrest, behind = np.random.default_rng(2), motion.CALM, []
    quick, slow = tables = initiated(BOX), initiated(BOX)
    for _ in range(40):
        shaken = BOX + np.array([[random.normal(0, 40), 0, 0, 0]])
        motion.predict(quick, 0.1, SETTINGS, unrest)
        motion.predict(slow, 0.1, SETTINGS)
        unrest = motion.follow_unrest(unrest, motion.update(quick, ROW, shaken, SETTINGS), 0.1, SETTINGS)
        motion.update(slow, ROW, shaken, SETTINGS)
        behind.append([np.abs(table.boxes - shaken).max() for table in tables])
    assert unrest[0] > 2
    assert unrest[1] == pytest.approx(0.4)
    assert np.mean(behind, axis=0)[0] < 0.8 * np.mean(behind, axis=0)[1]
