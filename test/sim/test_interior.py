"""Rooms: doors and windows in walls, furniture, seats, ceilings, and cameras that people wear."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.sim.furniture import furniture_parts
from mobinet.sim.interior import FURNITURE, SEAT_HEIGHT_M, Furniture, Opening
from mobinet.sim.looks import choose_look
from mobinet.sim.people import PersonBody, gait_sway, place_person, walking_pose
from mobinet.sim.shapes import Part, Placement
from mobinet.sim.trajectory import Motion
from mobinet.sim.walls import wall_parts
from mobinet.sim.world import ObjectClass, Wall
from mobinet.sim.world_file import load_world

LOOK = choose_look(1, "somebody")
SECOND = 1_000_000_000
# one wall with a door at x = 3, a table, a sofa with somebody on it, and a wearer who goes through the door
ROOM = """
world_version: 1
seed: 4
duration: 10
light: indoor
ground: wood
walls:
  wall: {from: [0, 2], to: [6, 2], finish: wallpaper, doors: [[3, 0.9]], windows: [[1, 0.8], [5, 0.8]]}
  far: {from: [0, 5], to: [6, 5], finish: tiles}
ceilings:
  ceiling: {centre: [3, 2.5], size: [6, 5], height: 2.5}
furniture:
  table: {kind: table, at: [1, 4]}
  sofa: {kind: sofa, at: [5, 4, 180]}
people:
  sits: {seat: sofa, shirt: red}
robots:
  anna:
    worn: head
    height: 1.7
    path: [[3, 0], [3, 4]]
    speed: 1.2
    cameras:
      head: {mount: [0.1, 0, 1.6, 0, 0.1, 0], width: 64, height: 48, horizontal_fov_deg: 90, rate: 10}
"""


def write(tmp_path, text):
    path = tmp_path / "room.yaml"
    path.write_text(text)
    return path


def test_a_room_is_read(tmp_path):
    world = load_world(write(tmp_path, ROOM))
    assert world.light == "indoor"
    # in order along the wall
    assert world.walls[0].openings == (
        Opening(1, 0.8, 0.9, 2.1), Opening(3, 0.9, 0, 2.05), Opening(5, 0.8, 0.9, 2.1)
    )  # fmt: skip
    sofa = world.furniture[1]
    assert (sofa.kind, sofa.size, sofa.finish) == ("sofa", FURNITURE["sofa"].size, "fabric")
    assert world.people[0].sits
    assert world.people[0].route.waypoints[0][:2] == sofa.at
    assert world.people[0].route.heading == sofa.heading
    wearer = world.robots[0].wearer
    assert (wearer.place, wearer.look.height) == ("head", 1.7)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("doors: [[3, 0.9]]", "doors: [[5.9, 0.9]]", r"walls.wall.doors: \[5.9, 0.9\]: .* within the 6 m of the wall"),
        ("doors: [[3, 0.9]]", "doors: [[3, 0.1]]", "a width from 0.3 m"),
        ("doors: [[3, 0.9]]", "doors: [[1.5, 0.9]]", "walls.wall.doors: those at 1 and 1.5 m overlap"),
        ("doors: [[3, 0.9]]", "doors: 3", "expected a list of"),
        ("finish: wallpaper,", "finish: wallpaper, height: 2,", "need a wall of 2.1 m, got 2 m"),
        ("kind: table", "kind: throne", "furniture.table.kind: expected one of box, table"),
        ("kind: table", "knid: table", "furniture.table.knid: unknown key"),
        ("kind: table, at: [1, 4]", "kind: table, at: [1, 4], size: [0, 1, 1]", "depth, width and height from"),
        (
            "seat: sofa",
            "seat: table",
            r"people.sits.seat: expected the name of a chair or a sofa \(sofa\), got 'table'",
        ),
        ("seat: sofa", "seat: sofa, at: [1, 1]", "people.sits.at: who has a 'seat'"),
        ("worn: head", "worn: hand", "robots.anna.worn: expected one of head, chest"),
        ("worn: head\n    height: 1.7", "height: 1.7", "robots.anna.height: unknown key"),
        ("light: indoor", "light: indoors", "light: expected one of day, dusk, night, indoor"),
        ("  table: {", "  sits: {", "is also in furniture"),
        ("height: 2.5}", "height: 0}", "ceilings.ceiling.height: expected a number from 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, named):
    text = ROOM.replace(old, new)
    assert text != ROOM
    with pytest.raises(SettingsError, match=named):
        load_world(write(tmp_path, text))


@pytest.mark.parametrize(
    ("path", "obstacle"),
    [
        ("[[1, 0], [1, 3]]", "wall"),  # a window is no door
        ("[[3.3, 0], [3.3, 4]]", "wall"),  # a shoulder in the frame
        ("[[3, 3], [1, 4]]", "table"),
        ("[[3, 3], [5, 4]]", "sofa"),  # only who has it as a seat may be there
    ],
)
def test_paths_lead_through_doors_and_around_furniture(tmp_path, path, obstacle):
    text = ROOM.replace("[[3, 0], [3, 4]]", path)
    with pytest.raises(SettingsError, match=f"robots.anna.path: impossible: .*'{obstacle}'"):
        load_world(write(tmp_path, text))


def bounds(parts: tuple[Part, ...], placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner of boxes in the map."""
    half = np.einsum("pij,pj->pi", np.abs(placement.rotations), np.array([part.size for part in parts]))
    return (placement.positions - half).min(axis=0), (placement.positions + half).max(axis=0)


@pytest.mark.parametrize("kind", list(FURNITURE))
def test_furniture_fills_its_size(kind):
    usual = FURNITURE[kind]
    piece = Furniture("x", kind, (3.0, 1.0), np.pi / 2, usual.size, 0.0, usual.colour, usual.finish)
    low, high = bounds(*furniture_parts(piece))
    depth, width, height = usual.size  # turned by 90 degrees: the depth lies along y
    # frames, doors and pillows stand out a little; a bed's headboard is higher than the bed
    assert (high - low)[:2] == pytest.approx((width, depth), abs=0.12)
    assert height - 0.01 <= high[2] <= height + 0.36
    assert -0.1 <= low[2] < 0.1
    assert (low[:2] + high[:2]) / 2 == pytest.approx((3.0, 1.0), abs=0.06)


def test_a_wall_is_solid_but_for_its_openings():
    wall = Wall("w", (0, 0), (4, 0), 2.5, 0.2, "plaster", (Opening(1, 0.8, 0, 2.05), Opening(3, 1.0, 0.9, 2.1)))
    parts, placement = wall_parts(wall)
    solid = [i for i, part in enumerate(parts) if part.texture]
    area = sum(4 * parts[i].size[0] * parts[i].size[1] for i in solid)
    assert area == pytest.approx(4 * 2.5 - 0.8 * 2.05 - 1.0 * 1.2)
    low, high = bounds(parts, placement)
    assert (low[0], high[0], low[2], high[2]) == pytest.approx((0, 4, 0, 2.5))
    # nothing in the doorway between the sticks of its frame
    middle = np.array([1.0, 0.0, 1.0])
    local = np.einsum("pji,pj->pi", placement.rotations, middle - placement.positions)
    assert not (np.abs(local) <= [part.size for part in parts]).all(axis=1).any()


def test_somebody_who_sits_is_low_and_on_the_seat():
    standing = PersonBody(LOOK).place(Motion(np.zeros(3), np.zeros(3), 0.0, 0.0))
    sitting = PersonBody(LOOK, sits=True).place(Motion(np.zeros(3), np.zeros(3), 0.0, 0.0))
    assert sitting.positions[:, 2].max() == pytest.approx(standing.positions[:, 2].max() - 0.42, abs=0.08)
    left_thigh = sitting.positions[0]
    assert SEAT_HEIGHT_M < left_thigh[2] < SEAT_HEIGHT_M + 0.15
    shoes = sitting.positions[[2, 5], 2]
    assert (shoes > 0.0).all()
    assert (shoes < 0.12).all()


@pytest.mark.parametrize("place", ["head", "chest"])
def test_what_is_worn_is_still_at_rest_and_sways_gently_in_motion(place):
    resting = gait_sway(3.7, 0.0, LOOK, place)
    np.testing.assert_allclose(resting.rotation, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(resting.translation, 0, atol=1e-12)
    at = np.array([0.1, 0.0, 0.9 * LOOK.height])
    distances = np.linspace(0, 3, 200)
    moved = np.array([gait_sway(d, 1.3, LOOK, place).apply(at) for d in distances]) - at
    rise, side = np.ptp(moved[:, 2]), np.ptp(moved[:, 1])
    assert 0.02 < rise < 0.07
    assert 0.02 < side < 0.09
    turns = [gait_sway(d, 1.3, LOOK, place).rotation for d in distances]
    angles = np.degrees([np.arccos((np.trace(turn) - 1) / 2) for turn in turns])
    assert 0.5 < max(angles) < 6


def test_the_body_of_a_walker_rises_and_falls_with_its_camera():
    """The height of the head of the body, and of what is worn, have their highs and lows together."""
    distances = np.linspace(0, 1.4, 40)
    heads = [place_person(LOOK, walking_pose(d, 1.3, LOOK.height)).positions[-1, 2] for d in distances]
    worn = [gait_sway(d, 1.3, LOOK, "head").apply(np.array([0, 0, 1.6]))[2] for d in distances]
    assert np.corrcoef(heads, worn)[0, 1] > 0.95


def test_a_wearer_is_a_person_whose_camera_moves_with_the_gait(simulate):
    simulation = simulate(ROOM)
    (view,) = simulation.views
    wearer = next(actor for actor in simulation.actors if actor.name == "anna")
    assert wearer.object_class is ObjectClass.PERSON
    stamps = [SECOND + step * SECOND // 30 for step in range(40)]
    poses = [simulation.camera2base(view, stamp) for stamp in stamps]
    assert np.ptp([pose.translation[2] for pose in poses]) > 0.02
    # base_link stays on the ground, and the camera is where both say
    base = simulation.base_pose(view.robot, stamps[5])
    assert base.translation[2] == 0.0
    optical = simulation.optical_pose(view, stamps[5]).translation
    np.testing.assert_allclose(optical, base.apply(poses[5].translation), atol=1e-12)
    # who wears the camera is not in its pictures
    assert "anna" not in {thing.name for thing in simulation.truth(view, SECOND)}
    assert "sits" in {thing.name for thing in simulation.truth(view, SECOND)}


def test_a_robot_on_wheels_does_not_sway(simulate, small_text):
    simulation = simulate(small_text)
    view = simulation.views[1]
    assert simulation.camera2base(view, SECOND) is view.camera.mount


def test_a_room_is_bright_and_its_floor_is_wood(simulate):
    simulation = simulate(ROOM)
    image = simulation.image(simulation.views[0], 0)
    blue, green, red, _ = cv2.mean(image[-8:])
    assert 100 < green < 230
    assert red > green > blue


def test_a_look_does_not_depend_on_what_carries_it(tmp_path):
    world = load_world(write(tmp_path, ROOM))
    assert world.robots[0].wearer.look == replace(choose_look(4, "anna"), height=1.7)
