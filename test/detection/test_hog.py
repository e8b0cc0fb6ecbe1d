"""OpenCV's people detector behind our interface."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mobinet.detection import DetectorSettings, make_detector
from mobinet.detection.hog import people_in_windows
from mobinet.types import Frame


def test_the_person_is_the_middle_of_the_window():
    # a window of 64 x 128 at (10, 20): three quarters of its width, seven eighths of its height
    np.testing.assert_allclose(people_in_windows(np.array([[10, 20, 64, 128]], np.float32)), [[18, 28, 66, 140]])


@pytest.mark.parametrize(
    "image",
    [
        # nothing in it
        np.full((200, 200, 3), 90, np.uint8),
        # grey
        np.full((200, 200), 90, np.uint8),
        # smaller than one window
        np.zeros((50, 40, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
    ],
)
def test_finds_nobody_in_an_empty_image(image):
    assert len(make_detector(DetectorSettings(model="hog")).detect([Frame(0, "c", image)])[0]) == 0


@pytest.mark.recordings
def test_finds_a_person(data_dir):
    # the first frame of the campus recording shows several people 200 pixels high
    image = cv2.VideoCapture(str(data_dir / "mot" / "TUD-Campus" / "TUD-Campus.mp4")).read()[1]
    for view in (image, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)):
        found = make_detector(DetectorSettings(model="hog", score_threshold=0.6)).detect([Frame(0, "c", view)])[0]
        assert len(found) >= 1
        assert set(found.class_names) == {"person"}
        assert (found.boxes[:, 3] - found.boxes[:, 1]).max() > 100
