"""Each shipped world shows the difficulty that its first lines promise, against its own ground truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mobinet.geometry import OPTICAL2BODY
from mobinet.sim.actors import Actor, actors_of, base_pose
from mobinet.sim.contacts import COLLISION, CONTACT, NEAR_MISS, contacts_of
from mobinet.sim.world import ObjectClass, World
from mobinet.sim.world_file import find_world, load_world, scenario_names

SECOND = 1_000_000_000
CHEST = np.array([0.0, 0.0, 1.2])

# every difficulty that an evaluation needs, and its world
DIFFICULTIES = {
    "crossing": "crossing",
    "full occlusion": "occlusion",
    "distractors": "distractors",
    "fast motion": "fast_motion",
    "night": "night",
    "stop and go": "stop_and_go",
    "two robots with overlapping views": "street",
    "two of four robots out of contact": "contact_lost",
    "look-alikes": "look_alikes",
    "a lecture": "lecture",
    "a camera that turns": "square",
    "near misses and collisions": "junction",
    "two wearers in a flat": "flat",
}


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    return {name: load_world(find_world(name)) for name in scenario_names()}


def actor(world: World, name: str) -> Actor:
    return next(found for found in actors_of(world) if found.name == name)


def positions(world: World, name: str, times: np.ndarray) -> np.ndarray:
    """``(N, 2)`` metres in the map."""
    return actor(world, name).trajectory.sample(times)[0][:, :2]


def columns(world: World, name: str, times: np.ndarray, camera: int = 0) -> np.ndarray:
    """``(N,)`` pixel columns of the middle of somebody's chest in a camera of the first robot."""
    robot = world.robots[0]
    lens, found = robot.cameras[camera], []
    trajectory, own = actor(world, name).trajectory, actor(world, robot.name).trajectory
    for time_s in times:
        pose = base_pose(own.at(round(time_s * 1e9))) @ lens.mount @ OPTICAL2BODY
        point = pose.inverse().apply(trajectory.at(round(time_s * 1e9)).position + CHEST)
        found.append(lens.model.project(point[None])[0, 0])
    return np.array(found)


def test_every_difficulty_has_a_world_and_every_world_a_difficulty(worlds):
    # four_robots is for scale, patrol is what make demo shows
    assert set(DIFFICULTIES.values()) | {"four_robots", "patrol"} == set(worlds)
    assert len(set(DIFFICULTIES.values())) == len(DIFFICULTIES)


@pytest.mark.parametrize("name", scenario_names())
def test_worlds_are_short_and_small(worlds, name):
    world = worlds[name]
    assert 10 <= world.duration_s <= 120
    assert sum(len(found.body.parts) for found in actors_of(world)) <= 400


@pytest.mark.parametrize("name", sorted(set(scenario_names()) - {"junction", "patrol"}))
def test_nobody_is_hit_but_where_a_world_is_about_it(worlds, name):
    assert all(contact.kind != COLLISION for contact in contacts_of(worlds[name]))


def test_the_junction_has_what_its_first_lines_say(worlds):
    contacts = contacts_of(worlds["junction"])
    assert [(c.first, c.second, c.kind, round(c.begin_ns / SECOND)) for c in contacts] == [
        ("amir", "bea", CONTACT, 4),
        ("fred", "first", NEAR_MISS, 8),
        ("chen", "careful", NEAR_MISS, 14),
        ("gina", "hasty", COLLISION, 21),
        ("dina", "hugo", COLLISION, 30),
    ]
    crossing, braking = [c for c in contacts if c.kind == NEAR_MISS]
    assert crossing.pet_s == pytest.approx(0.7, abs=0.1)
    assert braking.distance_m == pytest.approx(0.5, abs=0.05)
    assert braking.ttc_s < 1.0


def test_people_change_sides_while_two_robots_are_out_of_contact(worlds):
    world = worlds["contact_lost"]
    (outage,) = world.outages
    assert outage.robots == ("r3", "r4")
    assert outage.end_s - outage.start_s == 30
    assert outage.end_s < world.duration_s - 10  # time to find together again
    ends = np.array([outage.start_s, outage.end_s])
    sides = {person.name: np.sign(positions(world, person.name, ends)[:, 0]).tolist() for person in world.people}
    assert sides["ola"] == sides["per"] == [-1, 1]
    assert sides["quin"] == [1, -1]
    # there and back
    rut = positions(world, "rut", np.arange(outage.start_s, outage.end_s, 0.1))[:, 0]
    assert rut[0] < 0 < rut.max()
    assert rut[-1] < 0
    assert sides["sam"] == [-1, -1]
    assert sides["tova"] == [1, 1]


def test_distractors_look_alike_and_come_close_in_the_image(worlds):
    world = worlds["distractors"]
    looks = {person.name: person.look for person in world.people}
    assert looks["double_1"] == looks["double_2"] == looks["double_3"] == looks["target"] != looks["other"]
    times = np.arange(0, world.duration_s, 0.1)
    target = columns(world, "target", times)
    assert 0 <= target.min() <= target.max() < 640  # it never leaves the view
    for double in ("double_1", "double_2", "double_3"):
        # closer than the breadth of a person
        assert np.abs(columns(world, double, times) - target).min() < 15
    # one walks beside it for two seconds
    apart = np.linalg.norm(positions(world, "double_2", times) - positions(world, "target", times), axis=1)
    longest = max((len(list(run)) for near, run in itertools.groupby(apart < 1.5) if near), default=0)
    assert longest >= 20


def test_a_double_hides_the_target_for_a_moment(simulate):
    """Rendered, around the instant at which the first double crosses in front."""
    simulation = simulate(find_world("distractors").read_text())
    view = simulation.views[0]
    times = np.arange(0, 8, 0.05)
    gap = columns(simulation.world, "double_1", times) - columns(simulation.world, "target", times)
    crossing = times[np.abs(gap).argmin()]
    stamps = [round((crossing + step / view.camera.rate) * 1e9) for step in range(-6, 7)]
    target = [next(o for o in simulation.truth(view, stamp) if o.name == "target") for stamp in stamps]
    assert min(target[0].visibility, target[-1].visibility) > 0.98
    hidden = [thing.hidden_by.get("double_1", 0.0) for thing in target]
    assert max(hidden) > 0.7
    assert 2 <= sum(share > 0.2 for share in hidden) <= 10


def test_the_lecturer_leaves_the_narrow_view_and_never_the_wide_one(worlds):
    world = worlds["lecture"]
    narrow, wide = world.robots[0].cameras
    times = np.arange(0, world.duration_s, 0.2)
    inside = columns(world, "lecturer", times, 0)
    inside = (inside >= 0) & (inside < narrow.model.width)
    assert 0.25 < inside.mean() < 0.6
    everywhere = columns(world, "lecturer", times, 1)
    assert 0 <= everywhere.min() <= everywhere.max() < wide.model.width
    # stops, too
    speed = np.linalg.norm(actor(world, "lecturer").trajectory.sample(times)[1], axis=1)
    assert 0.2 < (speed < 0.05).mean() < 0.6


def test_the_walker_leaves_what_a_camera_shows_that_does_not_turn(worlds):
    world = worlds["square"]
    times = np.arange(0, world.duration_s, 0.2)
    camera = world.robots[0].cameras[0]
    across = columns(world, "walker", times)
    assert 0.3 < ((across >= 0) & (across < camera.model.width)).mean() < 0.7
    # behind the pillar, as the camera sees it from its place
    bearing, (x, y) = np.unwrap(np.arctan2(*positions(world, "walker", times).T[::-1])), (9.5, 5.5)
    assert np.count_nonzero(np.diff(np.sign(bearing - np.arctan2(y, x)))) >= 2
    mount = camera.ptz
    assert mount is not None
    assert np.degrees(np.abs(bearing)).max() < mount.pan_limits_deg[1]


def test_the_assistant_crosses_in_front_of_the_lecturer(worlds):
    world = worlds["lecture"]
    times = np.arange(0, world.duration_s, 0.1)
    gap = columns(world, "assistant", times) - columns(world, "lecturer", times)
    inside = np.abs(columns(world, "lecturer", times) - 320) < 320
    changes = np.flatnonzero((np.diff(np.sign(gap)) != 0) & inside[1:])
    assert len(changes) >= 1
    # nearer to the camera, which stands at large x
    assert (
        positions(world, "assistant", times[changes])[:, 0] > positions(world, "lecturer", times[changes])[:, 0]
    ).all()


def test_the_wearers_of_the_flat_are_people_who_meet(worlds):
    world = worlds["flat"]
    kinds = {found.name: found.object_class for found in actors_of(world)}
    assert {kinds[robot.name] for robot in world.robots} == {ObjectClass.PERSON}
    assert {robot.wearer.place for robot in world.robots} == {"head", "chest"}
    times = np.arange(0, world.duration_s, 0.1)
    apart = np.linalg.norm(np.subtract(*(positions(world, robot.name, times) for robot in world.robots)), axis=1)
    # meetings: they come within 1.5 m, and part by 4 m in between
    near = [key for key, _ in itertools.groupby(np.digitize(apart[(apart < 1.5) | (apart > 4)], [1.5])) if key == 0]
    assert len(near) >= 2
    # each visits rooms on both sides of the hall
    for robot in world.robots:
        y = positions(world, robot.name, times)[:, 1]
        assert y.min() < 3.2
        assert y.max() > 5.4


def test_boxes_of_the_fast_world_move_by_more_than_their_width(worlds):
    world = worlds["fast_motion"]
    robot = world.robots[0]
    period_s = 1 / robot.cameras[0].rate
    times = np.arange(0, 6, period_s)
    moved = np.abs(np.diff(columns(world, "racer_1", times)))
    distance = positions(world, "racer_1", times)[:-1, 0] - positions(world, robot.name, times)[:-1, 0]
    # 0.6 m of a rider seen from behind; seen from the side the box is as long as the bicycle
    width = 0.6 * robot.cameras[0].model.matrix[0, 0] / distance
    assert (moved > width).any()


def test_those_who_stop_and_go_do_both(worlds):
    world = worlds["stop_and_go"]
    times = np.arange(0, world.duration_s, 0.1)
    for name in ("ann", "bob", "cleo", "taxi", "r1"):
        speed = np.linalg.norm(actor(world, name).trajectory.sample(times)[1], axis=1)
        assert (speed < 0.05).mean() > 0.1
        assert (speed > 0.5).mean() > 0.2


def test_people_of_the_crossing_change_sides_in_the_image_again_and_again(worlds):
    world = worlds["crossing"]
    times = np.arange(0, world.duration_s, 0.1)
    sides = {person.name: columns(world, person.name, times) for person in world.people}
    crossings = sum(
        int((np.diff(np.sign(sides[first] - sides[second])) != 0).sum())
        for first, second in itertools.combinations(sides, 2)
    )
    assert crossings >= 15
