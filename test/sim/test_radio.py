"""Which robots hear each other."""

from __future__ import annotations

import pytest

from mobinet.errors import InputError
from mobinet.sim.actors import actors_of
from mobinet.sim.radio import Radio
from mobinet.sim.world_file import load_world

SECOND = 1_000_000_000
WORLD = """
world_version: 1
duration: 60
outages:
  - {robots: [r3, r4], from: 10, until: 40}
  - {robots: [r4], from: 35, until: 50}
robots:
  r1: {at: [0, 0]}
  r2: {path: [[5, 0], [45, 0]], speed: 1}
  r3: {at: [0, 5]}
  r4: {at: [0, 10]}
"""


def radio_of(tmp_path, text: str) -> Radio:
    path = tmp_path / "world.yaml"
    path.write_text(text)
    world = load_world(path)
    return Radio(world, {actor.name: actor.trajectory for actor in actors_of(world)})


@pytest.mark.parametrize(
    ("first", "second", "time_s", "hears"),
    [
        ("r1", "r2", 20, True),  # both outside the outage
        ("r1", "r3", 9.999, True),
        ("r1", "r3", 10, False),
        ("r3", "r1", 39.999, False),
        ("r3", "r1", 40, True),
        ("r3", "r4", 20, False),  # each for itself, also from one another
        ("r1", "r4", 45, False),  # outages overlap
        ("r1", "r4", 50, True),
        ("r4", "r4", 45, True),  # itself
    ],
)
def test_outages(tmp_path, first, second, time_s, hears):
    assert radio_of(tmp_path, WORLD).in_contact(first, second, round(time_s * SECOND)) is hears


@pytest.mark.parametrize(("time_s", "hears"), [(0, True), (14, True), (16, False)])
def test_robots_out_of_reach_do_not_hear_each_other(tmp_path, time_s, hears):
    radio = radio_of(tmp_path, WORLD + "radio_range: 20\n")
    assert radio.in_contact("r1", "r2", time_s * SECOND) is hears
    assert radio.in_contact("r2", "r1", time_s * SECOND) is hears


def test_an_unknown_robot_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"\(r1, r2, r3, r4\), got 'r9'"):
        radio_of(tmp_path, WORLD).in_contact("r1", "r9", 0)
