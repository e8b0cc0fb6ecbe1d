from __future__ import annotations

import numpy as np
import pytest

from mobinet.tracking import TrackerSettings, motion

SETTINGS = TrackerSettings()
BOX = np.array([[100.0, 50.0, 40.0, 80.0]])


def moving(velocity: tuple[float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    means, covariances = motion.initiate(BOX, SETTINGS)
    means[:, 4:] = velocity
    return means, covariances


def test_new_tracks_rest_at_their_detection():
    means, covariances = motion.initiate(BOX, SETTINGS)
    np.testing.assert_array_equal(means, [[100, 50, 40, 80, 0, 0, 0, 0]])
    assert np.sqrt(covariances[0, 1, 1]) == pytest.approx(SETTINGS.measurement_noise * 80)
    assert np.sqrt(covariances[0, 4, 4]) == pytest.approx(SETTINGS.initial_speed * 40)


def test_prediction_follows_the_velocity():
    means, _ = motion.predict(*moving((10, -20, 2, 4)), 0.5, SETTINGS)
    np.testing.assert_allclose(means, [[105, 40, 41, 82, 10, -20, 2, 4]])


def test_two_short_steps_equal_a_long_one():
    state = moving((30, 10, 0, 0))
    long_means, long_covariances = motion.predict(*state, 0.3, SETTINGS)
    means, covariances = motion.predict(*motion.predict(*state, 0.1, SETTINGS), 0.2, SETTINGS)
    np.testing.assert_allclose(means, long_means)
    np.testing.assert_allclose(covariances, long_covariances)


def test_prediction_matches_the_textbook_matrices():
    random = np.random.default_rng(1)
    means, covariances = motion.initiate(random.uniform(50, 100, (3, 4)), SETTINGS)
    root = random.normal(size=(3, 8, 8))
    covariances = root @ root.transpose(0, 2, 1)
    dt = 0.2
    transition = np.eye(8) + dt * np.eye(8, k=4)
    for row in range(3):
        width, height = means[row, 2:4]
        noise = np.array([width, height, width, height]) * np.repeat(
            (SETTINGS.acceleration_noise, SETTINGS.resize_noise), 2
        )
        step = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        expected = transition @ covariances[row] @ transition.T + np.kron(step, np.diag(noise**2))
        got_means, got = motion.predict(means, covariances, dt, SETTINGS)
        np.testing.assert_allclose(got[row], expected)
        np.testing.assert_allclose(got_means[row], transition @ means[row])


def test_update_matches_the_textbook_matrices():
    means, covariances = motion.predict(*moving((10, 5, 1, -1)), 0.1, SETTINGS)
    measurement = BOX + np.array([3.0, -2.0, 1.0, 4.0])
    observe = np.eye(4, 8)
    noise = np.diag((SETTINGS.measurement_noise * np.tile(means[0, 2:4], 2)) ** 2)
    gain = covariances[0] @ observe.T @ np.linalg.inv(observe @ covariances[0] @ observe.T + noise)
    got_means, got = motion.update(means, covariances, measurement, SETTINGS)
    np.testing.assert_allclose(got_means[0], means[0] + gain @ (measurement[0] - observe @ means[0]))
    np.testing.assert_allclose(got[0], (np.eye(8) - gain @ observe) @ covariances[0], atol=1e-9)


def test_boxes_never_turn_inside_out():
    means, _ = motion.predict(*moving((0, 0, -100, -500)), 1.0, SETTINGS)
    assert (means[:, 2:4] == motion.MIN_SIZE_PX).all()
    assert (means[:, 6:8] == 0).all()


@pytest.mark.parametrize("dt", [1e-6, 0.03, 5.0])
def test_covariances_stay_sound(dt):
    means, covariances = motion.initiate(BOX, SETTINGS)
    for _ in range(500):
        means, covariances = motion.predict(means, covariances, dt, SETTINGS)
        means, covariances = motion.update(means, covariances, BOX, SETTINGS)
    np.testing.assert_array_equal(covariances, covariances.transpose(0, 2, 1))
    assert np.linalg.eigvalsh(covariances).min() > 0


def test_noise_grows_with_the_box():
    small = motion.predict(*motion.initiate(BOX, SETTINGS), 0.1, SETTINGS)[1]
    large = motion.predict(*motion.initiate(10 * BOX, SETTINGS), 0.1, SETTINGS)[1]
    np.testing.assert_allclose(large, 100 * small)


def test_velocity_is_learnt_from_detections():
    means, covariances = motion.initiate(BOX, SETTINGS)
    for step in range(1, 30):
        moved = BOX + np.array([4.0 * step, 0.0, 0.0, 0.0])
        means, covariances = motion.predict(means, covariances, 0.1, SETTINGS)
        means, covariances = motion.update(means, covariances, moved, SETTINGS)
    np.testing.assert_allclose(means[0, 4:6], [40, 0], atol=1.0)
