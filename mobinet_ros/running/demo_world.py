"""What a run of a simulated world has beside that of a recording: a truth to be judged against, and an end."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world
from mobinet_ros.rig import Rig
from mobinet_ros.running.summary import ClockSummary
from mobinet_ros.running.truth_summary import TruthSummary
from mobinet_ros.simulation.settings import SimSettings, StreamSettings

START_S = 30.0
"""From the start of the processes to the first image, at most."""
LAST_TICK_S = 0.3
"""Simulated time before a world's end at which it counts as over: its last tick comes a little earlier."""


def truth_of(rig: Rig) -> TruthSummary:
    """Gathers what is judged: the cameras of the rig, and the classes that its detectors look for."""
    wanted = {name for robot in rig.robots for name in robot.stages.get("detector", {}).get("classes", [])}
    cameras = [(robot.name, camera.name) for robot in rig.robots for camera in robot.cameras]
    return TruthSummary(cameras, sorted(wanted))


def require_rendering(rig: Rig) -> None:
    """Draws nothing, but finds out whether it could: before any process is started, not in the log of one.

    Raises:
        MissingDependencyError: no MuJoCo or no EGL; the message says what to install.
    """
    Simulation(load_world(Path(rig.world))).close()


def bounds_of_world(rig: Rig, duration_s: float, clock: ClockSummary) -> dict[str, Any]:
    """When a run ends, as fields of ``RunOptions``: with its world and, where that is slower than time, not much later
    than it was asked to.

    Args:
        duration_s: asked for, 0 for none.
        clock: told the world's time meanwhile.
    """
    known = {field.name for field in fields(StreamSettings)}
    settings = StreamSettings(**{name: value for name, value in rig.sim.items() if name in known})
    end_ns = settings.start_ns + round((settings.duration_of(load_world(Path(rig.world))) - LAST_TICK_S) * 1e9)
    loops = bool(rig.sim.get("loop", False))
    speed = float(rig.sim.get("speed", SimSettings().speed)) or 1.0
    return {
        "duration_s": duration_s / speed + START_S if duration_s else 0.0,
        "ended": lambda: not loops and clock.newest[0] >= end_ns,
    }
