"""Small recordings whose images tell their own number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.types import Image

COUNT, WIDTH, HEIGHT, RATE = 30, 64, 48, 10.0


def numbered_image(index: int) -> Image:
    """Grey of brightness ``8 * index``: survives lossy codecs within some levels."""
    return np.full((HEIGHT, WIDTH, 3), 8 * index, np.uint8)


def number_of(image: Image) -> int:
    return round(float(image.mean()) / 8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """30 numbered images of 64x48 at 10 images per second."""
    path = tmp_path / "numbered.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    for index in range(COUNT):
        writer.write(numbered_image(index))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """12 numbered images, so that the order of names is not that of numbers."""
    path = tmp_path / "images"
    path.mkdir()
    for index in range(12):
        cv2.imwrite(str(path / f"image{index}.png"), numbered_image(index))
    (path / "notes.txt").write_text("no image")
    return path


@pytest.fixture
def gradient(tmp_path: Path) -> Callable[[int], Path]:
    """A folder of equal images whose blue is the column and green is the row of each pixel."""

    def make(count: int) -> Path:
        path = tmp_path / "gradient"
        path.mkdir()
        image = np.zeros((100, 200, 3), np.uint8)
        image[..., 0], image[..., 1] = np.arange(200), np.arange(100)[:, None]
        for index in range(count):
            cv2.imwrite(str(path / f"{index:03}.png"), image)
        return path

    return make
