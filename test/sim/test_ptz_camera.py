"""Cameras of a world that pan, tilt and zoom: what the file may say, and that picture, truth and lens agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import MissingDependencyError, SettingsError
from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world

WORLD = """
world_version: 1
seed: 3
duration: 10
antialias: false
people:
  anna: {at: [6, 2.4, 180]}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      eye: {mount: [0, 0, 1.2, 0, 0, 0], width: 160, height: 120, horizontal_fov_deg: 40, rate: 10, %s}
"""
SECOND_NS = 1_000_000_000


def world(folder: Path, ptz: str) -> Path:
    path = folder / "room.yaml"
    path.write_text(WORLD % ptz)
    return path


def test_truth_and_picture_are_those_of_where_it_looks(tmp_path: Path) -> None:
    """Anna, at the edge at home, is in the middle and twice as high when it looks at her."""
    loaded = load_world(world(tmp_path, "ptz: {pan_limits_deg: [-90, 90]}"))
    try:
        simulation = Simulation(loaded)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    with simulation:
        view = simulation.views[0]
        home = simulation.truth(view, 0)
        focal = simulation.model(view, 0).matrix[0, 0]
        simulation.mounts["r1/eye"].go_to(0, float(np.arctan2(2.4, 6)), 0.0, 2.0)
        truth = simulation.truth(view, 5 * SECOND_NS)
        assert not home or home[0].box[2] < 20
        (anna,) = truth
        assert (anna.box[0] + anna.box[2]) / 2 == pytest.approx(80, abs=6)
        assert simulation.model(view, 5 * SECOND_NS).matrix[0, 0] == pytest.approx(2 * focal)
        shown = simulation.identities(view, 5 * SECOND_NS)
        assert shown[60, 75:85].max() == anna.identity


@pytest.mark.parametrize(
    ("ptz", "match"),
    [
        ("type: events, ptz: {}", "ptz.*events"),
        ("ptz: {zoom_limits: [3, 2]}", "zoom_limits"),
        ("ptz: {speed: 3}", "speed"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, ptz: str, match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        load_world(world(tmp_path, ptz))
