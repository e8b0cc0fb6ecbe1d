"""Prints a digest of everything that a world's cameras and robots give, as JSON: WORLD forward|backward.

Run in a process of its own by test_determinism.py. Backward asks for the same in another order, and takes the events in
other portions.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.events import Events
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world_file import load_world

STAMPS_NS = (0, 333_000_000, 1_700_000_000)
EVENTS_UNTIL_NS = 40_000_000
PORTIONS_NS = {"forward": 40_000_000, "backward": 7_000_000}


def bytes_of(value: Any) -> bytes:
    """Every bit of arrays and numbers, in the order of fields and keys."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    if dataclasses.is_dataclass(value):
        return b"".join(bytes_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        return b"".join(bytes_of(item) for pair in value.items() for item in pair)
    if isinstance(value, (tuple, list)):
        return b"".join(map(bytes_of, value))
    return repr(value).encode()


def questions(simulation: Simulation, portion_ns: int) -> dict[str, Callable[[], Any]]:
    """What can be asked of a simulation."""
    asked: dict[str, Callable[[], Any]] = {}
    for stamp in STAMPS_NS:
        for view in simulation.views:
            for ask in (simulation.image, simulation.depth, simulation.truth, simulation.identities):
                asked[f"{view.name} {ask.__name__} {stamp}"] = lambda ask=ask, view=view, stamp=stamp: ask(view, stamp)
        for robot in simulation.world.robots:
            for ask in (
                simulation.odometry, simulation.odom2map, simulation.base2odom, simulation.base_pose,
                simulation.pose_covariance,
            ):  # fmt: skip
                asked[f"{robot.name} {ask.__name__} {stamp}"] = lambda ask=ask, robot=robot, stamp=stamp: ask(
                    robot, stamp
                )
    for view in simulation.views:
        if view.camera.events is not None:
            asked[f"{view.name} events"] = lambda view=view: events_of(simulation, view, portion_ns)
    return asked


def events_of(simulation: Simulation, view: CameraView, portion_ns: int) -> Events:
    camera = EventCamera(simulation, view, view.camera.events)
    ends = [*range(portion_ns, EVENTS_UNTIL_NS, portion_ns), EVENTS_UNTIL_NS]
    return Events.concatenate([camera.advance(end) for end in ends])


def main(world: str, order: str) -> None:
    with Simulation(load_world(Path(world))) as simulation:
        asked = list(questions(simulation, PORTIONS_NS[order]).items())
        if order == "backward":
            asked.reverse()
        print(json.dumps({name: hashlib.sha256(bytes_of(ask())).hexdigest() for name, ask in asked}))


if __name__ == "__main__":
    main(*sys.argv[1:])
