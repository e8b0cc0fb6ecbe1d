"""Rendered folders: what cameras of other kinds write, and what robots believe."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from mobinet.events import Events
from mobinet.recordings.event_files import open_event_file
from mobinet.sim.contacts import contacts_of
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.export import ExportSettings, export_world
from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world

# a robot with a camera of every kind drives towards a person whom a cyclist runs into
WORLD = """
world_version: 1
seed: 4
duration: 1
people:
  anna: {at: [4, 0, 0]}
cyclists:
  gus: {path: [[4, -3], [4, 3]], speed: 6}
robots:
  r1:
    path: [[0, 0], [1, 0]]
    speed: 1
    odometry: {distance_scale: 0.1}
    localised: false
    cameras:
      colour: {mount: [0.2, 0, 1.2, 0, 0, 0], width: 64, height: 48, horizontal_fov_deg: 75, rate: 5}
      deep: {mount: [0.2, 0, 1.2, 0, 0, 0], width: 64, height: 48, horizontal_fov_deg: 75, rate: 5, type: depth}
      both: {mount: [0.2, 0, 1.2, 0, 0, 0], width: 64, height: 48, horizontal_fov_deg: 75, rate: 5, type: rgbd}
      event: {mount: [0.2, 0, 1.2, 0, 0, 0], width: 64, height: 48, horizontal_fov_deg: 75, rate: 5, type: events}
"""


@pytest.fixture(scope="module")
def world_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "yard.yaml"
    path.write_text(WORLD)
    return path


@pytest.fixture(scope="module")
def out(world_path: Path, tmp_path_factory: pytest.TempPathFactory, simulate) -> Path:
    simulate(WORLD)
    out = tmp_path_factory.mktemp("rendered") / "out"
    export_world(load_world(world_path), world_path, out, ExportSettings(formats=("coco",)))
    return out


@pytest.mark.parametrize(
    ("camera", "folders"),
    [("colour", {"img1"}), ("deep", {"depth"}), ("both", {"img1", "depth"}), ("event", set())],
)
def test_a_camera_writes_what_it_sees(out: Path, camera: str, folders: set[str]) -> None:
    folder = out / "r1" / camera
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"gt", *folders}
    for name in folders:
        assert len(list((folder / name).iterdir())) == 5
    assert (folder / "events.raw").exists() == (camera == "event")
    assert len((folder / "truth.jsonl").read_text().splitlines()) == 5


def test_depths_are_those_of_the_person(out: Path) -> None:
    box = next(
        thing["box"]
        for thing in json.loads((out / "r1/deep/truth.jsonl").read_text().splitlines()[0])["objects"]
        if thing["name"] == "anna"
    )
    depth = cv2.imread(str(out / "r1/deep/depth/000001.png"), cv2.IMREAD_UNCHANGED)
    x, y = round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2)
    assert 3500 < depth[y, x] < 3900  # she stands 3.8 m before the camera


def test_coco_has_cameras_with_colours_and_the_rig_those_of_events_too(out: Path) -> None:
    images = json.loads((out / "coco/instances.json").read_text())["images"]
    assert {image["camera"] for image in images} == {"r1/colour", "r1/both"}
    rig = (out / "rig.yaml").read_text()
    assert "# r1/deep: neither colour images nor events, so not played." in rig
    assert yaml.safe_load(rig)["robots"]["r1"]["cameras"]["event"]["type"] == "events"
    assert "r1/both/img1" in rig
    assert "r1/deep/img1" not in rig


def test_events_are_those_of_the_camera(out: Path, world_path: Path) -> None:
    file = open_event_file(out / "r1/event/events.raw")
    events = Events.concatenate(list(file.pieces()))
    assert file.size == (64, 48)
    with Simulation(load_world(world_path)) as simulation:
        view = next(view for view in simulation.views if view.camera.kind == "events")
        expected = EventCamera(simulation, view, view.camera.events).advance(1_000_000_000)
    assert len(events) > 100
    for name in ("t_ns", "x", "y", "polarity"):
        np.testing.assert_array_equal(getattr(events, name), getattr(expected, name))


def test_what_a_robot_believes_is_beside_the_truth(out: Path) -> None:
    poses, believed, odometry = (
        np.loadtxt(out / f"r1/colour/{name}.txt") for name in ("poses", "believed_poses", "odometry")
    )
    assert poses.shape == believed.shape == odometry.shape == (5, 8)
    np.testing.assert_array_equal(poses[:, 0], believed[:, 0])
    gone, measured = poses[-1, 1] - poses[0, 1], odometry[-1, 1] - odometry[0, 1]
    assert gone > 0.4
    assert measured == pytest.approx(1.1 * gone, rel=0.02)  # its wheels measure a tenth too much
    np.testing.assert_allclose(believed[:, 1] - believed[0, 1], odometry[:, 1] - odometry[0, 1], atol=1e-5)


def test_encounters_are_listed(out: Path, world_path: Path) -> None:
    rows = list(csv.DictReader((out / "contacts.csv").read_text().splitlines()))
    expected = contacts_of(load_world(world_path))
    assert [(row["first"], row["second"], row["kind"], int(row["begin_ns"])) for row in rows] == [
        (one.first, one.second, one.kind, one.begin_ns) for one in expected
    ]
    assert ("anna", "gus", "collision") in {(row["first"], row["second"], row["kind"]) for row in rows}
    for row, one in zip(rows, expected, strict=True):
        assert [float(row[name]) for name in "xyz"] == pytest.approx(one.position, abs=1e-4)
        assert row["pet_s"] == (f"{one.pet_s:.4f}" if np.isfinite(one.pet_s) else "")


def test_later_encounters_are_left_out(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)
    begins_s = [one.begin_ns / 1e9 for one in contacts_of(load_world(world_path))]
    assert min(begins_s) > 0.21
    export_world(load_world(world_path), world_path, tmp_path / "out", ExportSettings(0.2, formats=("reid",)))
    assert len((tmp_path / "out/contacts.csv").read_text().splitlines()) == 1
