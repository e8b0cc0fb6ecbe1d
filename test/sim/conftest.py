"""Tests that draw need MuJoCo and EGL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobinet.errors import MissingDependencyError
from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world

# one person before a camera, another one wholly hidden by a wall, a car half hidden by a pillar; see the tests
SMALL_WORLD = """
world_version: 1
seed: 2
duration: 2
walls:
  screen: {from: [5, -3.5], to: [5, -1.5], height: 2.5, thickness: 0.2}
pillars:
  post: {at: [3, 1.0], radius: 0.25}
people:
  near: {path: [[4, -0.5], [4, 0.3]], speed: 0.5, shirt: red}
  behind: {at: [6.5, -3.2, 0], height: 1.7}
cars:
  car: {at: [9, 2.6, 90], colour: blue}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0.2, 0, 1.3, 0, 0.05, 0], width: 320, height: 240, horizontal_fov_deg: 75, rate: 10}
  r2:
    path: [[9, -6], [9, -5]]
    speed: 0.5
    cameras:
      left: {mount: [0.1, 0, 1.0, 0, 0, 1.57], width: 160, height: 120, horizontal_fov_deg: 60, rate: 5}
"""

# a calibration that a world may name, with distortion and its axis beside the middle
LENS = """
image_width: 320
image_height: 240
distortion_model: plumb_bob
camera_matrix: {data: [210, 0, 150, 0, 205, 130, 0, 0, 1]}
distortion_coefficients: {data: [-0.3, 0.09, 0.001, -0.001, 0]}
"""


@pytest.fixture
def small_text() -> str:
    """The YAML of the small world."""
    return SMALL_WORLD


@pytest.fixture
def small_world(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL_WORLD)
    return path


@pytest.fixture(scope="session")
def simulate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Simulation]]:
    """Makes the simulation of a world's YAML text, once a text unless ``fresh``; skips where nothing can be drawn."""
    opened: list[tuple[str, Simulation]] = []

    def make(text: str, fresh: bool = False) -> Simulation:
        for known, simulation in opened:
            if known == text and not fresh:
                return simulation
        folder = tmp_path_factory.mktemp("world")
        (folder / "lens.yaml").write_text(LENS)
        (folder / "world.yaml").write_text(text)
        try:
            opened.append((text, Simulation(load_world(folder / "world.yaml"))))
        except MissingDependencyError as error:
            pytest.skip(str(error))
        return opened[-1][1]

    yield make
    for _, simulation in opened:
        simulation.close()


@pytest.fixture
def can_draw(simulate: Callable[..., Simulation]) -> None:
    """Skips the test where nothing can be drawn."""
    simulate(SMALL_WORLD)
