"""Thresholds from scores, judged on objects that the calibration has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.reid.gallery import Calibration, Enrolment, GallerySettings, calibrate, open_gallery
from mobinet.reid.gallery.codec import calibration_from_text, calibration_text

EVEN = Calibration(tuple(np.linspace(0.5, 1, 100)), tuple(np.linspace(0, 0.6, 100)), (100, 100), 50)


def drawn(seed: int, objects: int, views: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Views of objects in 32 dimensions, and whose they are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(objects, 32))
    whose = np.repeat(np.arange(objects), views)
    return (centres[whose] + noise * rng.normal(size=(len(whose), 32))).astype(np.float32), whose


def test_thresholds_are_ranks_of_the_scores():
    found = EVEN.thresholds(0.1, 0.05, 50)
    # of 100 samples the 91st impostor and the 6th genuine score from below: (1 - rate) * 101, rounded up
    assert found.known == pytest.approx(np.linspace(0, 0.6, 100)[90], abs=1e-6)
    assert found.new == pytest.approx(np.linspace(0.5, 1, 100)[4], abs=1e-6)


def test_a_larger_gallery_asks_for_more():
    small, large = (EVEN.thresholds(0.1, 0.05, size).known for size in (50, 500))
    assert large > small
    assert EVEN.thresholds(0.1, 0.05, 5).known == small  # a smaller one not for less


def test_what_few_samples_cannot_show_is_the_best_that_they_show():
    assert EVEN.thresholds(1e-6, 0.05, 50).known == pytest.approx(0.6, abs=1e-6)


def test_without_overlap_all_between_is_unsure():
    apart = Calibration(tuple(np.linspace(0.8, 1, 50)), tuple(np.linspace(0, 0.3, 50)), (50, 50), 20)
    found = apart.thresholds(0.01, 0.01, 20)
    assert (found.new, found.known) == (pytest.approx(0.3, abs=1e-6), pytest.approx(0.8, abs=1e-6))


@pytest.mark.parametrize(("noise", "rate"), [(0.6, 0.05), (0.8, 0.05), (0.8, 0.2)])
def test_strangers_are_accepted_as_rarely_as_asked(tmp_path, noise, rate):
    vectors, whose = drawn(1, 150, 4, noise)
    strangers, _ = drawn(2, 600, 1, noise)
    settings = GallerySettings(false_accepts=rate, margin=0.0, same_view=1.0)
    with open_gallery(tmp_path / "a", "net:1", 32, settings) as gallery:
        gallery.enroll_all([Enrolment(vectors[whose == one], 1) for one in range(150)])
        gallery.set_calibration(calibrate(vectors, whose))
        limits = gallery.thresholds()
        accepted = np.mean([match.score >= limits.known for match in gallery.identify_each(strangers)])
    # three standard deviations of 600 draws above
    assert accepted <= rate + 3 * np.sqrt(rate * (1 - rate) / 600)


def test_lasts(tmp_path):
    vectors, whose = drawn(3, 40, 3, 0.5)
    with open_gallery(tmp_path / "a", "net:1", 32) as gallery:
        assert gallery.calibration is None
        gallery.set_calibration(calibrate(vectors, whose))
        before = gallery.thresholds()
    with open_gallery(tmp_path / "a") as gallery:
        assert gallery.thresholds() == before
        assert calibration_from_text(calibration_text(gallery.calibration)) == gallery.calibration


def test_keeps_the_ends_of_long_lists():
    vectors, whose = drawn(4, 600, 3, 0.5)
    found = calibrate(vectors, whose)
    assert found.samples == (1800, 1800)
    assert len(found.genuine) == len(found.impostor) == 1000
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.where(whose[:, None] == whose, -1, unit @ unit.T)
    assert found.impostor[-1] == pytest.approx(scores.max(), abs=1e-5)


def test_refuses_too_few():
    vectors, whose = drawn(5, 30, 1, 0.5)
    with pytest.raises(InputError, match="at least 20 views"):
        calibrate(vectors, whose)
    with pytest.raises(InputError, match="one for each of 30"):
        calibrate(vectors, whose[:-1])
