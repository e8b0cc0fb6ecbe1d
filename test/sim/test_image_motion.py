from __future__ import annotations

from collections.abc import Callable

import pytest

from mobinet.sim.image_motion import ImageMotion
from mobinet.sim.simulation import Simulation

# the camera looks along x, 160 pixels wide with a focal length of 100 pixels
WORLD = """
world_version: 1
seed: 1
duration: 20
%s
robots:
  r1:
    %s
    cameras:
      front: {mount: [0, 0, 1, 0, 0, %s], width: 161, height: 121, horizontal_fov_deg: 77.66, rate: 10}
"""
MS = 1_000_000

Simulate = Callable[..., Simulation]


def motion(simulation: Simulation) -> ImageMotion:
    return ImageMotion(simulation, simulation.views[0])


def test_nothing_moves(simulate: Simulate) -> None:
    world = WORLD % ("people: {anna: {at: [5, 0, 0]}}", "at: [0, 0, 0]", 0)
    assert motion(simulate(world)).displacement_px(0, 500 * MS) == 0.0


def test_a_car_that_passes(simulate: Simulate) -> None:
    """Its near side, at 9 - 0.9 m, moves by 100 * 5 / 8.1 pixels a second."""
    world = WORLD % ("cars: {car: {path: [[9, 8], [9, -8]], speed: 5, mode: return}}", "at: [0, 0, 0]", 0)
    found = motion(simulate(world)).displacement_px(1600 * MS, 1610 * MS)
    # wheels turn, which moves the boxes around them
    assert 0.617 * 0.98 < found < 0.617 * 1.6


def test_what_is_out_of_the_image_does_not_count(simulate: Simulate) -> None:
    world = WORLD % ("cars: {car: {path: [[-9, 8], [-9, -8]], speed: 5}}", "at: [0, 0, 0]", 0)
    assert motion(simulate(world)).displacement_px(1600 * MS, 1610 * MS) == 0.0


def test_a_camera_that_drives_past_a_wall(simulate: Simulate) -> None:
    """It looks to its left; the wall's face is 5 - 0.1 m away. The ground at the lower border is 1.67 m away."""
    wall = "walls: {wall: {from: [-40, 5], to: [40, 5], height: 3, thickness: 0.2}}"
    world = WORLD % (wall, "path: [[-5, 0], [15, 0]]\n    speed: 2", 1.5708)
    found = motion(simulate(world)).displacement_px(3000 * MS, 3010 * MS)
    assert found == pytest.approx(100 * 0.02 / (1 / 0.6), rel=0.03)


def test_a_camera_that_turns(simulate: Simulate) -> None:
    """The sky moves too: by at least the focal length times the angle."""
    world = WORLD % ("", "path: [[0, 0], [4, 0], [4, 4]]\n    speed: 1", 0)
    simulation = simulate(world)
    start, end = 3900 * MS, 3950 * MS
    poses = [simulation.optical_pose(simulation.views[0], time) for time in (start, end)]
    # sine of the angle about the optical frame's y axis
    turned = abs(float((poses[0].rotation.T @ poses[1].rotation)[0, 2]))
    assert turned > 0.02
    found = motion(simulation).displacement_px(start, end)
    assert found > 100 * turned
