"""Which robots can talk to each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mobinet.errors import InputError
from mobinet.sim.trajectory import Trajectory
from mobinet.sim.world import World


class Radio:
    """Contact between the robots of a world: outages and the reach of their radios, nothing in between.

    Args:
        trajectories: how each robot moves, by name.
    """

    def __init__(self, world: World, trajectories: Mapping[str, Trajectory]) -> None:
        self._world = world
        self._trajectories = {robot.name: trajectories[robot.name] for robot in world.robots}

    def in_contact(self, first: str, second: str, stamp_ns: int) -> bool:
        """Whether two robots hear each other at a time of the world; a robot always hears itself.

        Raises:
            InputError: there is no such robot.
        """
        for name in (first, second):
            if name not in self._trajectories:
                known = ", ".join(self._trajectories)
                raise InputError(f"contact: expected robots of world '{self._world.name}' ({known}), got '{name}'")
        if first == second:
            return True
        time_s = stamp_ns / 1e9
        cut_off = any(
            outage.start_s <= time_s < outage.end_s and (first in outage.robots or second in outage.robots)
            for outage in self._world.outages
        )
        return not cut_off and self._within_range(first, second, stamp_ns)

    def _within_range(self, first: str, second: str, stamp_ns: int) -> bool:
        if self._world.radio_range_m == 0:
            return True
        offset = self._trajectories[first].at(stamp_ns).position - self._trajectories[second].at(stamp_ns).position
        return bool(np.linalg.norm(offset) <= self._world.radio_range_m)
