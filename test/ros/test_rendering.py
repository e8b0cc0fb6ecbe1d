"""A world that is rendered ahead in a thread of its own."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from mobinet.errors import SettingsError
from mobinet.sim.world_file import load_world
from mobinet_ros.simulation.rendering import AHEAD_NS, Rendering
from mobinet_ros.simulation.settings import StreamSettings

SETTINGS = StreamSettings(duration=0.6, rate=5.0, truth=False)


@pytest.fixture
def rendering(sim_world):
    made = []

    def make(loop=False, world=None):
        made.append(Rendering(world or SETTINGS.prepared(load_world(sim_world)), SETTINGS, loop, lambda channel: False))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_nothing_comes_before_it_begins(rendering):
    ahead = rendering()
    assert ahead.latched.channel.name == "/tf_static"
    assert ahead.next(0.3) is None
    assert not ahead.ended
    ahead.begin()
    assert ahead.next(30.0).elapsed_ns == 0


def test_an_instant_stays_until_it_is_dropped(rendering):
    ahead = rendering()
    ahead.begin()
    first = ahead.next(30.0)
    assert ahead.next(30.0) is first
    ahead.drop()
    assert ahead.next(30.0).elapsed_ns > first.elapsed_ns


def test_it_does_not_run_away(rendering):
    """Until the first instant is taken, only what is due soon after it is rendered."""
    ahead = rendering()
    ahead.begin()
    assert ahead.next(30.0) is not None
    count = -1
    while count != len(ahead._ready):  # until no more come
        count = len(ahead._ready)
        threading.Event().wait(0.5)
    assert 0 < ahead._ready[-1].elapsed_ns <= AHEAD_NS


def drain(ahead, count):
    taken = []
    while len(taken) < count and (rendered := ahead.next(30.0)) is not None:
        taken.append(rendered)
        ahead.drop()
    return taken


def test_it_ends(rendering):
    ahead = rendering()
    ahead.begin()
    taken = drain(ahead, 10_000)
    assert ahead.ended
    assert [rendered.elapsed_ns for rendered in taken] == [rendered.instant.world_ns for rendered in taken]
    assert taken[-1].elapsed_ns < 600_000_000


def test_a_loop_begins_again_while_time_goes_on(rendering):
    ahead = rendering(loop=True)
    ahead.begin()
    taken = drain(ahead, 200)
    assert all(a.elapsed_ns < b.elapsed_ns for a, b in pairwise(taken))
    again = next(i for i, (a, b) in enumerate(pairwise(taken)) if b.instant.world_ns < a.instant.world_ns) + 1
    assert taken[again].instant.world_ns == 0
    assert taken[again].elapsed_ns == 600_000_000
    assert [m.channel for m in taken[again].instant.messages] == [m.channel for m in taken[0].instant.messages]


@pytest.mark.parametrize("begin", [False, True])
def test_it_stops_at_any_time(rendering, begin):
    ahead = rendering()
    if begin:
        ahead.begin()
        assert ahead.next(30.0) is not None
    ahead.stop()
    drain(ahead, 10_000)
    assert ahead.ended


def test_what_cannot_be_rendered_is_refused_at_once(rendering, sim_world):
    world = load_world(sim_world)
    blind = tuple(replace(robot, cameras=()) for robot in world.robots)
    with pytest.raises(SettingsError, match="expected a robot with a camera"):
        rendering(world=replace(world, robots=blind))
