"""Training images made of rectangles, so that nothing is rendered."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest


class WithoutTorch(pytest.Module):
    """Stands for a file of tests that cannot even be imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip("needs PyTorch: pip install './mobinet[train]'", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if importlib.util.find_spec("torch") is None:
        return WithoutTorch.from_parent(parent, path=module_path)
    return None


@pytest.fixture
def images_dir(tmp_path: Path) -> Path:
    """Two worlds with two images of 96 x 64 pixels; people are light and upright, cars dark and wide."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "worlds").mkdir()
    draw = np.random.default_rng(1)
    for world in (1, 2):
        records = []
        for number in range(2):
            image = draw.integers(80, 120, (64, 96, 3)).astype(np.uint8)
            x, y = (int(value) for value in draw.integers(2, 20, 2))
            image[y : y + 36, x : x + 14] = 230
            image[40:56, 50:80] = 10
            name = f"{world:07d}_{number:02d}.jpg"
            cv2.imwrite(str(folder / "images" / name), image)
            person = {"class": "person", "identity": 1, "box": [x, y, x + 14, y + 36], "visibility": 1.0}
            car = {"class": "car", "identity": 2, "box": [50, 40, 80, 56], "visibility": 1.0}
            records.append({"file": name, "camera": "r1/front", "objects": [person, car]})
        (folder / "worlds" / f"{world:07d}.json").write_text(json.dumps(records))
    return folder
